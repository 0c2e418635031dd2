"""Random numbers: the same for the same key on every backend.

The literals come from `Generator(Philox(SeedSequence(seed, spawn_key=branch)))` of `numpy.random`, run once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers

UNIFORM_7 = [0.46881748695593284, 0.42614583623918467, 0.3629817008336008, 0.23735390900821418]
UNIFORM_7_BRANCH_1 = [0.27499624951633417, 0.890933072662108, 0.26646541261737866, 0.28406342666833606]
UNIFORM_7_BRANCH_1_0 = [0.36478510483227833, 0.3447651268239035, 0.509148454513884, 6.16551958401157e-05]
NORMAL_7 = [-1.4035643350339762, 0.8484195143593849, 1.3086802652913172, -1.2232638292156024]
NORMAL_7_BRANCH_0 = [0.15804250808871675, 0.7415457485377479, -1.693554912963928, -1.4037299497921005]


def exactly(backend: ArrayBackend, actual: Any, expected: Any) -> None:
    """Expect these numbers to the last bit, rounded once where the type in force is single."""
    name = backend.dtype(actual)
    expect.close(backend, actual, np.asarray(expected, name), tolerance=0.0)


@covers("random_key", "random_uniform")
@pytest.mark.usefixtures("precision")
def test_a_seed_gives_the_uniform_numbers_of_philox(backend: ArrayBackend) -> None:
    exactly(backend, backend.random_uniform(backend.random_key(7), (4,)), UNIFORM_7)


@covers("random_key", "random_normal")
@pytest.mark.usefixtures("precision")
def test_a_seed_gives_the_normal_numbers_of_philox(backend: ArrayBackend) -> None:
    exactly(backend, backend.random_normal(backend.random_key(7), (4,)), NORMAL_7)


@covers("random_uniform", "random_normal")
def test_numbers_fill_a_shape_with_the_last_axis_fastest(backend: ArrayBackend) -> None:
    key = backend.random_key(7)
    exactly(backend, backend.random_uniform(key, (2, 2)), [UNIFORM_7[:2], UNIFORM_7[2:]])
    exactly(backend, backend.random_normal(key, (2, 2)), [NORMAL_7[:2], NORMAL_7[2:]])
    exactly(backend, backend.random_uniform(key, ()), UNIFORM_7[0])


@covers("random_key", "random_uniform")
def test_the_same_key_gives_the_same_numbers_each_time(backend: ArrayBackend) -> None:
    key = backend.random_key(7)
    exactly(backend, backend.random_uniform(key, (2,)), UNIFORM_7[:2])
    exactly(backend, backend.random_uniform(key, (2,)), UNIFORM_7[:2])
    assert key == backend.random_key(7)


@covers("random_split")
def test_split_keys_have_streams_of_their_own(backend: ArrayBackend) -> None:
    keys = backend.random_split(backend.random_key(7), 2)
    assert len(keys) == 2
    exactly(backend, backend.random_normal(keys[0], (4,)), NORMAL_7_BRANCH_0)
    exactly(backend, backend.random_uniform(keys[1], (4,)), UNIFORM_7_BRANCH_1)
    exactly(backend, backend.random_uniform(backend.random_split(keys[1], 1)[0], (4,)), UNIFORM_7_BRANCH_1_0)


@covers("random_uniform", "random_normal")
@pytest.mark.double_precision
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_numbers_have_the_type_that_was_asked_for(backend: ArrayBackend, dtype: str) -> None:
    key = backend.random_key(7)
    expected = np.asarray(UNIFORM_7, dtype)
    expect.close(backend, backend.random_uniform(key, (4,), dtype=dtype), expected, dtype=dtype, tolerance=0.0)
    expected = np.asarray(NORMAL_7, dtype)
    expect.close(backend, backend.random_normal(key, (4,), dtype=dtype), expected, dtype=dtype, tolerance=0.0)


@covers("random_key")
def test_no_seed_takes_a_new_one_each_time(backend: ArrayBackend) -> None:
    assert backend.random_key(None) != backend.random_key(None)


@covers("random_key")
def test_a_seed_that_is_no_integer_of_zero_or_more_is_refused(backend: ArrayBackend) -> None:
    with expect.refusal(InvalidValueError, "-1"):
        backend.random_key(-1)
    for seed in (1.5, "7", True):
        with expect.refusal(InvalidTypeError, repr(seed)):
            backend.random_key(seed)  # type: ignore[arg-type]

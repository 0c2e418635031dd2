"""Element types: naming them, asking for them, and converting between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ketgrad.errors import InvalidTypeError
from ketgrad.precision import use_precision
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

TYPES = ["float32", "float64", "complex64", "complex128"]
FORMS: dict[str, Callable[[ArrayBackend, str], Any]] = {
    "string": lambda backend, name: name,
    "NumPy dtype": lambda backend, name: np.dtype(name),
    "NumPy class": lambda backend, name: getattr(np, name),
    "native": lambda backend, name: getattr(backend, name),
}
every_form = pytest.mark.parametrize("form", FORMS)
every_type = pytest.mark.parametrize("name", TYPES)


@covers("dtype", "asarray", "array", "zeros", "float32", "float64", "complex64", "complex128")
@pytest.mark.double_precision
@every_form
@every_type
def test_a_type_is_heeded_in_whatever_form_it_is_given(backend: ArrayBackend, form: str, name: str) -> None:
    dtype = FORMS[form](backend, name)
    expect.close(backend, backend.asarray([1, 2], dtype=dtype), [1, 2], dtype=name)
    expect.close(backend, backend.array([1, 2], dtype=dtype), [1, 2], dtype=name)
    expect.close(backend, backend.zeros((2,), dtype=dtype), [0, 0], dtype=name)
    expect.close(backend, backend.astype(backend.asarray([1, 2]), dtype), [1, 2], dtype=name)


@covers("dtype")
@pytest.mark.double_precision
@pytest.mark.parametrize("name", [*TYPES, "int32", "int64"])
def test_dtype_names_a_type_with_a_plain_string(backend: ArrayBackend, name: str) -> None:
    found = backend.dtype(backend.asarray(np.zeros(2, name)))
    assert type(found) is str
    assert found == name


@covers("astype", "asarray", "zeros")
def test_an_unknown_type_is_refused_by_name(backend: ArrayBackend) -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: backend.asarray([1.0], dtype="float99"),
        lambda: backend.zeros((1,), dtype="float99"),
        lambda: backend.astype(backend.asarray([1.0]), "float99"),
    ]
    for attempt in attempts:
        with expect.refusal(InvalidTypeError, "float99"):
            attempt()


@covers("asarray", "zeros")
@pytest.mark.double_precision
def test_single_precision_holds_inside_its_block_alone(backend: ArrayBackend) -> None:
    with use_precision("single"):
        expect.close(backend, backend.asarray(0.1), np.float32(0.1), dtype="float32", tolerance=0.0)
        expect.close(backend, backend.asarray(0.1j), np.complex64(0.1j), dtype="complex64", tolerance=0.0)
        assert backend.dtype(backend.zeros((1,))) == "float32"
    expect.close(backend, backend.asarray(0.1), 0.1, dtype="float64", tolerance=0.0)


@covers("astype")
@pytest.mark.double_precision
@pytest.mark.parametrize("target", TYPES)
@pytest.mark.parametrize("source", ["float32", "float64"])
def test_a_conversion_keeps_real_values(backend: ArrayBackend, source: str, target: str) -> None:
    expect.close(backend, backend.astype(backend.asarray([0.5, -2.0], dtype=source), target), [0.5, -2.0], dtype=target)


@covers("astype")
@requires("autodiff")
@pytest.mark.double_precision
@pytest.mark.parametrize("target", TYPES)
@pytest.mark.parametrize("source", ["float32", "float64"])
def test_the_gradient_of_a_conversion_comes_back_in_the_type_that_was_given(
    backend: ArrayBackend, source: str, target: str
) -> None:
    leaf = backend.asarray([0.5, -2.0], dtype=source)
    cotangent = [3.0, -1.0 + 2.0j] if target.startswith("complex") else [3.0, -1.0]
    expect.pullback(
        backend, lambda x: backend.astype(x, target), [leaf], [0.5, -2.0], cotangent, [[3.0, -1.0]], dtype=target
    )


@covers("astype")
@requires("complex-autodiff")
@pytest.mark.double_precision
@pytest.mark.parametrize(("source", "target"), [("complex128", "complex64"), ("complex64", "complex128")])
def test_a_conversion_between_complex_types_keeps_the_imaginary_part(
    backend: ArrayBackend, source: str, target: str
) -> None:
    leaf = backend.asarray([0.5 - 2.0j, 1.0j], dtype=source)
    value, cotangent = [0.5 - 2.0j, 1.0j], [1.0 + 2.0j, 3.0]
    expect.pullback(backend, lambda z: backend.astype(z, target), [leaf], value, cotangent, [cotangent], dtype=target)


@covers("astype")
def test_integers_convert_to_the_types_of_numbers(backend: ArrayBackend) -> None:
    expect.close(backend, backend.astype(backend.asarray([1, -2]), "complex64"), [1, -2], dtype="complex64")
    expect.close(backend, backend.astype(backend.asarray([1, -2]), "float32"), [1, -2], dtype="float32")

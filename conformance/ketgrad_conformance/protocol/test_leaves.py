"""`requires_grad` and `detach`: where gradients begin, and where they end."""

from __future__ import annotations

import pytest

from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires


@covers("requires_grad")
@pytest.mark.usefixtures("precision")
def test_a_leaf_has_the_values_it_was_made_of(backend: ArrayBackend) -> None:
    expect.close(backend, backend.requires_grad(backend.asarray([1.0, 2.0])), [1.0, 2.0])
    expect.close(backend, backend.requires_grad([1.0, 2.0]), [1.0, 2.0])


@covers("requires_grad")
@pytest.mark.double_precision
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_a_leaf_has_the_type_it_was_made_of(backend: ArrayBackend, dtype: str) -> None:
    expect.close(backend, backend.requires_grad(backend.asarray([1.0], dtype=dtype)), [1.0], dtype=dtype)


@covers("requires_grad")
def test_a_leaf_stays_itself(backend: ArrayBackend) -> None:
    leaf = backend.requires_grad([1.0, 2.0])
    assert backend.requires_grad(leaf) is leaf


@covers("requires_grad", "asarray")
def test_a_leaf_passes_through_asarray(backend: ArrayBackend) -> None:
    expect.close(backend, backend.asarray(backend.requires_grad([1.0, 2.0])), [1.0, 2.0])


@covers("requires_grad", "value_and_grad")
def test_a_leaf_is_differentiated(backend: ArrayBackend) -> None:
    leaf = backend.requires_grad([1.0, 2.0])
    value, gradient = expect.value_and_grad(backend, lambda x: backend.sum(x * x), leaf)
    expect.close(backend, value, 5.0)
    expect.close(backend, gradient, [2.0, 4.0], tolerance=expect.derivative_tolerance(backend))


@covers("detach")
@pytest.mark.usefixtures("precision")
def test_detach_keeps_the_values(backend: ArrayBackend) -> None:
    expect.close(backend, backend.detach(backend.asarray([1.0, 2.0])), [1.0, 2.0])
    expect.close(backend, backend.detach(backend.requires_grad([1.0, 2.0])), [1.0, 2.0])


@covers("detach", "vjp")
@requires("autodiff")
def test_no_gradient_flows_through_detach(backend: ArrayBackend) -> None:
    leaf = backend.asarray([3.0, -2.0])
    expect.pullback(
        backend, lambda x: backend.detach(x) * x, [leaf], [9.0, 4.0], [1.0, 10.0], [[3.0, -20.0]],
        dtype=backend.dtype(leaf),
    )  # fmt: skip


@covers("detach", "vjp")
@requires("autodiff")
def test_a_detached_leaf_has_no_gradient_rather_than_zeros(backend: ArrayBackend) -> None:
    leaves = [backend.asarray(3.0), backend.asarray(2.0)]
    _, _, pull = backend.vjp(lambda x, y: (x * backend.detach(y), None), leaves)
    by_x, by_y = pull(backend.asarray(1.0))
    expect.close(backend, by_x, 2.0)
    assert by_y is None

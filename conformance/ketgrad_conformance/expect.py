"""What tests expect, said once: each of these asserts, and each is tested to fail."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import pytest

from ketgrad.errors import GradientFallbackWarning
from ketgrad.precision import real_type
from ketgrad.protocol import Array, ArrayBackend, Capability

TOLERANCE = {"float64": 1e-12, "complex128": 1e-12, "float32": 1e-5, "complex64": 1e-5, "int32": 0.0, "int64": 0.0}
FINITE_DIFFERENCE_TOLERANCE = 1e-8


def close(
    backend: ArrayBackend, actual: Array, expected: Any, *, dtype: str | None = None, tolerance: float | None = None
) -> None:
    """Expect a native array with these values and their shape.

    Parameters
    ----------
    backend
        The backend whose array it must be.
    actual
        What was got.
    expected
        A number, or nested lists of numbers: literals or closed forms.
    dtype
        The type that its elements must have; by default the real type in force.
    tolerance
        The error allowed, relative to 1 + |expected|; by default what the type can keep.
    """
    assert backend.is_array(actual), f"expected an array of {backend.name}, got a {_kind(actual)}"
    wanted = dtype or real_type()
    assert backend.dtype(actual) == wanted, f"expected {wanted}, got {backend.dtype(actual)}"
    shape = tuple(int(length) for length in actual.shape)
    assert shape == np.shape(expected), f"expected shape {np.shape(expected)}, got {shape}"
    near(backend.to_numpy(actual), expected, TOLERANCE[wanted] if tolerance is None else tolerance)


def near(actual: Any, expected: Any, tolerance: float) -> None:
    """Expect numbers within a tolerance, relative to 1 + |expected|."""
    assert np.shape(actual) == np.shape(expected), f"expected shape {np.shape(expected)}, got {np.shape(actual)}"
    error = np.abs(np.asarray(actual) - np.asarray(expected)) / (1 + np.abs(np.asarray(expected)))
    assert bool(np.all(error <= tolerance)), f"expected {expected} within {tolerance}, got {actual}"


def forward_and_backward(
    backend: ArrayBackend,
    function: Callable[..., Array],
    inputs: Sequence[Any],
    value: Any,
    gradients: Sequence[Any],
    *,
    dtype: str | None = None,
) -> None:
    """Expect a value of a function of real arrays, and its gradient by each.

    Parameters
    ----------
    function
        Takes as many arrays as there are inputs, and returns one array.
    inputs
        Real numbers, or nested lists of them.
    value
        What the function must return.
    gradients
        The gradient by each input of Σ_k (k+1)·value_k, k counting the value's elements with the last axis fastest; of
        the real part of that where the value is complex.
    dtype
        The type of the value, by default the real one in force.
    """
    arrays = [backend.asarray(entry, dtype=real_type()) for entry in inputs]
    close(backend, function(*arrays), value, dtype=dtype)
    weights = backend.asarray(ramp(np.shape(value)), dtype=dtype or real_type())

    def weighted(*leaves: Array) -> Array:
        result = function(*leaves)
        # Finite differences call with leaves in double precision, whatever was given.
        return backend.real(backend.sum(backend.astype(weights, backend.dtype(result)) * result))

    _, found = value_and_grad(backend, weighted, *arrays, argnums=tuple(range(len(arrays))))
    for actual, expected in zip(found, gradients, strict=True):
        close(backend, actual, expected, tolerance=derivative_tolerance(backend))


def pullback(
    backend: ArrayBackend,
    function: Callable[..., Array],
    inputs: Sequence[Array],
    value: Any,
    cotangent: Any,
    gradients: Sequence[Any],
    *,
    dtype: str,
) -> None:
    """Expect a value of a function of native arrays, and what `vjp` pulls a cotangent back to.

    Gradients are expected in the types of the inputs; `dtype` is the value's, and the cotangent's.
    """
    result, _, pull = backend.vjp(lambda *leaves: (function(*leaves), None), inputs)
    close(backend, result, value, dtype=dtype)
    found = pull(backend.asarray(cotangent, dtype=dtype))
    for leaf, actual, expected in zip(inputs, found, gradients, strict=True):
        close(backend, actual, expected, dtype=backend.dtype(leaf))


def value_and_grad(backend: ArrayBackend, function: Callable[..., Any], *args: Any, **options: Any) -> tuple[Any, Any]:
    """Differentiate; expect the warning of finite differences where there is no automatic differentiation."""
    with differentiation(backend):
        return backend.value_and_grad(function, **options)(*args)


def differentiation(backend: ArrayBackend) -> AbstractContextManager[Any]:
    """Expect a block to warn of finite differences exactly where the backend has nothing better."""
    return nullcontext() if Capability.AUTODIFF in backend.capabilities else fallback_warning()


@contextmanager
def fallback_warning(*words: str) -> Iterator[None]:
    """Expect one warning of finite differences, with these words in it; an exception comes through."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GradientFallbackWarning)
        yield
    texts = [str(entry.message) for entry in caught if issubclass(entry.category, GradientFallbackWarning)]
    assert len(texts) == 1, f"expected one GradientFallbackWarning, got {texts}"
    _contains(texts[0], words)


def derivative_tolerance(backend: ArrayBackend) -> float | None:
    """Return the error to allow in a first derivative; None for that of the type."""
    if Capability.AUTODIFF in backend.capabilities or real_type() == "float32":
        return None
    return FINITE_DIFFERENCE_TOLERANCE


@contextmanager
def refusal(error: type[Exception] | tuple[type[Exception], ...], *words: str) -> Iterator[None]:
    """Expect an error that says in one sentence what is wrong, with these words in it."""
    with pytest.raises(error) as caught:
        yield
    text = str(caught.value)
    assert text.strip(), "the error says nothing"
    assert "\n" not in text, f"expected one sentence, got {text!r}"
    _contains(text, words)


@contextmanager
def some_error() -> Iterator[None]:
    """Expect an exception of any kind: one of ketgrad, or the framework's own."""
    try:
        yield
    except Exception:  # noqa: BLE001 - the frameworks have no common error for what they can't do
        return
    raise AssertionError("expected an error, but it went through")


def ramp(shape: Sequence[int]) -> Any:
    """Return 1, 2, 3, … in a shape, the last axis fastest: numbers that show a wrong order."""
    return np.arange(1.0, 1.0 + np.prod(shape, dtype=int)).reshape(shape).tolist()


def _contains(text: str, words: Sequence[str]) -> None:
    absent = [word for word in words if word not in text]
    assert not absent, f"expected {absent} in {text!r}"


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__name__}"

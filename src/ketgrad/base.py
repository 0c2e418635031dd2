"""What every backend does in the same way: the two-path derivative, random numbers, and taking values in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ketgrad import randomness
from ketgrad.differentiate import dual_path
from ketgrad.errors import GradientError, InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.precision import COMPLEX_TYPES, complex_type, real_type, type_name
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Fallback
from ketgrad.randomness import Key


class BackendBase:
    """Members of `ArrayBackend` that need nothing of the framework; a backend may derive from it and add the rest."""

    def value_and_grad(
        self: ArrayBackend,
        function: Callable[..., Any],
        /,
        argnums: int | Sequence[int] = 0,
        *,
        has_aux: bool = False,
        fallback: Fallback = "finite-diff",
    ) -> Callable[..., tuple[Any, Any]]:
        return dual_path.value_and_grad(self, function, argnums, has_aux=has_aux, fallback=fallback)

    def fold(self: ArrayBackend, step: Callable[..., Array], start: Array, arrays: Sequence[Array], /) -> Array:
        """Run the steps one by one."""
        result = start
        for index in range(arrays[0].shape[0]):
            result = step(result, *(self.take(array, index, axis=0) for array in arrays))
        return result

    def custom_gradient(
        self, function: Callable[..., Array], pullback: Callable[[Sequence[Array], Array], Sequence[Array]], /
    ) -> Callable[..., Array]:
        """Return the function itself, for a backend that differentiates nothing."""
        return function

    def random_key(self, seed: int | None, /) -> Key:
        return randomness.random_key(seed)

    def random_split(self, key: Key, count: int, /) -> tuple[Key, ...]:
        return key.split(count)

    def random_uniform(self: ArrayBackend, key: Key, shape: Sequence[int], /, *, dtype: Any = None) -> Array:
        return self.asarray(randomness.uniform(key, tuple(shape)), dtype=dtype or real_type())

    def random_normal(self: ArrayBackend, key: Key, shape: Sequence[int], /, *, dtype: Any = None) -> Array:
        return self.asarray(randomness.normal(key, tuple(shape)), dtype=dtype or real_type())


def take_in(backend: ArrayBackend, value: Any, dtype: Any) -> tuple[Any, str]:
    """Return a value as an array of the backend or of NumPy, with the type that it shall have.

    Arrays keep their type unless one is named. Python numbers take the precision in force. A list that holds
    arrays of the backend is stacked, so that no element leaves the graph.
    """
    wanted = None if dtype is None else type_name(dtype)
    if backend.is_array(value):
        return value, wanted or type_name(backend.dtype(value))
    arrays = _arrays_in(backend, value)
    if arrays:
        dtype = wanted or np.result_type(*_types_in(backend, value)).name
        return _stack(backend, value, dtype, backend.device(arrays[0])), dtype
    array = _plain(backend, value)
    is_typed = isinstance(value, np.ndarray | np.generic) and array.dtype != np.bool_
    return array, wanted or (type_name(array.dtype) if is_typed else _default_type(array))


def checked_array(backend: ArrayBackend, value: Any) -> Any:
    """Return an array of the backend or of NumPy as it is, and refuse what is neither."""
    if isinstance(value, np.ndarray | np.generic) or backend.is_array(value):
        return value
    raise InvalidTypeError(
        f"got {_described(value)} where an array of the {backend.name} backend, or of NumPy, is due; numbers become "
        "one by asarray"
    )


def _arrays_in(backend: ArrayBackend, value: Any) -> list[Array]:
    if isinstance(value, list | tuple):
        return [array for item in value for array in _arrays_in(backend, item)]
    return [value] if backend.is_array(value) else []


def _types_in(backend: ArrayBackend, value: Any) -> list[Any]:
    """Return the types of arrays and, for NumPy's rules of promotion, Python numbers as they are."""
    if isinstance(value, list | tuple):
        return [kind for item in value for kind in _types_in(backend, item)]
    if backend.is_array(value):
        return [backend.dtype(value)]
    return [value if isinstance(value, int | float | complex) else _plain(backend, value).dtype]


def _stack(backend: ArrayBackend, value: Any, dtype: str, device: str | None) -> Array:
    if isinstance(value, list | tuple):
        return backend.stack([_stack(backend, item, dtype, device) for item in value])
    return backend.asarray(value, dtype=dtype, device=None if backend.is_array(value) else device)


def _plain(backend: ArrayBackend, value: Any) -> Any:
    if not _is_plain(value):
        raise InvalidTypeError(
            f"got {_describe(value)}, but the backend in force is {backend.name}; give its own arrays, NumPy arrays, "
            "numbers, or lists of these, or choose another backend with kg.set_backend"
        )
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InvalidValueError(f"got a nested list whose rows differ in length: {value!r}") from error


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biufc"
    return isinstance(value, int | float | complex)


def _describe(value: Any) -> str:
    if isinstance(value, list | tuple):
        return next((_describe(item) for item in value if not _is_plain(item)), type(value).__name__)
    return _described(value)


def _described(value: Any) -> str:
    kind = type(value)
    detail = f" of {value.dtype}" if isinstance(value, np.ndarray | np.generic) else ""
    return f"a {kind.__module__.partition('.')[0]}.{kind.__name__}{detail}"


def _default_type(array: Any) -> str:
    if array.dtype.kind in "biu":
        return "int64"
    return complex_type() if array.dtype.kind == "c" else real_type()


def require_cpu(backend: ArrayBackend, device: str | None) -> None:
    """Refuse a device other than the processor, for a backend that knows no other."""
    if device not in (None, "cpu"):
        raise UnsupportedError(
            f'device {device!r} was asked for, but the {backend.name} backend has only "cpu"; leave device out, or '
            "choose another backend with kg.set_backend"
        )


def differentiable(backward: Callable[..., Sequence[Any]] | str) -> Callable[..., Sequence[Any]]:
    """Return the backward of a host function, or raise the sentence that stands in its place."""
    if isinstance(backward, str):
        raise GradientError(backward)
    return backward


def host_result(result: Any, spec: ArraySpec) -> Any:
    """Return what a host function computed as a NumPy array of the type and shape that it announced."""
    given = np.asarray(result)
    if given.dtype.kind == "c" and spec.dtype not in COMPLEX_TYPES:
        raise InvalidTypeError(f"a host function returned complex numbers, but announced {spec.dtype}")
    array = np.array(given, spec.dtype)  # of its own: the function may keep what it returned
    if array.shape != tuple(spec.shape):
        raise InvalidValueError(
            f"a host function returned an array of shape {array.shape}, but announced {tuple(spec.shape)}"
        )
    return array


def host_gradients(gradients: Any, inputs: Sequence[Any]) -> list[Any]:
    """Return the gradients of a host function as NumPy arrays of the shapes and types of its inputs."""
    found = list(gradients) if isinstance(gradients, list | tuple) else []
    if len(found) != len(inputs) or any(np.shape(g) != x.shape for g, x in zip(found, inputs, strict=True)):
        shapes = [np.shape(gradient) for gradient in found] or type(gradients).__name__
        raise InvalidValueError(
            f"the backward of a host function returned {shapes}; return a list with a gradient of each input's shape, "
            f"{[x.shape for x in inputs]}"
        )
    specs = [ArraySpec(x.shape, x.dtype.name) for x in inputs]
    return [host_result(gradient, spec) for gradient, spec in zip(found, specs, strict=True)]


def check_conversion(given: str, wanted: str) -> None:
    """Refuse to turn complex numbers into real ones, which would drop their imaginary part."""
    if given in COMPLEX_TYPES and wanted not in COMPLEX_TYPES:
        raise InvalidTypeError(f"got {given} where {wanted} is due; take the real part with kg.backend.real first")

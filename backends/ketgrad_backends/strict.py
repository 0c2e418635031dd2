"""An opaque array over NumPy that has the protocol's operations and no other.

What runs on this backend uses the protocol alone. Its arrays refuse everything else: indexing, methods, conversion by
NumPy, operators between different types.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ketgrad.base import BackendBase, check_conversion, require_cpu, take_in
from ketgrad.batching import loop_vmap
from ketgrad.errors import InvalidTypeError, UnsupportedError
from ketgrad.precision import COMPLEX_TYPES, real_type, type_name
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability, InAxes, Pullback


class StrictArray:
    """Values that only `StrictBackend` opens."""

    __slots__ = ("_values",)
    __array_ufunc__ = None

    def __init__(self, values: Any) -> None:
        self._values = values

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._values.shape)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise InvalidTypeError("a strict array gives its values to to_numpy alone")

    def __bool__(self) -> bool:
        raise InvalidTypeError("a strict array has no truth value; the protocol has no branches on values")

    def __add__(self, other: Any) -> StrictArray:
        return _combine(operator.add, self, other)

    def __radd__(self, other: Any) -> StrictArray:
        return _combine(operator.add, other, self)

    def __sub__(self, other: Any) -> StrictArray:
        return _combine(operator.sub, self, other)

    def __rsub__(self, other: Any) -> StrictArray:
        return _combine(operator.sub, other, self)

    def __mul__(self, other: Any) -> StrictArray:
        return _combine(operator.mul, self, other)

    def __rmul__(self, other: Any) -> StrictArray:
        return _combine(operator.mul, other, self)

    def __truediv__(self, other: Any) -> StrictArray:
        return _combine(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> StrictArray:
        return _combine(operator.truediv, other, self)

    def __neg__(self) -> StrictArray:
        return StrictArray(-self._values)


class StrictBackend(BackendBase):
    """Strict arrays: loops for vmap, finite differences for gradients."""

    name = "strict"
    library_version = np.__version__
    capabilities = frozenset({Capability.VMAP, Capability.JIT, Capability.LINEAR_ALGEBRA})
    float32, float64 = np.dtype("float32"), np.dtype("float64")
    complex64, complex128 = np.dtype("complex64"), np.dtype("complex128")

    def devices(self) -> tuple[str, ...]:
        return ("cpu",)

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        return StrictArray(np.array(_open(self.asarray(value, dtype=dtype, device=device))))

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        require_cpu(self, device)
        taken, wanted = take_in(self, value, dtype)
        if isinstance(taken, StrictArray):
            return taken if self.dtype(taken) == wanted else self.astype(taken, wanted)
        check_conversion(taken.dtype.name, wanted)
        return StrictArray(taken.astype(wanted))

    def to_numpy(self, array: Array, /) -> Any:
        return np.array(array if isinstance(array, np.ndarray | np.generic) else _open(array))

    def is_array(self, value: Any, /) -> bool:
        return isinstance(value, StrictArray)

    def is_concrete(self, array: Array, /) -> bool:
        return True

    def dtype(self, array: Array, /) -> str:
        return str(_open(array).dtype)

    def device(self, array: Array, /) -> str | None:
        return "cpu"

    def astype(self, array: Array, dtype: Any, /) -> Array:
        wanted = type_name(dtype)
        check_conversion(self.dtype(array), wanted)
        return StrictArray(_open(array).astype(wanted))

    def zeros(self, shape: Sequence[int], /, *, dtype: Any = None, device: str | None = None) -> Array:
        require_cpu(self, device)
        return StrictArray(np.zeros(tuple(shape), type_name(dtype or real_type())))

    def reshape(self, array: Array, shape: Sequence[int], /) -> Array:
        return StrictArray(_open(array).reshape(tuple(shape)))

    def transpose(self, array: Array, axes: Sequence[int], /) -> Array:
        return StrictArray(_open(array).transpose(tuple(axes)))

    def stack(self, arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
        return StrictArray(np.stack(_open_alike(arrays), axis=axis))

    def take(self, array: Array, indices: Any, /, *, axis: int) -> Array:
        return StrictArray(np.asarray(np.take(_open(array), indices, axis=axis)))

    def einsum(self, subscripts: str, /, *arrays: Array) -> Array:
        return StrictArray(np.asarray(np.einsum(subscripts, *_open_alike(arrays))))

    def matmul(self, left: Array, right: Array, /) -> Array:
        return StrictArray(np.matmul(*_open_alike((left, right))))

    def conj(self, array: Array, /) -> Array:
        return StrictArray(np.conj(_open(array)))

    def real(self, array: Array, /) -> Array:
        return StrictArray(np.array(np.real(_open(array))))

    def imag(self, array: Array, /) -> Array:
        if self.dtype(array) not in COMPLEX_TYPES:
            raise InvalidTypeError("imag takes a complex array")
        return StrictArray(np.array(np.imag(_open(array))))

    def exp(self, array: Array, /) -> Array:
        return StrictArray(np.exp(_open(array)))

    def sin(self, array: Array, /) -> Array:
        return StrictArray(np.sin(_open(array)))

    def cos(self, array: Array, /) -> Array:
        return StrictArray(np.cos(_open(array)))

    def sqrt(self, array: Array, /) -> Array:
        return StrictArray(np.sqrt(_open(array)))

    def log(self, array: Array, /) -> Array:
        return StrictArray(np.log(_open(array)))

    def abs(self, array: Array, /) -> Array:
        return StrictArray(np.abs(_open(array)))

    def sum(self, array: Array, /, *, axis: int | None = None) -> Array:
        return StrictArray(np.asarray(np.sum(_open(array), axis=axis)))

    def eigh(self, matrix: Array, /) -> tuple[Array, Array]:
        values, vectors = np.linalg.eigh(_open(matrix))
        return StrictArray(values), StrictArray(vectors)

    def solve(self, matrix: Array, right: Array, /) -> Array:
        return StrictArray(np.linalg.solve(*_open_alike((matrix, right))))

    def requires_grad(self, array: Any, /) -> Array:
        return self.asarray(array)

    def detach(self, array: Array, /) -> Array:
        return array

    def vmap(self, function: Callable[..., Any], /, in_axes: InAxes = 0) -> Callable[..., Any]:
        return loop_vmap(self, function, in_axes)

    def jit(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        """Return the function itself."""
        return function

    def vjp(
        self, function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array], /
    ) -> tuple[Array, Any, Pullback]:
        raise UnsupportedError(
            "the strict backend has no automatic differentiation; use kg.value_and_grad, which takes finite "
            "differences, or another backend"
        )

    def host_function(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Sequence[Any]] | str,
        output: Callable[..., ArraySpec],
        /,
        *,
        is_vectorized: bool = False,
        native: Callable[..., Array] | None = None,
    ) -> Callable[..., Array]:
        raise UnsupportedError(
            "the strict backend makes no differentiable operations from host functions; use another backend"
        )


def _open(array: Any) -> Any:
    if not isinstance(array, StrictArray):
        raise InvalidTypeError(
            f"a strict operation takes strict arrays, got a {type(array).__name__}; use asarray first"
        )
    return array._values


def _open_alike(arrays: Sequence[Any]) -> list[Any]:
    values = [_open(array) for array in arrays]
    kinds = sorted({str(value.dtype) for value in values})
    if len(kinds) > 1:
        raise InvalidTypeError(f"a strict operation takes arrays of one type, got {' and '.join(kinds)}")
    return values


def _combine(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> StrictArray:
    if isinstance(left, StrictArray) and isinstance(right, StrictArray):
        return StrictArray(np.asarray(operation(*_open_alike((left, right)))))
    if not all(isinstance(value, StrictArray | int | float | complex | np.ndarray) for value in (left, right)):
        return NotImplemented
    array, number = (left, right) if isinstance(left, StrictArray) else (right, left)
    dtype = array._values.dtype
    is_number = isinstance(number, int | float) or (isinstance(number, complex) and dtype.kind == "c")
    if not is_number or isinstance(number, bool | np.generic):
        raise InvalidTypeError(f"a strict array of {dtype} does not combine with {number!r}")
    values = [value._values if isinstance(value, StrictArray) else value for value in (left, right)]
    return StrictArray(np.asarray(operation(*values), dtype))


if TYPE_CHECKING:
    _: type[ArrayBackend] = StrictBackend

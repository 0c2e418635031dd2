"""A backend in under 100 lines of code: NumPy's algebra, a loop for `vmap`, and a refusal for everything else.

Random numbers come from the base class, and so does `value_and_grad`, which takes finite differences.
"""

from typing import Any, NoReturn

import numpy as np

from ketgrad.base import BackendBase, checked_array, require_cpu, take_in
from ketgrad.batching import loop_vmap
from ketgrad.errors import UnsupportedError
from ketgrad.precision import real_type, type_name
from ketgrad.protocol import Capability


def _elementwise(name: str) -> Any:
    def method(self: "MinimalBackend", array: Any, /) -> Any:
        return getattr(np, name)(array)

    return method


class MinimalBackend(BackendBase):
    """NumPy arrays, with nothing but a loop over batches."""

    name = "minimal"
    library_version = np.__version__
    capabilities = frozenset({Capability.VMAP})
    float32, float64, complex64, complex128 = map(np.dtype, ("float32", "float64", "complex64", "complex128"))
    conj, real, imag, abs = map(_elementwise, ("conj", "real", "imag", "abs"))
    exp, sin, cos, sqrt, log = map(_elementwise, ("exp", "sin", "cos", "sqrt", "log"))

    def devices(self) -> tuple[str, ...]:
        return ("cpu",)

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Any:
        return np.array(self.asarray(value, dtype=dtype, device=device))

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Any:
        require_cpu(self, device)
        taken, wanted = take_in(self, value, dtype)
        return self.astype(taken, wanted)

    def to_numpy(self, array: Any, /) -> Any:
        return np.asarray(checked_array(self, array))

    def is_array(self, value: Any, /) -> bool:
        return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iufc"

    def is_concrete(self, array: Any, /) -> bool:
        return True

    def dtype(self, array: Any, /) -> str:
        return str(array.dtype)

    def device(self, array: Any, /) -> str | None:
        return "cpu"

    def astype(self, array: Any, dtype: Any, /) -> Any:
        return array.astype(type_name(dtype), copy=False)

    def zeros(self, shape: Any, /, *, dtype: Any = None, device: str | None = None) -> Any:
        require_cpu(self, device)
        return np.zeros(tuple(shape), type_name(dtype or real_type()))

    def reshape(self, array: Any, shape: Any, /) -> Any:
        return np.reshape(array, tuple(shape))

    def transpose(self, array: Any, axes: Any, /) -> Any:
        return np.transpose(array, tuple(axes))

    def stack(self, arrays: Any, /, *, axis: int = 0) -> Any:
        return np.stack(list(arrays), axis=axis)

    def take(self, array: Any, indices: Any, /, *, axis: int) -> Any:
        return np.take(array, indices, axis=axis)

    def einsum(self, subscripts: str, /, *arrays: Any) -> Any:
        return np.einsum(subscripts, *arrays)

    def matmul(self, left: Any, right: Any, /) -> Any:
        return np.matmul(left, right)

    def sum(self, array: Any, /, *, axis: int | None = None) -> Any:
        return np.sum(array, axis=axis)

    def requires_grad(self, array: Any, /) -> Any:
        return self.asarray(array)

    def detach(self, array: Any, /) -> Any:
        return array

    def vmap(self, function: Any, /, in_axes: Any = 0) -> Any:
        return loop_vmap(self, function, in_axes)

    def eigh(self, matrix: Any, /) -> NoReturn:
        raise _unsupported("eigh")

    def solve(self, matrix: Any, right: Any, /) -> NoReturn:
        raise _unsupported("solve")

    def jit(self, function: Any, /) -> NoReturn:
        raise _unsupported("jit")

    def vjp(self, function: Any, leaves: Any, /) -> NoReturn:
        raise _unsupported("vjp")

    def host_function(
        self, forward: Any, backward: Any, output: Any, /, *, is_vectorized: bool = False, native: Any = None
    ) -> NoReturn:
        raise _unsupported("host_function")


def _unsupported(member: str) -> UnsupportedError:
    return UnsupportedError(f"the minimal backend has no {member}; use the numpy backend instead")

"""Any library that autoray knows and that has no backend of its own: its algebra, loops, finite differences."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import autoray
import numpy as np

from ketgrad.base import check_conversion, checked_array, require_cpu, take_in
from ketgrad.batching import loop_vmap
from ketgrad.errors import MissingFrameworkError, UnknownBackendError, UnsupportedError
from ketgrad.precision import real_type, type_name
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability, InAxes, Pullback
from ketgrad_backends.algebra import AutorayAlgebra


class GenericBackend(AutorayAlgebra):
    """The arrays of one library, named after the colon: `set_backend("autoray:dask")`; NumPy's without."""

    capabilities = frozenset({Capability.VMAP, Capability.JIT, Capability.LINEAR_ALGEBRA})

    def __init__(self, library: str = "numpy") -> None:
        try:
            importlib.import_module(library)
        except ModuleNotFoundError as error:
            raise MissingFrameworkError(
                f"backend 'autoray:{library}' needs {library}, which is not installed; run: pip install {library}",
                name=library,
            ) from error
        super().__init__(library)
        self._check_arrays(library)
        self.library = library
        self.name = f"autoray:{library}"
        self.library_version = _version(library)
        self.float32, self.float64 = self._native("float32"), self._native("float64")
        self.complex64, self.complex128 = self._native("complex64"), self._native("complex128")

    def devices(self) -> tuple[str, ...]:
        return ("cpu",)

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        return self.asarray(value, dtype=dtype, device=device) * 1

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        require_cpu(self, device)
        taken, wanted = take_in(self, value, dtype)
        native = taken if self.is_array(taken) else self.namespace.asarray(np.array(taken))
        return self.astype(native, wanted)

    def to_numpy(self, array: Array, /) -> Any:
        return np.asarray(autoray.to_numpy(checked_array(self, array)))

    def is_array(self, value: Any, /) -> bool:
        is_number = isinstance(value, bool | int | float | complex | str) and not isinstance(value, np.generic)
        return not is_number and autoray.infer_backend(value) == self.library and hasattr(value, "shape")

    def is_concrete(self, array: Array, /) -> bool:
        return True

    def dtype(self, array: Array, /) -> str:
        return autoray.get_dtype_name(array)

    def device(self, array: Array, /) -> str | None:
        return "cpu"

    def astype(self, array: Array, dtype: Any, /) -> Array:
        wanted = type_name(dtype)
        check_conversion(self.dtype(array), wanted)
        return array if self.dtype(array) == wanted else autoray.astype(array, wanted)

    def zeros(self, shape: Sequence[int], /, *, dtype: Any = None, device: str | None = None) -> Array:
        return self.asarray(np.zeros(tuple(shape), type_name(dtype or real_type())), device=device)

    def stack(self, arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
        return self.namespace.stack(list(arrays), axis=axis)

    def take(self, array: Array, indices: Any, /, *, axis: int) -> Array:
        place = axis % len(tuple(array.shape))
        return array[(slice(None),) * place + (indices,)]

    def einsum(self, subscripts: str, /, *arrays: Array) -> Array:
        return self.namespace.einsum(subscripts, *arrays)

    def matmul(self, left: Array, right: Array, /) -> Array:
        return self.namespace.matmul(left, right)

    def sum(self, array: Array, /, *, axis: int | None = None) -> Array:
        return self.namespace.sum(array) if axis is None else self.namespace.sum(array, axis=axis)

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
            f"the {self.name} backend has no automatic differentiation; use kg.value_and_grad, which takes finite "
            "differences, or a backend of its own such as pytorch"
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
            f"the {self.name} backend makes no differentiable operations from host functions; use a backend of its "
            "own such as numpy"
        )

    def _check_arrays(self, library: str) -> None:
        try:
            autoray.to_numpy(self.namespace.asarray(np.zeros(1)))
        except (ImportError, AttributeError) as error:
            raise UnknownBackendError(
                f"backend 'autoray:{library}' is not known: autoray finds no arrays in {library}; name an array library"
            ) from error

    def _native(self, dtype: str) -> Any:
        return self.namespace.asarray(np.zeros(1, dtype)).dtype


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


if TYPE_CHECKING:
    _: type[ArrayBackend] = GenericBackend

"""The algebra in which the frameworks agree, by autoray's translation; what differs each backend writes by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autoray.autoray import AutoNamespace

from ketgrad.base import BackendBase
from ketgrad.protocol import Array


class AutorayAlgebra(BackendBase):
    """Structure and algebra of `ArrayBackend` for a library that autoray knows."""

    def __init__(self, library: str) -> None:
        # A namespace of a fixed library costs a tenth of `autoray.do`, which finds the library at each call. It is made
        # here: up to autoray 0.8 `get_namespace` returns one and the same for every library given by name.
        self.namespace: Any = AutoNamespace(library)

    def reshape(self, array: Array, shape: Sequence[int], /) -> Array:
        return self.namespace.reshape(array, tuple(shape))

    def transpose(self, array: Array, axes: Sequence[int], /) -> Array:
        return self.namespace.transpose(array, tuple(axes))

    def conj(self, array: Array, /) -> Array:
        return self.namespace.conj(array)

    def real(self, array: Array, /) -> Array:
        return self.namespace.real(array)

    def imag(self, array: Array, /) -> Array:
        return self.namespace.imag(array)

    def exp(self, array: Array, /) -> Array:
        return self.namespace.exp(array)

    def sin(self, array: Array, /) -> Array:
        return self.namespace.sin(array)

    def cos(self, array: Array, /) -> Array:
        return self.namespace.cos(array)

    def sqrt(self, array: Array, /) -> Array:
        return self.namespace.sqrt(array)

    def log(self, array: Array, /) -> Array:
        return self.namespace.log(array)

    def abs(self, array: Array, /) -> Array:
        return self.namespace.abs(array)

    def eigh(self, matrix: Array, /) -> tuple[Array, Array]:
        values, vectors = self.namespace.linalg.eigh(matrix)
        # TensorFlow gives the eigenvalues of a complex matrix as complex numbers.
        return self.namespace.real(values), vectors

    def solve(self, matrix: Array, right: Array, /) -> Array:
        return self.namespace.linalg.solve(matrix, right)

"""Parameters in containers as one vector, and back: on the host for what is worked out there, or within a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend


@dataclass(frozen=True)
class Layout:
    """The structure, shapes and types of parameters, whose elements in order make one vector."""

    backend: ArrayBackend
    like: tuple[Array, ...]
    """Arrays of the same shapes, types and devices."""
    rebuild: tree.Rebuild

    @classmethod
    def of(cls, backend: ArrayBackend, x: Any) -> Layout:
        """Return the layout of parameters, native arrays in containers."""
        leaves, _, rebuild = tree.flatten(x)
        return cls(backend, tuple(leaves), rebuild)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._bounds[-1]

    def vector(self, x: Any) -> Any:
        """Return parameters as a float64 vector of NumPy."""
        parts = [np.asarray(self.backend.to_numpy(leaf), "float64").reshape(-1) for leaf in tree.flatten(x)[0]]
        return np.concatenate(parts) if parts else np.zeros(0)

    def parameters(self, vector: Any) -> Any:
        """Return a vector of NumPy as parameters, native arrays."""
        leaves = []
        for (start, stop), leaf in zip(pairwise(self._bounds), self.like, strict=True):
            part = np.asarray(vector[start:stop]).reshape(tuple(leaf.shape))
            leaves.append(self.native(part, leaf))
        return self.rebuild(leaves)

    def within_graph(self, vector: Array) -> Any:
        """Return a native vector as parameters that stay connected to it."""
        backend, leaves = self.backend, []
        for (start, stop), leaf in zip(pairwise(self._bounds), self.like, strict=True):
            part = backend.reshape(backend.take(vector, np.arange(start, stop), axis=0), tuple(leaf.shape))
            leaves.append(backend.astype(part, backend.dtype(leaf)))
        return self.rebuild(leaves)

    def native(self, array: Any, leaf: Array | None = None) -> Array:
        """Return an array of NumPy as a native one, of the type and device of a leaf, by default the first one."""
        model = self.like[0] if leaf is None else leaf
        return constants_like(self.backend, array, model)

    @property
    def _bounds(self) -> Sequence[int]:
        sizes = [math.prod(tuple(leaf.shape)) for leaf in self.like]
        return [0, *np.cumsum(sizes).tolist()]

"""What a circuit function is called with: arrays checked against their declarations, and brought to a common batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.circuit.operations import check_amplitudes
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.placement import as_array
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import Array, ArrayBackend


@dataclass(frozen=True)
class Input:
    """An array that was given, and the shape of one element of its batch."""

    array: Array
    name: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, backend: ArrayBackend, value: Any, name: str, shape: tuple[int, ...], device: str | None) -> Input:
        """Return a real array of the backend, on this device if it was none."""
        native = as_array(backend, value, device)
        if backend.dtype(native) in COMPLEX_TYPES:
            raise InvalidTypeError(f"{name} is complex; give real values")
        return cls(native, name, shape)

    @property
    def batch(self) -> tuple[int, ...]:
        """The axes in front of the element's own."""
        given = known_shape(self.array, self.name)
        split = len(given) - len(self.shape)
        if split < 0 or given[split:] != self.shape:
            raise InvalidValueError(
                f"{self.name} got values of shape {given}; give shape {self.shape}, with batch axes in front if wanted"
            )
        return given[:split]

    def flat(self, backend: ArrayBackend, batch: tuple[int, ...], dtype: str | None = None) -> Array:
        """Return the values of shape (size,), or (batch, size) where there is a batch."""
        array = self.array if dtype is None else backend.astype(self.array, dtype)
        size = math.prod(self.shape)
        flat = backend.reshape(array, (*self.batch, size))
        if not batch:
            return flat
        spread = flat + backend.zeros((*batch, 1), dtype=backend.dtype(flat), device=backend.device(flat))
        return backend.reshape(spread, (math.prod(batch), size))


def known_shape(array: Array, name: str) -> tuple[int, ...]:
    """Return a shape, or refuse one that a graph leaves open."""
    try:
        shape = tuple(array.shape)
    except ValueError:  # TensorFlow's, for a number of axes that is not known
        shape = (None,)
    if None in shape:
        raise UnsupportedError(
            f"the shape of {name} is not known in this graph; give the batch a fixed size, also in an input_signature"
        )
    return shape


def initial_input(backend: ArrayBackend, value: Any, num_qubits: int, device: str | None) -> Input:
    """Return amplitudes to begin with, checked where they can be looked at."""
    native = as_array(backend, value, device)
    if backend.is_concrete(native):
        check_amplitudes(backend.to_numpy(native), "initial_state")
    return Input(native, "initial_state", (1 << num_qubits,))


def common_batch(batches: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the axes that those of all inputs broadcast to."""
    try:
        batch = np.broadcast_shapes(*batches)
    except ValueError as error:
        raise InvalidValueError(f"the batch axes {', '.join(map(str, batches))} do not broadcast") from error
    if math.prod(batch) == 0:
        raise InvalidValueError(f"the batch axes {batch} hold no element; give at least one")
    return batch

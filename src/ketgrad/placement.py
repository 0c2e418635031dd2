"""Where arrays are: constants, and numbers that are given without a place, join the arrays that have one."""

from __future__ import annotations

from typing import Any

from ketgrad.protocol import Array, ArrayBackend


def constants_like(backend: ArrayBackend, values: Any, array: Array) -> Array:
    """Return constants as an array of another's type, on its device."""
    return backend.asarray(values, dtype=backend.dtype(array), device=backend.device(array))


def device_among(backend: ArrayBackend, value: Any) -> str | None:
    """Name the device of the first array in a container that tells it; None where there is none."""
    if backend.is_array(value):
        return backend.device(value)
    if isinstance(value, dict):
        return device_among(backend, list(value.values()))
    if isinstance(value, list | tuple):
        for part in value:
            device = device_among(backend, part)
            if device is not None:
                return device
    return None


def as_array(backend: ArrayBackend, value: Any, device: str | None) -> Array:
    """Return a value as an array, on this device if it was none of the backend's before."""
    return backend.asarray(value, device=None if backend.is_array(value) else device)

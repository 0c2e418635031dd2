"""The precision that a layer computes in, and its arrays brought to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.precision import FLOATING_TYPES, REAL_TYPE, Precision, get_precision
from ketgrad.protocol import Array, ArrayBackend

WIDE_TYPES = ("float64", "complex128")
HALF_TYPES = ("float16", "bfloat16")


def common_precision(backend: ArrayBackend, values: Sequence[Any]) -> Precision:
    """Return double if an array is of float64, else single; the one in force if no array has a floating type."""
    types = [_floating_type(backend, value) for value in values]
    if any(name in WIDE_TYPES for name in types):
        return "double"
    return "single" if any(types) else get_precision()


def in_precision(backend: ArrayBackend, value: Any, precision: Precision) -> Array:
    """Return an array of the backend, of the real type of a precision if it is real and floating."""
    wanted = REAL_TYPE[precision]
    if isinstance(value, np.ndarray | np.generic) and value.dtype.name in HALF_TYPES:
        value = value.astype(wanted)
    array = value if backend.is_array(value) else backend.asarray(value)
    return backend.astype(array, wanted) if backend.dtype(array) in (*FLOATING_TYPES, *HALF_TYPES) else array


def _floating_type(backend: ArrayBackend, value: Any) -> str:
    """Return the type of an array that is floating, and nothing for integers and plain numbers, which have none."""
    if backend.is_array(value):
        name = backend.dtype(value)
    else:
        name = value.dtype.name if isinstance(value, np.ndarray | np.generic) else ""
    return name if "float" in name or "complex" in name else ""

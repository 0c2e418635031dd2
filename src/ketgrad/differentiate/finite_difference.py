"""Central finite differences, written in the backend's own operations, so that they trace and differentiate too.

The step is ε^(1/3)·max(1, |x|): it balances truncation, O(h²), against rounding, O(ε/h).
Reference: W. H. Press et al., "Numerical Recipes", 3rd ed., section 5.7.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ketgrad.errors import PrecisionError
from ketgrad.precision import COMPLEX_TYPES, Precision, use_precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.randomness import drawing

WIDEST = {"float32": "float64", "float64": "float64", "complex64": "complex128", "complex128": "complex128"}
EPSILON = {"float32": 2.0**-23, "complex64": 2.0**-23, "float64": 2.0**-52, "complex128": 2.0**-52}


def evaluation_count(backend: ArrayBackend, leaf: Array) -> int:
    """Return how often `central_difference` calls its function for this leaf."""
    size = math.prod(leaf.shape)
    return 4 * size if backend.dtype(leaf) in COMPLEX_TYPES else 2 * size


def widest(backend: ArrayBackend, leaf: Array) -> Array:
    """Return the leaf in double precision, or as it is where the framework has no double precision now."""
    try:
        return backend.astype(leaf, WIDEST[backend.dtype(leaf)])
    except PrecisionError:
        return leaf


def central_difference(backend: ArrayBackend, function: Callable[[Array], Array], point: Array, dtype: str) -> Array:
    """Differentiate an array-valued function of one array; the result has shape `value.shape + point.shape`.

    The function is called in the precision of the point, and the result has that of `dtype`. For a complex point
    x + iy it is ∂f/∂x + i ∂f/∂y, elementwise.
    """
    own = backend.dtype(point)
    precision: Precision = "double" if EPSILON[own] == EPSILON["float64"] else "single"
    with use_precision(precision), drawing.override(False):
        along_real = _differences(backend, function, point, 1.0)
        if own not in COMPLEX_TYPES:
            return backend.astype(along_real, _type_like(dtype, backend.dtype(along_real)))
        along_imaginary = backend.astype(_differences(backend, function, point, 1.0j), own)
        return backend.astype(backend.astype(along_real, own) + 1j * along_imaginary, dtype)


def _type_like(leaf_type: str, result_type: str) -> str:
    """Return the result's kind, real or complex, in the precision of the leaf."""
    if result_type not in COMPLEX_TYPES:
        return leaf_type
    return "complex64" if leaf_type == "float32" else "complex128"


def _differences(backend: ArrayBackend, function: Callable[[Array], Array], point: Array, direction: complex) -> Array:
    dtype, shape = backend.dtype(point), tuple(point.shape)
    size = math.prod(shape)
    if size == 0:
        value = function(point)
        return backend.zeros((*tuple(value.shape), *shape), dtype=backend.dtype(value), device=backend.device(point))
    steps = backend.reshape(_steps(backend, point), (size,))
    columns = []
    for index in range(size):
        unit = np.zeros(size, dtype)
        unit[index] = direction
        step = backend.take(steps, index, axis=0)
        shift = backend.reshape(
            backend.asarray(unit, device=backend.device(point)) * backend.astype(step, dtype), shape
        )
        difference = function(point + shift) - function(point - shift)
        columns.append(difference / backend.astype(2.0 * step, backend.dtype(difference)))
    stacked = backend.stack(columns, axis=-1)
    return backend.reshape(stacked, (*tuple(columns[0].shape), *shape))


def _steps(backend: ArrayBackend, point: Array) -> Array:
    magnitude = backend.abs(backend.detach(point))
    at_least_one = (1.0 + magnitude + backend.abs(1.0 - magnitude)) / 2.0
    return EPSILON[backend.dtype(point)] ** (1 / 3) * at_least_one

"""The innermost loops: pairs of amplitudes, in rows of real and imaginary parts, under a 2×2 matrix.

Real and imaginary parts lie in arrays of their own, so that processors take several amplitudes at a time; with the two
parts of each beside one another the same loop took four times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

compiled = njit(nogil=True, fastmath=True, boundscheck=False, cache=True, error_model="numpy")

inlined = njit(nogil=True, fastmath=True, boundscheck=False, inline="always", error_model="numpy")
"""For loops that are called so often on so little that the call would cost more than they do."""

BLOCK = 256
"""Pairs that are brought side by side at a time where they are interleaved."""


@inlined
def mix(xr: Any, xi: Any, yr: Any, yi: Any, u: Any) -> None:
    """(x, y) ← U(x, y)."""
    ar, ai, br, bi = u[0, 0].real, u[0, 0].imag, u[0, 1].real, u[0, 1].imag
    cr, ci, dr, di = u[1, 0].real, u[1, 0].imag, u[1, 1].real, u[1, 1].imag
    for k in range(xr.size):
        p, q, r, s = xr[k], xi[k], yr[k], yi[k]
        xr[k] = ar * p - ai * q + br * r - bi * s
        xi[k] = ar * q + ai * p + br * s + bi * r
        yr[k] = cr * p - ci * q + dr * r - di * s
        yi[k] = cr * q + ci * p + dr * s + di * r


@inlined
def add_products(xr: Any, xi: Any, yr: Any, yi: Any, pr: Any, pi: Any, qr: Any, qi: Any, total: Any) -> None:
    """Add (p, q)(x, y)† over all pairs."""
    a = b = c = d = e = f = g = h = xr[0] * 0
    for k in range(xr.size):
        a += pr[k] * xr[k] + pi[k] * xi[k]
        b += pi[k] * xr[k] - pr[k] * xi[k]
        c += pr[k] * yr[k] + pi[k] * yi[k]
        d += pi[k] * yr[k] - pr[k] * yi[k]
        e += qr[k] * xr[k] + qi[k] * xi[k]
        f += qi[k] * xr[k] - qr[k] * xi[k]
        g += qr[k] * yr[k] + qi[k] * yi[k]
        h += qi[k] * yr[k] - qr[k] * yi[k]
    total[0, 0] += complex(a, b)
    total[0, 1] += complex(c, d)
    total[1, 0] += complex(e, f)
    total[1, 1] += complex(g, h)


@compiled
def part(row: Any, target: int, x: Any, y: Any) -> None:
    """Put the pairs of a low bit, 0, 1 or 2, which are interleaved in `row`, side by side."""
    if target == 0:
        for k in range(x.size):
            x[k], y[k] = row[2 * k], row[2 * k + 1]
    elif target == 1:
        for k in range(x.size // 2):
            for j in range(2):
                x[2 * k + j], y[2 * k + j] = row[4 * k + j], row[4 * k + 2 + j]
    else:
        for k in range(x.size // 4):
            for j in range(4):
                x[4 * k + j], y[4 * k + j] = row[8 * k + j], row[8 * k + 4 + j]


@compiled
def merge(x: Any, y: Any, target: int, row: Any) -> None:
    """Undo `part`."""
    if target == 0:
        for k in range(x.size):
            row[2 * k], row[2 * k + 1] = x[k], y[k]
    elif target == 1:
        for k in range(x.size // 2):
            for j in range(2):
                row[4 * k + j], row[4 * k + 2 + j] = x[2 * k + j], y[2 * k + j]
    else:
        for k in range(x.size // 4):
            for j in range(4):
                row[8 * k + j], row[8 * k + 4 + j] = x[4 * k + j], y[4 * k + j]


@compiled
def buffers(like: Any, count: int) -> Any:
    """Return rows for half a block of interleaved pairs."""
    return np.empty((count, min(BLOCK, like.size // 2)), like.dtype)

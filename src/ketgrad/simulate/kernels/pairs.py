"""The innermost loops: pairs of amplitudes, in rows of real and imaginary parts, under a 2×2 matrix.

Real and imaginary parts lie in arrays of their own, so that processors take several amplitudes at a time; with the two
parts of each beside one another the same loop took four times as long.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from ketgrad.simulate.kernels.caching import cached_njit

OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": True, "boundscheck": False, "error_model": "numpy"}

kernel = cached_njit(**OPTIONS)
"""For what Python calls."""

compiled = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)
"""For what kernels call: kept on disk inside them, and without a door for Python, which takes long to compile."""

inlined = njit(inline="always", **OPTIONS)
"""For loops that are called so often on so little that the call would cost more than they do."""

BLOCK = 256
"""Pairs of bit 2 that are brought side by side at a time."""


@compiled
def copy(source: Any, target: Any) -> None:
    """Write `source` over `target`, which has its size; numba's own assignment takes much longer to compile."""
    for k in range(target.size):
        target[k] = source[k]


@inlined
def mix(xr: Any, xi: Any, yr: Any, yi: Any, u: Any) -> None:
    """(x, y) ← U(x, y)."""
    kind = xr.dtype.type
    ar, ai, br, bi = kind(u[0, 0].real), kind(u[0, 0].imag), kind(u[0, 1].real), kind(u[0, 1].imag)
    cr, ci, dr, di = kind(u[1, 0].real), kind(u[1, 0].imag), kind(u[1, 1].real), kind(u[1, 1].imag)
    for k in range(xr.size):
        p, q, r, s = xr[k], xi[k], yr[k], yi[k]
        xr[k] = ar * p - ai * q + br * r - bi * s
        xi[k] = ar * q + ai * p + br * s + bi * r
        yr[k] = cr * p - ci * q + dr * r - di * s
        yi[k] = cr * q + ci * p + dr * s + di * r


@inlined
def mix_strided(re: Any, im: Any, stride: int, u: Any) -> None:
    """Do `mix` on all pairs of one bit, whose stride is a literal, so that the loops are laid out for it."""
    kind = re.dtype.type
    ar, ai, br, bi = kind(u[0, 0].real), kind(u[0, 0].imag), kind(u[0, 1].real), kind(u[0, 1].imag)
    cr, ci, dr, di = kind(u[1, 0].real), kind(u[1, 0].imag), kind(u[1, 1].real), kind(u[1, 1].imag)
    for group in range(re.size // (2 * stride)):
        for j in range(stride):
            x = 2 * stride * group + j
            y = x + stride
            p, q, r, s = re[x], im[x], re[y], im[y]
            re[x] = ar * p - ai * q + br * r - bi * s
            im[x] = ar * q + ai * p + br * s + bi * r
            re[y] = cr * p - ci * q + dr * r - di * s
            im[y] = cr * q + ci * p + dr * s + di * r


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


@inlined
def add_products_strided(re: Any, im: Any, lr: Any, li: Any, stride: int, total: Any) -> None:
    """Do `add_products` on all pairs of one bit, whose stride is a literal."""
    a = b = c = d = e = f = g = h = re[0] * 0
    for group in range(re.size // (2 * stride)):
        for j in range(stride):
            x = 2 * stride * group + j
            y = x + stride
            xr, xi, yr, yi = re[x], im[x], re[y], im[y]
            pr, pi, qr, qi = lr[x], li[x], lr[y], li[y]
            a += pr * xr + pi * xi
            b += pi * xr - pr * xi
            c += pr * yr + pi * yi
            d += pi * yr - pr * yi
            e += qr * xr + qi * xi
            f += qi * xr - qr * xi
            g += qr * yr + qi * yi
            h += qi * yr - qr * yi
    total[0, 0] += complex(a, b)
    total[0, 1] += complex(c, d)
    total[1, 0] += complex(e, f)
    total[1, 1] += complex(g, h)


@compiled
def part(row: Any, x: Any, y: Any) -> None:
    """Put the pairs of bit 2, which alternate by fours in `row`, side by side."""
    for k in range(x.size // 4):
        for j in range(4):
            x[4 * k + j], y[4 * k + j] = row[8 * k + j], row[8 * k + 4 + j]


@compiled
def merge(x: Any, y: Any, row: Any) -> None:
    """Undo `part`."""
    for k in range(x.size // 4):
        for j in range(4):
            row[8 * k + j], row[8 * k + 4 + j] = x[4 * k + j], y[4 * k + j]

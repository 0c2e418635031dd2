"""Functions of each element: `conj real imag exp sin cos sqrt log abs`, against Python's `cmath`."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import pytest

from ketgrad.precision import complex_type, real_type
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = pytest.mark.usefixtures("precision")

Function = Callable[[complex], complex]
POSITIVE = [0.3, 1.7, 2.5]
REAL = [-0.3, 1.7, -2.5]
COMPLEX = [0.3 + 0.4j, -1.2 + 0.5j, 0.7 - 2.0j]
COTANGENT = [1.0 + 1.0j, -0.5j, 2.0 - 3.0j]

HOLOMORPHIC: dict[str, tuple[Function, Function, list[float]]] = {
    "exp": (cmath.exp, cmath.exp, REAL),
    "sin": (cmath.sin, cmath.cos, REAL),
    "cos": (cmath.cos, lambda x: -cmath.sin(x), REAL),
    "sqrt": (cmath.sqrt, lambda x: 0.5 / cmath.sqrt(x), POSITIVE),
    "log": (cmath.log, lambda x: 1 / x, POSITIVE),
}
OF_REAL: dict[str, tuple[list[float], list[float]]] = {
    "conj": (REAL, [1.0, 2.0, 3.0]),
    "real": (REAL, [1.0, 2.0, 3.0]),
    "abs": ([0.3, 1.7, 2.5], [-1.0, 2.0, -3.0]),
}


@covers(*HOLOMORPHIC)
@pytest.mark.parametrize("member", HOLOMORPHIC)
def test_a_function_of_real_elements(backend: ArrayBackend, member: str) -> None:
    function, derivative, points = HOLOMORPHIC[member]
    value = [function(x).real for x in points]
    gradient = [(k + 1) * derivative(x).real for k, x in enumerate(points)]
    expect.forward_and_backward(backend, getattr(backend, member), [points], value, [gradient])


@covers(*HOLOMORPHIC)
@requires("complex-autodiff")
@pytest.mark.parametrize("member", HOLOMORPHIC)
def test_a_function_of_complex_elements_pulls_back_through_the_conjugate_of_its_derivative(
    backend: ArrayBackend, member: str
) -> None:
    function, derivative, _ = HOLOMORPHIC[member]
    gradient = [derivative(z).conjugate() * w for z, w in zip(COMPLEX, COTANGENT, strict=True)]
    expect.pullback(
        backend,
        getattr(backend, member),
        [backend.asarray(COMPLEX)],
        [function(z) for z in COMPLEX],
        COTANGENT,
        [gradient],
        dtype=complex_type(),
    )


@covers(*OF_REAL)
@pytest.mark.parametrize("member", OF_REAL)
def test_parts_of_real_elements_are_real(backend: ArrayBackend, member: str) -> None:
    value, gradient = OF_REAL[member]
    expect.forward_and_backward(backend, getattr(backend, member), [REAL], value, [gradient])


@covers("conj")
@requires("complex-autodiff")
def test_conj_pulls_back_through_conjugation(backend: ArrayBackend) -> None:
    expect.pullback(
        backend,
        backend.conj,
        [backend.asarray(COMPLEX)],
        [z.conjugate() for z in COMPLEX],
        COTANGENT,
        [[w.conjugate() for w in COTANGENT]],
        dtype=complex_type(),
    )


PARTS: dict[str, tuple[Callable[[complex], float], Function]] = {
    "real": (lambda z: z.real, lambda _: 1.0),
    "imag": (lambda z: z.imag, lambda _: 1.0j),
    "abs": (abs, lambda z: z / abs(z)),
}


@covers(*PARTS)
@requires("complex-autodiff")
@pytest.mark.parametrize("member", PARTS)
def test_parts_of_complex_elements_are_real_and_pull_back_to_steepest_ascent(
    backend: ArrayBackend, member: str
) -> None:
    function, ascent = PARTS[member]
    expect.pullback(
        backend,
        getattr(backend, member),
        [backend.asarray(COMPLEX)],
        [function(z) for z in COMPLEX],
        [1.0, 2.0, 3.0],
        [[(k + 1) * ascent(z) for k, z in enumerate(COMPLEX)]],
        dtype=real_type(),
    )


@covers(*HOLOMORPHIC, *OF_REAL)
@pytest.mark.parametrize("member", [*HOLOMORPHIC, *OF_REAL])
def test_a_scalar_stays_a_scalar(backend: ArrayBackend, member: str) -> None:
    expected: Any = 0.5 if member in OF_REAL else HOLOMORPHIC[member][0](0.5).real
    expect.close(backend, getattr(backend, member)(backend.asarray(0.5)), expected)

"""A circuit compiled, mapped, differentiated, and all of these at once."""

from __future__ import annotations

import math
from typing import Any

import pytest

import ketgrad as kg
from ketgrad.precision import complex_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import requires
from ketgrad_conformance.simulator.circuits import (
    ANGLES,
    elements,
    energy,
    energy_by_hand,
    gradient_by_hand,
    hessian_by_hand,
    three_rotations,
)

NOT_NATIVE = (kg.UnsupportedError, kg.GradientError)
BATCH = [ANGLES, [1.1, -0.4, 2.0], [-2.5, 0.9, 0.6]]
ENERGIES = [energy_by_hand(row) for row in BATCH]
GRADIENTS = [gradient_by_hand(row) for row in BATCH]
HESSIANS = [hessian_by_hand(row) for row in BATCH]


@requires("vmap")
@pytest.mark.usefixtures("precision")
def test_an_expectation_is_mapped(backend: ArrayBackend) -> None:
    mapped = kg.vmap(lambda w: energy(backend, w))
    expect.close(backend, mapped(backend.asarray(BATCH)), ENERGIES)


@requires("vmap")
def test_a_state_is_mapped_over_the_last_axis(backend: ArrayBackend) -> None:
    mapped = kg.vmap(lambda angle: kg.Circuit(1).rx(elements(backend, angle)[0], 0).state(), in_axes=-1)
    expected = [[math.cos(x / 2), -1j * math.sin(x / 2)] for x in (0.4, 1.1)]
    expect.close(backend, mapped(backend.asarray([[0.4, 1.1]])), expected, dtype=complex_type())


@requires("vmap")
def test_one_of_two_arguments_is_mapped(backend: ArrayBackend) -> None:
    def function(inputs: Array, weight: Array) -> Array:
        return kg.Circuit(1).ry(inputs, 0).rx(weight, 0).expectation(kg.Z(0))

    found = kg.vmap(function, in_axes=(0, None))(backend.asarray([0.2, 1.3]), backend.asarray(0.7))
    expect.close(backend, found, [math.cos(0.2) * math.cos(0.7), math.cos(1.3) * math.cos(0.7)])


@requires("vmap", "autodiff", refusal=NOT_NATIVE)
@pytest.mark.usefixtures("precision")
def test_a_gradient_is_mapped(backend: ArrayBackend) -> None:
    mapped = kg.vmap(kg.value_and_grad(lambda w: energy(backend, w), fallback="error"))
    value, gradient = mapped(backend.asarray(BATCH))
    expect.close(backend, value, ENERGIES)
    expect.close(backend, gradient, GRADIENTS)


@requires("vmap", "autodiff", refusal=NOT_NATIVE)
def test_a_map_is_differentiated(backend: ArrayBackend) -> None:
    def total(batch: Array) -> Array:
        return backend.sum(kg.vmap(lambda w: energy(backend, w))(batch))

    value, gradient = kg.value_and_grad(total, fallback="error")(backend.asarray(BATCH))
    expect.close(backend, value, sum(ENERGIES))
    expect.close(backend, gradient, GRADIENTS)


@requires("vmap", "higher-order", refusal=NOT_NATIVE)
def test_a_hessian_is_mapped(backend: ArrayBackend) -> None:
    mapped = kg.vmap(kg.hessian(lambda w: energy(backend, w), fallback="error"))
    expect.close(backend, mapped(backend.asarray(BATCH)), HESSIANS)


@requires("jit")
@pytest.mark.usefixtures("precision")
def test_a_circuit_is_compiled_once_and_serves_other_angles(backend: ArrayBackend) -> None:
    @kg.jit
    def everything(w: Array) -> dict[str, Any]:
        c = three_rotations(backend, w)
        return {"energy": c.expectation(kg.Z(1)), "first": c.probabilities([0])}

    for angles in BATCH:
        found = everything(backend.asarray(angles))
        expect.close(backend, found["energy"], energy_by_hand(angles))
        expect.close(backend, found["first"], [math.cos(angles[0] / 2) ** 2, math.sin(angles[0] / 2) ** 2])


@requires("jit", "autodiff", refusal=NOT_NATIVE)
def test_a_gradient_is_compiled(backend: ArrayBackend) -> None:
    compiled = kg.jit(kg.value_and_grad(lambda w: energy(backend, w), fallback="error"))
    for angles in BATCH:
        value, gradient = compiled(backend.asarray(angles))
        expect.close(backend, value, energy_by_hand(angles))
        expect.close(backend, gradient, gradient_by_hand(angles))


@requires("jit", "vmap", "autodiff", refusal=NOT_NATIVE)
@pytest.mark.usefixtures("precision")
def test_a_mapped_gradient_is_compiled(backend: ArrayBackend) -> None:
    compiled = kg.jit(kg.vmap(kg.grad(lambda w: energy(backend, w), fallback="error")))
    expect.close(backend, compiled(backend.asarray(BATCH)), GRADIENTS)
    expect.close(backend, compiled(backend.asarray(BATCH[1:])), GRADIENTS[1:])


@requires("jit", "vmap", "higher-order", refusal=NOT_NATIVE)
def test_a_mapped_hessian_is_compiled(backend: ArrayBackend) -> None:
    compiled = kg.jit(kg.vmap(kg.hessian(lambda w: energy(backend, w), fallback="error")))
    expect.close(backend, compiled(backend.asarray(BATCH)), HESSIANS)

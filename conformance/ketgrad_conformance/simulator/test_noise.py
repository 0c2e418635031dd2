"""Noise, measurements in mid-circuit, entropies: values and gradients by hand."""

from __future__ import annotations

import math

import pytest

import ketgrad as kg
from ketgrad.precision import real_type
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import requires

P = 0.15
Z_AFTER = {
    "bit_flip": 1 - 2 * P,
    "phase_flip": 1.0,
    "depolarizing": 1 - 4 * P / 3,
    "amplitude_damping": 1 - P,
    "phase_damping": 1.0,
}
"""What a channel of parameter P makes of ⟨Z⟩ = −1, as a factor; damping adds P."""


@pytest.mark.parametrize("name", Z_AFTER)
@pytest.mark.usefixtures("precision")
def test_a_channel_does_what_the_textbook_says(backend: ArrayBackend, name: str) -> None:
    c = kg.Circuit(2).x(0)
    getattr(c, name)(P, 0)
    added = P if name == "amplitude_damping" else 0.0
    expect.close(backend, c.expectation(kg.Z(0)), added - Z_AFTER[name])


@requires("autodiff")
def test_the_parameter_of_a_channel_is_differentiated(backend: ArrayBackend) -> None:
    # ⟨Z⟩ = cos(θ)·(1 − 4p/3) after depolarizing noise.
    a = kg.parameters("a", (2,))
    f = kg.function(kg.Circuit(1).rx(a[0], 0).depolarizing(a[1], 0), kg.expval(kg.Z(0)))
    expect.pullback(
        backend, f, [backend.asarray([0.4, P])], math.cos(0.4) * (1 - 4 * P / 3), 1.0,
        [[-math.sin(0.4) * (1 - 4 * P / 3), -4 / 3 * math.cos(0.4)]], dtype=real_type(),
    )  # fmt: skip


@pytest.mark.usefixtures("precision")
def test_teleportation_brings_a_state_to_another_qubit(backend: ArrayBackend) -> None:
    c = kg.Circuit(3).ry(0.7, 0).h(1).cx(1, 2).cx(0, 1).h(0).measure(0, 0).measure(1, 1)
    c.conditioned(kg.Circuit(1).x(0), [1], [2]).conditioned(kg.Circuit(1).z(0), [0], [2])
    expect.close(backend, c.expectation(kg.Z(2)), math.cos(0.7))
    expect.close(backend, c.expectation(kg.X(2)), math.sin(0.7))
    expect.close(backend, c.probabilities(bits=[0, 1]), [0.25] * 4)


@requires("autodiff")
def test_a_measured_and_reset_qubit_is_differentiated(backend: ArrayBackend) -> None:
    # The bit is 1 with sin²(a₀/2); where it is, a rotation of the qubit, which was reset, follows.
    a = kg.parameters("a", (2,))
    c = kg.Circuit(1).rx(a[0], 0).measure(0, 0).reset(0).conditioned(kg.Circuit(1).ry(a[1], 0), [0], [0])
    chance = math.sin(0.4) ** 2
    value = 1 - chance + chance * math.cos(0.5)
    slope = math.sin(0.8) / 2
    expect.pullback(
        backend, kg.function(c, kg.expval(kg.Z(0))), [backend.asarray([0.8, 0.5])], value, 1.0,
        [[slope * (math.cos(0.5) - 1), -chance * math.sin(0.5)]], dtype=real_type(),
    )  # fmt: skip


def test_a_misread_qubit_is_misread_by_every_result(backend: ArrayBackend) -> None:
    c = kg.Circuit(1).x(0).readout_error(0.1, 0.2, 0)
    expect.close(backend, c.probabilities(), [0.2, 0.8])
    expect.close(backend, c.expectation(kg.Z(0)), -0.6)
    expect.close(backend, c.purity(), 1.0)


def test_post_selection_keeps_what_is_asked_for(backend: ArrayBackend) -> None:
    c = kg.Circuit(2).ry(0.9, 0).cx(0, 1).post_select("1", [0])
    expect.close(backend, c.probabilities(), [0, 0, 0, 1])


@requires("linear-algebra")
@pytest.mark.usefixtures("precision")
def test_entropies_of_a_bell_state(backend: ArrayBackend) -> None:
    bell = kg.Circuit(2).h(0).cx(0, 1)
    expect.close(backend, bell.entropy([0]), math.log(2))
    expect.close(backend, bell.mutual_information([0], [1], base=2), 2.0)
    expect.close(backend, bell.fidelity([math.sqrt(0.5), 0, 0, math.sqrt(0.5)]), 1.0)


@requires("linear-algebra", "autodiff")
def test_the_entropy_of_a_pure_qubit_has_the_gradient_zero(backend: ArrayBackend) -> None:
    a = kg.parameters("a")
    f = kg.function(kg.Circuit(2).ry(a, 0), kg.entropy([0]))
    expect.pullback(backend, f, [backend.asarray(0.3)], 0.0, 1.0, [0.0], dtype=real_type())


def test_trajectories_are_chosen_by_the_seed(backend: ArrayBackend) -> None:
    f = kg.function(kg.Circuit(1).bit_flip(0.5, 0), kg.expval(kg.Z(0)), trajectories=400, seed=7)
    value, error = f.estimate()
    # Of ±1 with even chances: 5 standard errors of 0.05.
    assert abs(float(backend.to_numpy(value))) < 0.25
    assert float(backend.to_numpy(f())) == float(backend.to_numpy(value))
    spread = math.sqrt((1 - float(backend.to_numpy(value)) ** 2) / 399)
    expect.close(backend, error, spread)

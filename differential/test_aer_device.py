"""Qiskit Aer as a device: values and gradients from its shots, noise model included, within five standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit_aer import noise

import ketgrad as kg
from differential.agreement import Agreement
from differential.build import ketgrad_circuit
from differential.random_recipes import random_recipe, seed_of
from examples import device_gradients

THETA = kg.parameters("theta")
ANGLE, SHOTS, SEED = 0.7, 20_000, 7
# One standard error of the mean of 20,000 numbers between −1 and 1, at most.
ERROR = 1 / np.sqrt(SHOTS)


def noisy(probability: float, gates: list[str], misread: float = 0.0) -> kg.devices.AerDevice:
    model = noise.NoiseModel(basis_gates=["rx", "ry", "rz", "h", "x", "cx"])
    model.add_all_qubit_quantum_error(noise.depolarizing_error(probability, 1), gates)
    if misread:
        model.add_all_qubit_readout_error(noise.ReadoutError([[1 - misread, misread], [misread, 1 - misread]]))
    return kg.devices.AerDevice(model)


def function_of(circuit: kg.Circuit, *measurements: Any, device: Any = None, **options: Any) -> Any:
    device = kg.devices.AerDevice() if device is None else device
    return kg.function(circuit, *measurements, device=device, **{"shots": SHOTS, "seed": SEED, **options})


def test_a_device_of_the_adapter_is_one() -> None:
    assert isinstance(kg.devices.AerDevice(), kg.Device)
    assert not isinstance(kg.devices.AerDevice(), kg.DifferentiatingDevice)


def test_depolarizing_noise_scales_the_value_and_the_gradient() -> None:
    # A depolarizing error p shrinks ⟨Z⟩ to (1 − p)⟨Z⟩, an error of reading r to (1 − 2r)⟨Z⟩.
    function = function_of(kg.Circuit(1).ry(THETA, 0), kg.expval(kg.Z(0)), device=noisy(0.1, ["ry"], misread=0.05))
    value, gradient = kg.value_and_grad(function, fallback="error")(ANGLE)
    assert float(value) == pytest.approx(0.9 * 0.9 * np.cos(ANGLE), abs=5 * ERROR)
    # Half the difference of two means.
    assert float(gradient) == pytest.approx(-0.9 * 0.9 * np.sin(ANGLE), abs=5 * ERROR / np.sqrt(2))


def test_noise_comes_with_the_gates_of_its_names_alone() -> None:
    # ry(π) flips: without noise each shot finds 1, and x, which has the noise, is not in the circuit.
    quiet = function_of(kg.Circuit(1).ry(THETA, 0), kg.expval(kg.Z(0)), device=noisy(0.5, ["x"]))
    assert float(quiet(np.pi)) == -1.0


def test_a_gate_that_the_noise_model_does_not_know_is_made_of_those_that_it_knows() -> None:
    # crx(θ) is two cx and single rotations, and ⟨Z⟩ of its target shrinks by the error of each rx, ry, rz and h there.
    circuit = kg.Circuit(2).x(0).crx(THETA, 0, 1)
    function = function_of(circuit, kg.expval(kg.Z(1)), device=noisy(0.5, ["rx", "ry", "rz", "h"]))
    assert abs(float(function(0.0))) < 0.5 + 5 * ERROR


def test_the_change_of_basis_has_the_noise_of_its_gates() -> None:
    # ⟨X⟩ of ry(π/2)|0⟩ is 1; the h before the measurement has the noise.
    function = function_of(kg.Circuit(1).ry(THETA, 0), kg.expval(kg.X(0)), device=noisy(0.2, ["h"]))
    assert float(function(np.pi / 2)) == pytest.approx(0.8, abs=5 * ERROR)


def test_two_settings_a_projector_a_matrix_and_probabilities() -> None:
    matrix = np.array([[1, 2j], [-2j, -1]])
    circuit = kg.Circuit(2).ry(THETA, 0).cx(0, 1).rx(0.4, 1)
    measured = (
        kg.expval(kg.Z(0) @ kg.Z(1) - 0.5 * kg.X(0) @ kg.Y(1)),
        kg.expval(kg.Projector("10", [1, 0])),
        kg.expval(kg.Hermitian(matrix, [1])),
        kg.var(kg.Z(1)),
        kg.probs([1, 0]),
    )
    found, exact = function_of(circuit, *measured)(ANGLE), kg.function(circuit, *measured)(ANGLE)
    for estimate, expected in zip(found, exact, strict=True):
        # The largest eigenvalue is √5.
        np.testing.assert_allclose(estimate, expected, rtol=0, atol=5 * np.sqrt(5) * ERROR)


@pytest.mark.parametrize("place", range(4))
def test_gradients_of_a_deeper_circuit_agree_with_exact_ones(place: int) -> None:
    theta = kg.parameters("theta", (4,))
    circuit = (
        kg.Circuit(3)
        .rx(theta[0], 0)
        .u(theta[1], theta[2], 0.3, 1)
        .cx(0, 2)
        .crx(theta[3], 1, 2)
        .single_excitation(0.4, 2, 0)
    )
    observable = kg.Z(0) @ kg.Z(2) + kg.X(1)
    values = np.array([0.3, 0.5, -0.2, 0.9])
    found = kg.grad(function_of(circuit, kg.expval(observable)), fallback="error")(values)
    exact = kg.grad(kg.function(circuit, kg.expval(observable)))(values)
    # Two settings, and for the controlled rotation weights whose squares sum to less than two.
    np.testing.assert_allclose(found[place], exact[place], rtol=0, atol=5 * 2 * ERROR)


def test_measurements_in_the_middle_conditions_resets_and_channels() -> None:
    circuit = kg.Circuit(2).rx(THETA, 0).measure(0, 0).conditioned(kg.Circuit(1).rx(1.2, 0), [0], [1])
    circuit.reset(0).amplitude_damping(0.3, 1).depolarizing(0.2, 1).conditioned(kg.Circuit(1).x(0), [0], [0], on=0)
    measured = kg.probs(bits=[0]), kg.expval(kg.Z(1) + kg.Z(0))
    found, exact = function_of(circuit, *measured)(ANGLE), kg.function(circuit, *measured)(ANGLE)
    np.testing.assert_allclose(found[0], exact[0], rtol=0, atol=5 * ERROR)
    np.testing.assert_allclose(found[1], exact[1], rtol=0, atol=10 * ERROR)
    gradient = kg.grad(function_of(circuit, measured[1]), fallback="error")(ANGLE)
    np.testing.assert_allclose(gradient, kg.grad(kg.function(circuit, measured[1]))(ANGLE), rtol=0, atol=10 * ERROR)


def test_outcomes_have_the_order_of_the_qubits() -> None:
    circuit = kg.Circuit(10).x(1).x(9)
    bits, counted = function_of(circuit, kg.sample([9, 0, 1]), kg.counts(), shots=3)()
    assert bits.tolist() == [[1, 0, 1]] * 3
    assert counted == {"0100000001": 3}


def test_one_seed_gives_the_same_outcomes_and_each_circuit_others() -> None:
    function = function_of(kg.Circuit(1).ry(THETA, 0), kg.sample(), shots=50)
    first, second = (function(np.array([1.5, 1.5])) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first[0] != first[1]).any()
    assert (function(np.array([1.5, 1.5]), seed=8) != first).any()


@pytest.mark.parametrize("step_set", ["everything", "noise"])
@pytest.mark.parametrize("number", range(20))
def test_frequencies_of_random_circuits(number: int, step_set: str, agreement: Agreement) -> None:
    seed = seed_of(step_set, number)
    recipe = random_recipe(np.random.default_rng(seed), step_set)
    agreement.case = f"seed {seed}: {recipe}"
    circuit = ketgrad_circuit(recipe)
    found = function_of(circuit, kg.probs(), shots=2000)()
    # Hoeffding: P(|frequency − p| ≥ ε) ≤ 2·exp(−2·shots·ε²), below 1e-10 for ε = √(12 / shots).
    agreement.check("frequency on Aer", found, circuit.probabilities(), tolerance=np.sqrt(12 / 2000))


def test_the_example_finds_parameter_shift_ahead_of_finite_differences() -> None:
    (_, own, standard, found), *differences = device_gradients.rows(shots=500, repeats=4)
    assert own < 1e-12
    # For each setting one standard error of the mean of 500 numbers, 1 and 0.5 at most, over √2 for two points.
    assert standard < 2 * np.sqrt(1.25 / 500 / 2)
    assert found < 2.5 * np.sqrt(1.25 / 500 / 2)
    assert all(error > found for _, _, _, error in differences[:3])


def test_a_circuit_that_the_method_does_not_simulate() -> None:
    device = kg.devices.AerDevice(method="stabilizer")
    with pytest.raises(kg.UnsupportedError, match="Aer does not run this circuit"):
        function_of(kg.Circuit(1).rx(THETA, 0), kg.expval(kg.Z(0)), device=device)(ANGLE)


def test_a_circuit_that_qiskit_does_not_have() -> None:
    with pytest.raises(kg.UnsupportedError, match="put it into a noise model"):
        function_of(kg.Circuit(1).readout_error(0.1, 0.1, 0), kg.expval(kg.Z(0)))()

"""What does not matter to a measured circuit: the names of its qubits and bits, and qubits that do nothing."""

from itertools import permutations

import numpy as np
import pytest

import ketgrad as kg
from branch_reference import Gate, Measured, Misread, Noise, Selected, play, relabelled, run

STEPS = (
    Gate("ry", (0.7,), (0,)),
    Gate("cx", (), (0, 1)),
    Misread(0.1, 0.25, 1),
    Measured(0, 2),
    Gate("rx", (1.2,), (0,), (), ((2, 0),)),
    Gate("ry", (0.4,), (2,), ((1, 0),), ((2, 1),)),
    Noise("amplitude_damping", (0.3,), (1,)),
    Measured(1, 0),
    Selected("0", (2,)),
    Gate("rxx", (0.9,), (2, 0), (), ((0, 1), (2, 0))),
    Measured(2, 1),
    Noise("reset", (), (1,)),
    Gate("h", (), (1,), (), ((1, 1),)),
)


def close(backend, found, expected):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=1e-12)


def base_circuit():
    return play(kg.Circuit, STEPS, 3)


@pytest.mark.parametrize("places", list(permutations(range(3))))
def test_relabelling_the_qubits_relabels_the_results(places):
    moved = play(kg.Circuit, relabelled(STEPS, places, range(3)), 3)
    expected = run(STEPS, 3)
    np.testing.assert_allclose(moved.density_matrix(places), expected.density_matrix(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(moved.probabilities(places), expected.probabilities(range(3)), rtol=0, atol=1e-12)
    found = moved.probabilities(bits=[0, 1, 2])
    np.testing.assert_allclose(found, expected.bit_probabilities([0, 1, 2]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("bits", [*permutations(range(3)), (7, 1, 4)])
def test_relabelling_the_bits_relabels_their_outcomes_and_nothing_else(bits):
    moved = play(kg.Circuit, relabelled(STEPS, range(3), bits), 3)
    expected = run(STEPS, 3)
    found = moved.probabilities(bits=bits)
    np.testing.assert_allclose(found, expected.bit_probabilities([0, 1, 2]), rtol=0, atol=1e-12)
    np.testing.assert_allclose(moved.density_matrix(), expected.density_matrix(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("qubits", "bits"), [((2, 0, 1), (1, 2, 0)), ((4, 1, 3), (5, 0, 2)), ((0, 2, 4), None)])
def test_composing_on_other_qubits_and_bits_moves_measurements_conditions_and_errors_along(backend, qubits, bits):
    moved = kg.Circuit(5).compose(base_circuit(), qubits=qubits, bits=bits)
    expected, places = run(STEPS, 3), (0, 1, 2) if bits is None else bits
    close(backend, moved.density_matrix(qubits), expected.density_matrix())
    close(backend, moved.probabilities(qubits), expected.probabilities(range(3)))
    close(backend, moved.probabilities(bits=places), expected.bit_probabilities([0, 1, 2]))


def test_a_composed_circuit_with_its_own_bits_leaves_the_bits_of_the_first_alone(backend):
    circuit = kg.Circuit(2).x(0).measure(0, 0)
    circuit.compose(kg.Circuit(1).measure(0, 0), qubits=[1], bits=[1])
    close(backend, circuit.probabilities(bits=[0, 1]), np.eye(4)[0b10])


def test_idle_qubits_change_nothing(backend):
    wider = play(kg.Circuit, STEPS, 5)
    expected = run(STEPS, 3)
    close(backend, wider.density_matrix([0, 1, 2]), expected.density_matrix())
    close(backend, wider.probabilities([3, 4]), [1, 0, 0, 0])
    close(backend, wider.probabilities(bits=[2, 1, 0]), expected.bit_probabilities([2, 1, 0]))


def test_a_measurement_into_a_bit_that_nobody_asks_for_is_a_loss_of_phase(backend):
    before = (Gate("ry", (0.7,), (0,)), Gate("cx", (), (0, 1)), Gate("rx", (0.4,), (1,)))
    after = Gate("ry", (0.3,), (1,))
    circuit = play(kg.Circuit, [*before, Measured(1, 0), after], 2)
    expected = run([*before, Noise("phase_flip", (0.5,), (1,)), after], 2)
    close(backend, circuit.density_matrix(), expected.density_matrix())

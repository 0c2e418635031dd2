"""Measured circuits of the textbooks, and the corner cases of a measurement's outcome, with answers known by hand.

Reference: M. A. Nielsen and I. L. Chuang, "Quantum Computation and Quantum Information", sections 1.3.7, 2.3, 10.1.
"""

import math
from itertools import pairwise, permutations, product

import numpy as np
import pytest

import ketgrad as kg

X, Z, H = kg.Circuit(1).x(0), kg.Circuit(1).z(0), kg.Circuit(1).h(0)
ALPHA, BETA = 0.6, 0.8j
MESSAGE = np.array([ALPHA, BETA])


def close(backend, found, expected):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=1e-12)


def bell(circuit, first, second):
    return circuit.h(first).cx(first, second)


def teleported(circuit):
    """Send the state of qubit 0 to qubit 2."""
    bell(circuit, 1, 2).cx(0, 1).h(0).measure(0, 0).measure(1, 1)
    return circuit.conditioned(X, [1], [2]).conditioned(Z, [0], [2])


def test_teleportation_brings_any_state_to_the_other_qubit(backend):
    found = teleported(kg.Circuit(3).prepare(MESSAGE, [0])).density_matrix([2])
    close(backend, found, np.outer(MESSAGE, MESSAGE.conj()))


def test_teleportation_keeps_nothing_of_the_state_in_its_bits(backend):
    circuit = teleported(kg.Circuit(3).prepare(MESSAGE, [0]))
    close(backend, circuit.probabilities(bits=[0, 1]), [0.25] * 4)


def test_teleportation_without_its_corrections_brings_nothing(backend):
    circuit = bell(kg.Circuit(3).prepare(MESSAGE, [0]), 1, 2).cx(0, 1).h(0).measure(0).measure(1)
    close(backend, circuit.density_matrix([2]), np.eye(2) / 2)


def test_teleportation_of_half_of_a_bell_pair_carries_the_entanglement_along(backend):
    """Qubit 3 is entangled with qubit 0, afterwards with qubit 2."""
    circuit = teleported(bell(kg.Circuit(4), 3, 0))
    close(backend, circuit.density_matrix([3, 2]), np.outer([1, 0, 0, 1], [1, 0, 0, 1]) / 2)
    close(backend, circuit.expectation(kg.X(2) @ kg.X(3)), 1)


@pytest.mark.parametrize(("first", "second"), list(product("01", repeat=2)))
def test_teleportation_selects_the_corrections_that_its_outcomes_say(backend, first, second):
    """Without corrections the outcome (z, x) leaves XᶻZˣ: the message with its sign or its order changed."""
    circuit = bell(kg.Circuit(3).prepare(MESSAGE, [0]), 1, 2).cx(0, 1).h(0).post_select(first + second, [0, 1])
    left = MESSAGE * [1, -1] if first == "1" else MESSAGE
    left = left[::-1] if second == "1" else left
    close(backend, circuit.density_matrix([2]), np.outer(left, left.conj()))


def test_entanglement_swapping_entangles_two_qubits_that_never_met(backend):
    circuit = bell(bell(kg.Circuit(4), 0, 1), 2, 3).cx(1, 2).h(1).measure(1, 0).measure(2, 1)
    circuit.conditioned(X, [1], [3]).conditioned(Z, [0], [3])
    close(backend, circuit.density_matrix([0, 3]), np.outer([1, 0, 0, 1], [1, 0, 0, 1]) / 2)
    close(backend, circuit.mutual_information([0], [3], base=2), 2)


@pytest.mark.parametrize("message", ["00", "01", "10", "11"])
def test_superdense_coding_brings_two_bits_by_one_qubit(backend, message):
    circuit = bell(kg.Circuit(2), 0, 1)
    if message[1] == "1":
        circuit.x(0)
    if message[0] == "1":
        circuit.z(0)
    circuit.cx(0, 1).h(0).measure(0, 0).measure(1, 1)
    close(backend, circuit.probabilities(bits=[0, 1]), np.eye(4)[int(message, 2)])


def test_superdense_coding_of_random_bits_agrees_with_the_bits_that_were_sent(backend):
    """Bits 0 and 1 are drawn by measuring, sent by conditioned gates, and read into bits 2 and 3."""
    circuit = bell(kg.Circuit(3).h(2).measure(2, 0).reset(2).ry(0.8, 2).measure(2, 1), 0, 1)
    circuit.conditioned(X, [1], [0]).conditioned(Z, [0], [0]).cx(0, 1).h(0).measure(0, 2).measure(1, 3)
    one = math.sin(0.4) ** 2
    expected = np.diag(np.kron([0.5, 0.5], [1 - one, one])).reshape(-1)
    close(backend, circuit.probabilities(bits=[0, 1, 2, 3]), expected)


@pytest.mark.parametrize("wrong", [None, 0, 1, 2])
def test_the_bit_flip_code_corrects_one_flip(backend, wrong):
    circuit = kg.Circuit(5).prepare(MESSAGE, [0]).cx(0, 1).cx(0, 2)
    if wrong is not None:
        circuit.x(wrong)
    circuit.cx(0, 3).cx(1, 3).cx(1, 4).cx(2, 4).measure(3, 0).measure(4, 1)
    for place, syndrome in enumerate(["10", "11", "01"]):
        circuit.conditioned(X, [0, 1], [place], on=syndrome)
    code = np.zeros(8, complex)
    code[[0, 7]] = MESSAGE
    close(backend, circuit.density_matrix([0, 1, 2]), np.outer(code, code.conj()))


def test_the_bit_flip_code_over_two_rounds_with_one_ancilla_used_again_fails_as_its_probabilities_say(backend):
    """Each round corrects up to one flip of three, each of probability p; two or three flips are a logical flip."""
    p = 0.1
    failure = 3 * p**2 * (1 - p) + p**3
    circuit = kg.Circuit(4)
    for _ in range(2):
        for qubit in range(3):
            circuit.bit_flip(p, qubit)
        for bit, pair in enumerate(pairwise(range(3))):
            circuit.cx(pair[0], 3).cx(pair[1], 3).measure(3, bit).reset(3)
        for place, syndrome in enumerate(["10", "11", "01"]):
            circuit.conditioned(X, [0, 1], [place], on=syndrome)
    expected = np.zeros(8)
    expected[0b111] = 2 * failure * (1 - failure)
    expected[0] = 1 - expected[0b111]
    close(backend, circuit.probabilities([0, 1, 2]), expected)


def test_a_step_of_repeat_until_success_succeeds_more_often_each_time(backend):
    """Each try measures 1 with probability sin²(a/2); where it did, no further one happens."""
    angle = 1.1
    circuit = kg.Circuit(1).ry(angle, 0).measure(0, 0)
    for _ in range(3):
        circuit.conditioned(kg.Circuit(1).ry(angle, 0), [0], [0], on=0).measure(0, 0)
    fail = math.cos(angle / 2) ** 2
    close(backend, circuit.probabilities(bits=[0]), [fail**4, 1 - fail**4])


def test_a_measured_qubit_is_reset_by_its_own_outcome(backend):
    circuit = kg.Circuit(1).ry(0.9, 0).measure(0, 0).conditioned(X, [0], [0])
    close(backend, circuit.probabilities(), [1, 0])
    close(backend, circuit.probabilities(bits=[0]), [math.cos(0.45) ** 2, math.sin(0.45) ** 2])


def test_a_conditioned_gate_with_the_measured_qubit_as_its_control_acts_where_both_agree(backend):
    controlled = kg.Circuit(2).cx(0, 1)
    agreeing = kg.Circuit(2).h(0).measure(0, 0).conditioned(controlled, [0], [0, 1], on=1)
    never = kg.Circuit(2).h(0).measure(0, 0).conditioned(controlled, [0], [0, 1], on=0)
    close(backend, agreeing.probabilities(), [0.5, 0, 0, 0.5])
    close(backend, never.probabilities(), [0.5, 0, 0.5, 0])


def test_a_control_of_either_value_on_the_measured_qubit_meets_the_condition_or_never_acts(backend):
    for control, condition in product((0, 1), repeat=2):
        gate = kg.Circuit(2).controlled(X, [0], [1], on=control)
        circuit = kg.Circuit(2).ry(0.9, 0).measure(0, 3).conditioned(gate, [3], [0, 1], on=condition)
        chance = [math.cos(0.45) ** 2, math.sin(0.45) ** 2][control] if control == condition else 0
        close(backend, circuit.probabilities([1]), [1 - chance, chance])


def test_a_condition_sees_the_outcome_and_not_what_became_of_the_qubit(backend):
    changed = kg.Circuit(2).ry(0.9, 0).measure(0, 0).x(0).conditioned(X, [0], [1])
    close(backend, changed.probabilities([0, 1]), [0, math.sin(0.45) ** 2, math.cos(0.45) ** 2, 0])


def test_a_condition_sees_the_outcome_after_the_qubit_was_reset_and_prepared_again(backend):
    circuit = kg.Circuit(2).ry(0.9, 0).measure(0, 0).reset(0).prepare([0.6, 0.8], [0]).conditioned(X, [0], [1])
    one = math.sin(0.45) ** 2
    close(backend, circuit.probabilities([1, 0]), np.kron([1 - one, one], [0.36, 0.64]))


def test_an_overwritten_bit_holds_the_later_outcome_for_conditions_that_come_later(backend):
    circuit = kg.Circuit(3).x(0).measure(0, 0).conditioned(X, [0], [1]).reset(0).measure(0, 0)
    circuit.conditioned(X, [0], [2])
    close(backend, circuit.probabilities(), np.eye(8)[0b010])
    close(backend, circuit.probabilities(bits=[0]), [1, 0])


def test_one_qubit_measured_into_two_bits_gives_the_same_twice(backend):
    circuit = kg.Circuit(1).ry(0.9, 0).measure(0, 2).measure(0, 0)
    close(backend, circuit.probabilities(bits=[2, 0]), [math.cos(0.45) ** 2, 0, 0, math.sin(0.45) ** 2])


def test_a_condition_that_asks_for_both_values_of_one_outcome_never_holds(backend):
    circuit = kg.Circuit(2).h(0).measure(0, 0).measure(0, 1).conditioned(X, [0, 1], [1], on="01")
    close(backend, circuit.probabilities([1]), [1, 0])


def test_a_bit_that_nothing_was_measured_into_is_zero_for_conditions(backend):
    circuit = kg.Circuit(3).measure(0, 5).conditioned(X, [3], [1], on=0).conditioned(X, [4], [2], on=1)
    close(backend, circuit.probabilities(), np.eye(8)[0b010])


def test_conditions_of_several_bits_take_their_values_in_the_order_of_the_bits(backend):
    for first, second in permutations((0, 1)):
        circuit = kg.Circuit(3).x(0).measure(0, 0).measure(1, 1)
        circuit.conditioned(X, [first, second], [2], on="10")
        close(backend, circuit.probabilities([2]), [0, 1] if first == 0 else [1, 0])


def test_two_gates_with_a_condition_each_and_one_with_both_undo_one_another_where_they_should(backend):
    circuit = kg.Circuit(3).ry(0.9, 0).measure(0, 0).ry(1.7, 1).measure(1, 1)
    circuit.conditioned(X, [0], [2]).conditioned(Z, [1], [2]).conditioned(X, [0, 1], [2], on="11")
    chance = math.sin(0.45) ** 2 * math.cos(0.85) ** 2
    close(backend, circuit.probabilities([2]), [1 - chance, chance])


def test_measuring_takes_the_coherences_and_leaves_the_probabilities(backend):
    circuit = kg.Circuit(1).ry(0.9, 0).rz(0.4, 0).measure(0)
    close(backend, circuit.density_matrix(), np.diag([math.cos(0.45) ** 2, math.sin(0.45) ** 2]))
    close(backend, circuit.expectation(kg.X(0)), 0)
    close(backend, circuit.variance(kg.Y(0)), 1)


def test_measuring_every_second_of_many_steps_holds_a_state_where_it_is(backend):
    """The quantum Zeno effect: k measurements during a flip leave |0⟩ with probability (1 + cosᵏ(π/k))/2."""
    circuit = kg.Circuit(1)
    for _ in range(8):
        circuit.ry(math.pi / 8, 0).measure(0, 0)
    contrast = math.cos(math.pi / 8) ** 8
    close(backend, circuit.probabilities(), [(1 + contrast) / 2, (1 - contrast) / 2])


@pytest.mark.parametrize("place", ["before", "between", "after"])
def test_post_selection_weighs_the_bits_wherever_it_stands(backend, place):
    """Of two correlated qubits one is measured; selecting the other one changes the odds by Bayes' rule."""
    circuit = kg.Circuit(2).ry(0.9, 0).cx(0, 1).ry(0.7, 1)
    if place == "before":
        circuit.post_select("1", [1]).measure(0, 0)
    elif place == "between":
        circuit.measure(0, 0).post_select("1", [1]).measure(1, 1)
    else:
        circuit.measure(0, 0).h(0).measure(0, 1).post_select("1", [1])
    zero = math.cos(0.45) ** 2 * math.sin(0.35) ** 2
    one = math.sin(0.45) ** 2 * math.cos(0.35) ** 2
    close(backend, circuit.probabilities(bits=[0]), [zero / (zero + one), one / (zero + one)])


def test_post_selection_of_a_measured_qubit_settles_its_bit(backend):
    circuit = kg.Circuit(1).h(0).measure(0, 0).post_select("1", [0])
    close(backend, circuit.probabilities(bits=[0]), [0, 1])


def test_post_selection_after_a_measured_qubit_was_changed_settles_its_bit(backend):
    circuit = kg.Circuit(1).h(0).measure(0, 0).x(0).post_select("1", [0])
    close(backend, circuit.probabilities(bits=[0]), [1, 0])


def test_a_circuit_of_nothing_but_a_measurement_measures_zero(backend):
    close(backend, kg.Circuit(1).measure(0).probabilities(bits=[0]), [1, 0])


@pytest.mark.parametrize("kind", ["trajectories", "shots"])
def test_a_hermitian_matrix_is_estimated_without_the_coherence_that_a_measurement_took(backend, kind):
    plus = kg.Hermitian([[0, 1], [1, 0]], [0])
    f = kg.function(kg.Circuit(1).h(0).measure(0), kg.expval(plus), **{kind: 2000}, seed=3)
    assert abs(float(backend.to_numpy(f()))) < 5 / math.sqrt(2000)

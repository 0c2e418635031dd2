"""Circuits made of circuits: composed, inverted, repeated, controlled; against dense block matrices."""

import math
from itertools import permutations, product

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import controlled_on
from dense_reference import EVERY_GATE, GATES, PREPARATION, embed, gate_matrix, play, random_program, run

FOUR = [entry for entry in PREPARATION if max(entry[2]) < 4]
START = run(FOUR, 4)
TOLERANCE = 1e-12
ANGLES = (0.7, -1.3, 2.1, 0.4)
UNITARY = np.array([[0.6, -0.8j], [0.8, 0.6j]])


def prepared():
    return play(kg.Circuit(4), FOUR)


def close(backend, circuit, expected, message=""):
    found = backend.to_numpy(circuit.state())
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=message)


def one_gate(name):
    gate = EVERY_GATE[name]
    circuit = kg.Circuit(gate.qubits)
    return circuit.append(name, ANGLES[: gate.angles], range(gate.qubits)), gate_matrix(name, ANGLES[: gate.angles])


def test_composing_puts_each_qubit_where_it_was_sent_for_every_permutation(backend):
    program = [("ry", (0.7,), (1,)), ("cry", (0.9,), (2, 0)), ("cx", (), (0, 1)), ("rzx", (0.4,), (1, 2))]
    part = play(kg.Circuit(3), program)
    everywhere = list(permutations(range(4), 3))
    for places in everywhere if backend.name == "numpy" else everywhere[-1:]:
        moved = [(name, angles, tuple(places[qubit] for qubit in qubits)) for name, angles, qubits in program]
        close(backend, prepared().compose(part, places), run(moved, 4, START), str(places))


def test_composing_without_places_uses_the_first_qubits():
    program = random_program(4, 3, 8)
    found = prepared().compose(play(kg.Circuit(3), program)).state()
    np.testing.assert_allclose(found, run(program, 4, START), rtol=0, atol=TOLERANCE)


def test_composing_moves_the_controls_too():
    part = kg.Circuit(3).controlled(kg.Circuit(1).ry(0.7, 0), [2, 0], [1], on="01")
    expected = embed(controlled_on(gate_matrix("ry", (0.7,)), "01"), (0, 3, 1), 4) @ START
    close(kg.get_backend(), prepared().compose(part, [3, 1, 0]), expected)


def test_composing_leaves_the_other_circuit_as_it_was():
    part = kg.Circuit(2).h(0)
    whole = kg.Circuit(2).compose(part)
    part.x(1)
    whole.z(0)
    assert repr(whole) == "Circuit(2): h 0; z 0"
    assert repr(part) == "Circuit(2): h 0; x 1"


def test_a_circuit_composed_with_itself_is_there_twice():
    circuit = kg.Circuit(1).t(0).h(0)
    assert repr(circuit.compose(circuit)) == "Circuit(1): t 0; h 0; t 0; h 0"


@pytest.mark.parametrize("name", sorted(EVERY_GATE))
def test_the_inverse_of_every_gate_is_its_conjugate_transpose(name):
    circuit, matrix = one_gate(name)
    for places in list(permutations(range(4), circuit.num_qubits))[:: 5 if circuit.num_qubits > 1 else 1]:
        found = prepared().compose(circuit.inverse(), places).state()
        expected = embed(matrix.conj().T, places, 4) @ START
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=f"{name} {places}")


@pytest.mark.parametrize("seed", range(5))
def test_a_random_circuit_and_its_inverse_give_back_the_state(seed):
    part = play(kg.Circuit(4), random_program(seed, 4, 25)).unitary(UNITARY, [2])
    part.controlled(kg.Circuit(2).iswap(0, 1).unitary(UNITARY, [1]).p(0.3, 0), [1, 3], [2, 0], on="01")
    np.testing.assert_allclose(prepared().compose(part).compose(part.inverse()).state(), START, rtol=0, atol=1e-11)
    np.testing.assert_allclose(
        part.inverse().inverse().state(), part.state(), rtol=0, atol=1e-11
    )  # the inverse of the inverse


def test_the_inverse_of_a_matrix_is_its_conjugate_transpose(backend):
    circuit = prepared().compose(kg.Circuit(1).unitary(backend.asarray(UNITARY), [0]).inverse(), [2])
    close(backend, circuit, embed(UNITARY.conj().T, (2,), 4) @ START)
    close(backend, prepared().compose(kg.Circuit(1).unitary(UNITARY, [0]).inverse().inverse(), [2]),
          embed(UNITARY, (2,), 4) @ START)  # fmt: skip


def test_the_inverse_takes_a_native_angle_along_with_its_gradient(autodiff_backend):
    backend = autodiff_backend

    def mean(theta):
        return kg.Circuit(1).x(0).compose(kg.Circuit(1).ry(theta, 0).s(0).inverse()).expectation(kg.X(0))

    # S† leaves |1⟩; ry(−θ)|1⟩ has ⟨X⟩ = sin θ.
    value, gradient = kg.value_and_grad(mean, fallback="error")(backend.asarray(0.4))
    np.testing.assert_allclose(backend.to_numpy(value), math.sin(0.4), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(backend.to_numpy(gradient), math.cos(0.4), rtol=0, atol=TOLERANCE)


def test_inverting_leaves_the_circuit_as_it_was():
    circuit = kg.Circuit(1).s(0).rx(0.5, 0)
    circuit.inverse().x(0)
    assert repr(circuit) == "Circuit(1): s 0; rx(0.5) 0"


@pytest.mark.parametrize("exponent", [-3, -1, 0, 1, 2, 5])
def test_a_power_is_the_power_of_the_matrix(exponent):
    program = random_program(9, 2, 6)
    matrix = np.eye(4)
    for name, angles, qubits in program:
        matrix = embed(gate_matrix(name, angles), qubits, 2) @ matrix
    part = play(kg.Circuit(2), program).power(exponent)
    expected = embed(np.linalg.matrix_power(matrix, exponent), (3, 1), 4) @ START
    np.testing.assert_allclose(prepared().compose(part, [3, 1]).state(), expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_controlled_gate_is_a_block_matrix_for_every_permutation_and_every_pattern(count):
    part, matrix = one_gate("u")
    for places, pattern in product(permutations(range(4), count + 1), product("01", repeat=count)):
        on = "".join(pattern)
        found = prepared().controlled(part, places[:-1], places[-1:], on=on).state()
        expected = embed(controlled_on(matrix, on), places, 4) @ START
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=f"{places} on {on}")


@pytest.mark.parametrize(("controls", "on"), [((2,), "0"), ((1, 3, 0), "101")])
def test_controls_do_the_same_on_every_backend(backend, controls, on):
    part, matrix = one_gate("rxx" if len(controls) < 3 else "ry")
    targets = tuple(qubit for qubit in (3, 2, 1, 0) if qubit not in controls)[: part.num_qubits]
    expected = embed(controlled_on(matrix, on), (*controls, *targets), 4) @ START
    close(backend, prepared().controlled(part, controls, targets, on=on), expected)


@pytest.mark.parametrize("name", sorted(GATES))
def test_every_gate_has_its_controlled_form_with_all_of_its_phase(name):
    part, matrix = one_gate(name)
    for places in list(permutations(range(4), part.num_qubits + 1))[::5]:
        found = prepared().controlled(part, places[:1], places[1:], on=0).state()
        expected = embed(controlled_on(matrix, "0"), places, 4) @ START
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=f"{name} {places}")


def test_a_controlled_circuit_of_many_gates_is_one_block():
    program = random_program(21, 2, 10)
    matrix = np.eye(4)
    for name, angles, qubits in program:
        matrix = embed(gate_matrix(name, angles), qubits, 2) @ matrix
    expected = embed(controlled_on(matrix, "10"), (1, 2, 3, 0), 4) @ START
    found = prepared().controlled(play(kg.Circuit(2), program), [1, 2], [3, 0], on="10").state()
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_a_control_on_a_controlled_circuit_is_one_more_control():
    inner = kg.Circuit(2).controlled(kg.Circuit(1).ry(0.8, 0), [1], [0], on=0)
    expected = embed(controlled_on(gate_matrix("ry", (0.8,)), "10"), (3, 0, 2), 4) @ START
    close(kg.get_backend(), prepared().controlled(inner, [3], [2, 0]), expected)


def test_a_controlled_phase_stays_a_relative_phase(backend):
    # A phase on the whole of the target circuit turns |1⟩ of the control alone.
    phase = kg.Circuit(1).unitary([[1j, 0], [0, 1j]], [0])
    found = backend.to_numpy(kg.Circuit(2).h(0).controlled(phase, [0], [1]).state())
    np.testing.assert_allclose(found, np.array([1, 0, 1j, 0]) / math.sqrt(2), rtol=0, atol=TOLERANCE)


def test_a_controlled_rz_and_a_controlled_p_differ_by_a_phase_of_the_control(backend):
    close(backend, kg.Circuit(2).h(0).x(1).controlled(kg.Circuit(1).p(0.8, 0), [0], [1]),
          np.array([0, 1, 0, np.exp(0.8j)]) / math.sqrt(2))  # fmt: skip
    close(backend, kg.Circuit(2).h(0).x(1).controlled(kg.Circuit(1).rz(0.8, 0), [0], [1]),
          np.array([0, 1, 0, np.exp(0.4j)]) / math.sqrt(2))  # fmt: skip


def test_no_controls_at_all_is_the_circuit_itself():
    assert repr(kg.Circuit(2).controlled(kg.Circuit(1).h(0), [], [1])) == "Circuit(2): h 1"


def test_a_control_is_written_with_its_value():
    circuit = kg.Circuit(3).controlled(kg.Circuit(1).rx(0.5, 0), [0, 2], [1], on="10")
    assert repr(circuit) == "Circuit(3): c1[0] c0[2] rx(0.5) 1"


def test_a_derivative_goes_through_a_controlled_rotation(autodiff_backend):
    backend = autodiff_backend

    def mean(theta):
        part = kg.Circuit(1).ry(theta, 0)
        return kg.Circuit(3).h(0).controlled(part, [2, 0], [1], on="01").expectation(kg.Z(1))

    # Half of the state is turned: (1 + cos θ)/2.
    value, gradient = kg.value_and_grad(mean, fallback="error")(backend.asarray(0.6))
    np.testing.assert_allclose(backend.to_numpy(value), (1 + math.cos(0.6)) / 2, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(backend.to_numpy(gradient), -math.sin(0.6) / 2, rtol=0, atol=TOLERANCE)


PART = kg.Circuit(2).h(0).cx(0, 1)
NOISY = kg.Circuit(1).h(0).bit_flip(0.1, 0)
NO_INVERSE = "{} is a channel, which has no inverse; invert circuits of gates alone"
NO_CONTROL = "{} is a channel, which has no controlled form; control gates alone"
VALUES = "controls act on {!r}; give 0, 1, or a string with one of these for each"
REFUSED = {
    "composing with qubits too few": (
        lambda c: c.compose(PART, [1]), ValueError, "the circuit has 2 qubits, but 1 were named for it",
    ),
    "composing with a larger circuit": (
        lambda c: c.compose(kg.Circuit(5)), ValueError, "compose got qubit 4, but the circuit has qubits 0 to 3",
    ),
    "composing with one qubit twice": (
        lambda c: c.compose(PART, [1, 1]), ValueError, "compose got the qubits (1, 1), but each may come only once",
    ),
    "composing with no circuit": (lambda c: c.compose("h"), TypeError, "got a str; give a circuit"),
    "a power of one half of two gates": (
        lambda c: kg.Circuit(1).h(0).x(0).power(0.5), NotImplementedError,
        "the circuit has 2 instructions, and a fractional power is for one gate; give an integer",
    ),
    "a power of True": (lambda c: c.power(True), TypeError, "the exponent is True; give an integer"),
    "an inverse of noise": (lambda c: c.reset(1).inverse(), NotImplementedError, NO_INVERSE.format("reset")),
    "a negative power of noise": (
        lambda c: c.kraus([np.eye(2)], [0]).power(-1), kg.UnsupportedError, NO_INVERSE.format("kraus"),
    ),
    "controlled noise": (
        lambda c: c.controlled(NOISY, [0], [1]), NotImplementedError, NO_CONTROL.format("bit_flip"),
    ),
    "a control among the targets": (
        lambda c: c.controlled(kg.Circuit(1).x(0), [0], [0]),
        ValueError,
        "controlled got the qubits (0, 0), but each may come only once",
    ),
    "a control twice": (
        lambda c: c.controlled(PART, [0, 0], [1, 2]),
        ValueError,
        "controls got the qubits (0, 0), but each may come only once",
    ),
    "a control beyond the last": (
        lambda c: c.controlled(PART, [4], [1, 2]),
        ValueError,
        "controls got qubit 4, but the circuit has qubits 0 to 3",
    ),
    "a pattern too short": (lambda c: c.controlled(PART, [0, 3], [1, 2], on="1"), ValueError, VALUES.format("1")),
    "a pattern of other digits": (lambda c: c.controlled(PART, [0], [1, 2], on="2"), ValueError, VALUES.format("2")),
    "a value of 2": (lambda c: c.controlled(PART, [0], [1, 2], on=2), ValueError, VALUES.format(2)),
    "True as value": (lambda c: c.controlled(PART, [0], [1, 2], on=True), ValueError, VALUES.format(True)),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_its_sentence(case):
    attempt, kind, sentence = REFUSED[case]
    with pytest.raises(kind) as caught:
        attempt(kg.Circuit(4).x(0))
    assert str(caught.value) == sentence
    assert isinstance(caught.value, kg.KetgradError)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda c: c.controlled(NOISY, [0], [1]),
        lambda c: c.controlled(PART, [2], [1, 2]),
        lambda c: c.compose(PART, [9, 0]),
    ],
    ids=["noise", "overlap", "range"],
)
def test_a_refused_circuit_leaves_nothing_behind(attempt):
    circuit = kg.Circuit(4).x(0)
    with pytest.raises(kg.KetgradError):
        attempt(circuit)
    assert repr(circuit) == "Circuit(4): x 0"


@pytest.mark.parametrize("part", [kg.Circuit(2).x(0), kg.Circuit(2)], ids=["an idle target", "no gates"])
def test_a_control_among_the_targets_is_refused_even_where_the_target_is_idle(part):
    with pytest.raises(kg.InvalidValueError):
        kg.Circuit(3).controlled(part, [1], [0, 1])


def test_one_number_for_qubits_is_refused_with_a_sentence():
    for attempt in (lambda c: c.controlled(kg.Circuit(1).x(0), 0, [1]), lambda c: c.compose(kg.Circuit(1).x(0), 2)):
        with pytest.raises(kg.KetgradError):
            attempt(kg.Circuit(3))

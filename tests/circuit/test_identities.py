"""Identities that hold for every circuit, on random ones; and random circuits against the dense reference."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ketgrad as kg
from dense_reference import EVERY_GATE, GATES, PREPARATION, play, probabilities, random_program, run

TOLERANCE = 1e-12
many = settings(max_examples=60, deadline=None, derandomize=True)
few = settings(max_examples=25, deadline=None, derandomize=True)

INVERSES = {
    "s": lambda qubits: [("sdg", (), qubits)],
    "sdg": lambda qubits: [("s", (), qubits)],
    "t": lambda qubits: [("tdg", (), qubits)],
    "tdg": lambda qubits: [("t", (), qubits)],
    "sx": lambda qubits: [("sxdg", (), qubits)],
    "sxdg": lambda qubits: [("sx", (), qubits)],
    # The fourth power of both is the identity.
    "csx": lambda qubits: [("csx", (), qubits)] * 3,
    "csxdg": lambda qubits: [("csxdg", (), qubits)] * 3,
    "iswap": lambda qubits: [("iswap", (), qubits)] * 3,
    "iswapdg": lambda qubits: [("iswapdg", (), qubits)] * 3,
    "u": lambda qubits, t, a, b: [("u", (-t, -b, -a), qubits)],
    "u2": lambda qubits, a, b: [("u2", (math.pi - b, -math.pi - a), qubits)],
    "cu": lambda qubits, t, a, b, g: [("cu", (-t, -b, -a, -g), qubits)],
}


def inverse(program):
    undone = []
    for name, angles, qubits in reversed(program):
        if name in INVERSES:
            undone += INVERSES[name](qubits, *angles)
        else:
            undone.append((name, tuple(-angle for angle in angles), qubits))
    return undone


@st.composite
def programs(draw, min_qubits=1, max_qubits=4):
    n = draw(st.integers(min_qubits, max_qubits))
    names = sorted(name for name, gate in GATES.items() if gate.qubits <= n)
    program = []
    for name in draw(st.lists(st.sampled_from(names), max_size=12)):
        angles = draw(st.tuples(*[st.floats(-7, 7)] * GATES[name].angles))
        qubits = tuple(draw(st.permutations(range(n)))[: GATES[name].qubits])
        program.append((name, angles, qubits))
    return n, program


def state_of(n, program):
    return play(kg.Circuit(n), program).state()


@many
@given(programs())
def test_a_random_circuit_prepares_the_state_of_the_dense_reference(drawn):
    n, program = drawn
    np.testing.assert_allclose(state_of(n, program), run(program, n), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fixed_random_circuit_prepares_the_state_of_the_dense_reference(backend, seed):
    program = random_program(seed, 4, 30)
    found = backend.to_numpy(state_of(4, program))
    np.testing.assert_allclose(found, run(program, 4), rtol=0, atol=TOLERANCE)


@few
@given(programs())
def test_the_state_has_norm_1(drawn):
    assert np.linalg.norm(state_of(*drawn)) == pytest.approx(1, abs=TOLERANCE)


@few
@given(programs())
def test_a_circuit_followed_by_its_inverse_gives_back_zeros(drawn):
    n, program = drawn
    np.testing.assert_allclose(state_of(n, program + inverse(program)), np.eye(2**n)[0], rtol=0, atol=TOLERANCE)


def test_a_fixed_circuit_followed_by_its_inverse_gives_back_zeros(backend):
    program = random_program(3, 3, 15)
    found = backend.to_numpy(state_of(3, program + inverse(program)))
    np.testing.assert_allclose(found, np.eye(8)[0], rtol=0, atol=TOLERANCE)


@few
@given(programs(min_qubits=3), st.integers(0, 1000))
def test_a_unitary_and_its_inverse_in_the_middle_change_nothing(drawn, seed):
    n, program = drawn
    inserted = random_program(seed, n, 4)
    middle = len(program) // 2
    longer = program[:middle] + inserted + inverse(inserted) + program[middle:]
    np.testing.assert_allclose(state_of(n, longer), state_of(n, program), rtol=0, atol=TOLERANCE)


@few
@given(programs(min_qubits=2), st.randoms(use_true_random=False))
def test_relabelled_qubits_permute_the_probabilities(drawn, random):
    n, program = drawn
    new = random.sample(range(n), n)
    relabelled = [(name, angles, tuple(new[qubit] for qubit in qubits)) for name, angles, qubits in program]
    circuit = play(kg.Circuit(n), program)
    found = play(kg.Circuit(n), relabelled).probabilities(new)
    np.testing.assert_allclose(found, circuit.probabilities(), rtol=0, atol=TOLERANCE)


@few
@given(programs(max_qubits=3), st.integers(0, 3))
def test_an_idle_qubit_anywhere_leaves_the_others_as_they_were(drawn, place):
    n, program = drawn
    others = [qubit for qubit in range(n + 1) if qubit != min(place, n)]
    wider = [(name, angles, tuple(others[qubit] for qubit in qubits)) for name, angles, qubits in program]
    circuit = play(kg.Circuit(n + 1), wider)
    np.testing.assert_allclose(circuit.probabilities(others), probabilities(run(program, n)), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(circuit.probabilities([min(place, n)]), [1, 0], rtol=0, atol=TOLERANCE)


@few
@given(programs(), st.data())
def test_marginals_of_any_qubits_in_any_order_equal_the_dense_ones(drawn, data):
    n, program = drawn
    qubits = data.draw(st.permutations(range(n)))[: data.draw(st.integers(1, n))]
    found = play(kg.Circuit(n), program).probabilities(qubits)
    np.testing.assert_allclose(found, probabilities(run(program, n), qubits), rtol=0, atol=TOLERANCE)


THETA = 0.83
REWRITES = {
    "swap is three cx": (
        [("swap", (), (3, 1))],
        [("cx", (), (3, 1)), ("cx", (), (1, 3)), ("cx", (), (3, 1))],
    ),
    "x is h z h": ([("x", (), (2,))], [("h", (), (2,)), ("z", (), (2,)), ("h", (), (2,))]),
    "y is s x sdg": ([("y", (), (4,))], [("sdg", (), (4,)), ("x", (), (4,)), ("s", (), (4,))]),
    "sx twice is x": ([("sx", (), (1,))] * 2, [("x", (), (1,))]),
    "cz is symmetric": ([("cz", (), (4, 0))], [("cz", (), (0, 4))]),
    "cp is symmetric": ([("cp", (THETA,), (1, 3))], [("cp", (THETA,), (3, 1))]),
    "ccz is symmetric": ([("ccz", (), (0, 2, 4))], [("ccz", (), (4, 0, 2))]),
    "cx is cz between h": (
        [("cx", (), (3, 0))],
        [("h", (), (0,)), ("cz", (), (3, 0)), ("h", (), (0,))],
    ),
    "h on both turns cx around": (
        [("cx", (), (0, 3))],
        [("h", (), (0,)), ("h", (), (3,)), ("cx", (), (3, 0)), ("h", (), (0,)), ("h", (), (3,))],
    ),
    "rzz is cx rz cx": (
        [("rzz", (THETA,), (2, 0))],
        [("cx", (), (2, 0)), ("rz", (THETA,), (0,)), ("cx", (), (2, 0))],
    ),
    "rxx is rzz between h": (
        [("rxx", (THETA,), (1, 4))],
        [("h", (), (1,)), ("h", (), (4,)), ("rzz", (THETA,), (1, 4)), ("h", (), (1,)), ("h", (), (4,))],
    ),
    "rzx is rzz between h on the second": (
        [("rzx", (THETA,), (3, 2))],
        [("h", (), (2,)), ("rzz", (THETA,), (3, 2)), ("h", (), (2,))],
    ),
    "crz is half an rz each way": (
        [("crz", (THETA,), (4, 1))],
        [
            ("rz", (THETA / 2,), (1,)),
            ("cx", (), (4, 1)),
            ("rz", (-THETA / 2,), (1,)),
            ("cx", (), (4, 1)),
        ],
    ),
    "iswap is swap cz and s on both": (
        [("iswap", (), (0, 3))],
        [("swap", (), (0, 3)), ("cz", (), (0, 3)), ("s", (), (0,)), ("s", (), (3,))],
    ),
    "cswap is cx ccx cx": (
        [("cswap", (), (2, 4, 1))],
        [("cx", (), (1, 4)), ("ccx", (), (2, 4, 1)), ("cx", (), (1, 4))],
    ),
    "rotations on one axis add": (
        [("ry", (THETA,), (0,)), ("ry", (0.4,), (0,))],
        [("ry", (THETA + 0.4,), (0,))],
    ),
    "gates on different qubits commute": (
        [("rx", (THETA,), (3,)), ("cp", (0.4,), (0, 2))],
        [("cp", (0.4,), (0, 2)), ("rx", (THETA,), (3,))],
    ),
}


@pytest.mark.parametrize("rewrite", REWRITES)
def test_both_sides_of_a_rewrite_prepare_one_state(backend, rewrite):
    left, right = (backend.to_numpy(play(kg.Circuit(5), [*PREPARATION, *side]).state()) for side in REWRITES[rewrite])
    np.testing.assert_allclose(left, right, rtol=0, atol=TOLERANCE)


def test_native_parameters_prepare_the_same_state_as_numbers(backend):
    parametrised = [name for name, gate in EVERY_GATE.items() if gate.angles]
    numbers, natives = play(kg.Circuit(5), PREPARATION), play(kg.Circuit(5), PREPARATION)
    for name in parametrised:
        angles = (0.7, -1.3, 2.1, 0.4)[: EVERY_GATE[name].angles]
        qubits = (3, 1, 0, 4)[: EVERY_GATE[name].qubits]
        numbers.append(name, angles, qubits)
        natives.append(name, [backend.asarray(angle) for angle in angles], qubits)
    found, expected = backend.to_numpy(natives.state()), backend.to_numpy(numbers.state())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("value", [2, np.int64(2), np.float64(2.0), np.float32(2.0), np.array(2.0)], ids=repr)
def test_numbers_of_every_type_are_angles(backend, value):
    found = backend.to_numpy(kg.Circuit(1).ry(value, 0).state())
    np.testing.assert_allclose(found, [math.cos(1), math.sin(1)], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("whole", [np.int64(2), np.array(2)], ids=repr)
def test_an_integer_angle_leaves_a_fractional_one_beside_it_as_it_is(backend, whole):
    found = backend.to_numpy(kg.Circuit(2).ry(0.5, 0).ry(whole, 1).probabilities([0]))
    np.testing.assert_allclose(found, [math.cos(0.25) ** 2, math.sin(0.25) ** 2], rtol=0, atol=TOLERANCE)


def test_a_native_integer_angle_leaves_a_fractional_one_beside_it_as_it_is(backend):
    circuit = kg.Circuit(2).ry(0.5, 0).ry(backend.asarray(2), 1)
    found = backend.to_numpy(circuit.probabilities([0]))
    np.testing.assert_allclose(found, [math.cos(0.25) ** 2, math.sin(0.25) ** 2], rtol=0, atol=TOLERANCE)


def test_a_float32_angle_leaves_a_double_precision_number_beside_it_as_it_is(backend):
    circuit = kg.Circuit(2).ry(0.1, 0).ry(backend.asarray(0.5, dtype="float32"), 1)
    found = backend.to_numpy(circuit.probabilities([0]))
    np.testing.assert_allclose(found, [math.cos(0.05) ** 2, math.sin(0.05) ** 2], rtol=0, atol=TOLERANCE)


def test_a_float32_angle_leaves_a_float64_one_beside_it_as_it_is(backend):
    circuit = kg.Circuit(2).ry(backend.asarray(0.1), 0).ry(backend.asarray(0.5, dtype="float32"), 1)
    found = backend.to_numpy(circuit.probabilities([0]))
    np.testing.assert_allclose(found, [math.cos(0.05) ** 2, math.sin(0.05) ** 2], rtol=0, atol=TOLERANCE)

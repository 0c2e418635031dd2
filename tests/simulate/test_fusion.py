"""Gates that the traced engine runs as one, against the slow dense reference."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import embed, expectation, play, random_program, run
from ketgrad.simulate.fusion import fuse
from ketgrad.simulate.matrices import Step, circuit_events
from ketgrad.simulate.program import lower

TERMS = {"X0 Y2": 0.7, "Y0 Z2": -0.4, "Z0 X3": 0.9, "Y2": 0.3, "Z1 Z3": 0.55}
ROTATIONS = {"rx": 1, "ry": 1, "rz": 1, "rxx": 2, "ryy": 2, "rzz": 2}


def blocks(circuit):
    """Return the qubits of each block, and the places of its gates."""
    parts = [None if part.is_channel else part for part in circuit.operations]
    return [item if isinstance(item, int) else (item.qubits, item.members) for item in fuse(parts)]


def test_neighbours_on_one_qubit_become_one_block():
    assert blocks(kg.Circuit(2).rx(0.1, 0).h(1).rz(0.2, 0).x(0)) == [((0,), [0, 2, 3]), ((1,), [1])]


def test_gates_on_one_qubit_join_a_gate_on_two_before_and_behind():
    circuit = kg.Circuit(2).ry(0.1, 0).ry(0.2, 1).cx(1, 0).rz(0.3, 0).rz(0.4, 1).cx(0, 1)
    assert blocks(circuit) == [((0, 1), [0, 1, 2, 3, 4, 5])]


def test_blocks_grow_to_three_qubits_and_no_further():
    assert blocks(kg.Circuit(4).cx(0, 1).cx(1, 2).cx(2, 3).h(0)) == [((0, 1, 2), [0, 1, 3]), ((2, 3), [2])]


def test_a_block_that_another_has_followed_takes_in_only_what_it_covers():
    circuit = kg.Circuit(5).ccx(0, 1, 2).ccx(2, 3, 4).h(1).h(2).cx(1, 2)
    assert blocks(circuit) == [((0, 1, 2), [0, 2]), ((2, 3, 4), [1, 3]), ((1, 2), [4])]


def test_nothing_joins_a_gate_under_control_or_moves_past_a_channel():
    controlled = kg.Circuit(3).h(0).controlled(kg.Circuit(1).ry(0.3, 0), [1], [0]).h(0)
    assert blocks(controlled) == [((0,), [0]), ((0,), [1]), ((0,), [2])]
    assert blocks(kg.Circuit(2).h(0).bit_flip(0.1, 1).h(0)) == [((0,), [0]), 1, ((0,), [2])]


def test_a_given_matrix_stays_alone():
    circuit = kg.Circuit(1).h(0).unitary(np.array([[0, 1], [1, 0]]), [0]).h(0)
    assert [members for _, members in blocks(circuit)] == [[0], [1], [2]]


def test_six_layers_on_ten_qubits_take_five_and_a_half_steps_each():
    circuit = kg.templates.hardware_efficient(np.zeros((6, 10, 2)))
    program = lower(circuit.operations, 10)
    numbers = program.recipe.numbers.bind(kg.get_backend(), {}, "double")
    events = circuit_events(kg.get_backend(), program.recipe, numbers, "double", None)
    assert all(isinstance(event, Step) for event in events)
    assert len(events) <= 33


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(4))
def test_a_random_circuit_prepares_the_state_of_the_reference(backend, seed, num_qubits):
    program = random_program(seed, num_qubits, 40)
    found = kg.function(play(kg.Circuit(num_qubits), program), kg.state(), engine="traced")()
    np.testing.assert_allclose(backend.to_numpy(found), run(program, num_qubits), rtol=0, atol=1e-12)


def random_rotations(seed, count=24):
    """Return a program of rotations and CX gates on four qubits."""
    rng = np.random.default_rng(seed)
    program = []
    for name in rng.choice([*ROTATIONS, "cx", "h"], count):
        width = 2 if name == "cx" else ROTATIONS.get(name, 1)
        angles = tuple(rng.uniform(-3, 3, 1)) if name in ROTATIONS else ()
        program.append((str(name), angles, tuple(rng.permutation(4)[:width].tolist())))
    return program


def with_angles(program, angles):
    rest = iter(angles)
    return [(name, (next(rest),) if old else (), qubits) for name, old, qubits in program]


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_that_shifts_of_the_reference_give(autodiff_backend, seed):
    program = random_rotations(seed)
    angles = np.array([old[0] for _, old, _ in program if old])
    theta = kg.parameters("theta", angles.shape)
    f = kg.function(play(kg.Circuit(4), with_angles(program, theta)), kg.expval(kg.PauliSum(TERMS)), engine="traced")
    value, gradient = kg.value_and_grad(f, fallback="error")(autodiff_backend.asarray(angles))

    def expected(values):
        return expectation(TERMS, run(with_angles(program, values), 4))

    shifts = np.pi / 2 * np.eye(len(angles))
    differences = [(expected(angles + shift) - expected(angles - shift)) / 2 for shift in shifts]
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), expected(angles), rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), differences, rtol=0, atol=1e-12)


def test_controls_and_given_matrices_between_blocks_act_as_in_the_reference(backend):
    rng = np.random.default_rng(5)
    matrix = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
    before, after = random_program(1, 4, 12), random_program(2, 4, 12)
    circuit = play(kg.Circuit(4), before).unitary(matrix, [3, 1]).controlled(kg.Circuit(1).x(0), [2, 0], [3], on="01")
    state = embed(matrix, (3, 1), 4) @ run(before, 4)
    order = [index ^ (index >> 1 & 1 == 0 and index >> 3 & 1) for index in range(16)]
    found = kg.function(play(circuit, after), kg.state(), engine="traced")()
    np.testing.assert_allclose(backend.to_numpy(found), run(after, 4, state[order]), rtol=0, atol=1e-12)

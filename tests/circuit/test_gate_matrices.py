"""Every gate against the dense reference, over every permutation of its qubits in a register of five."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import ALIASES, EVERY_GATE, GATES, PREPARATION, embed, gate_matrix, places, play, run
from ketgrad.circuit import gates
from ketgrad.circuit.gate_methods import GateMethods

TOLERANCE = 1e-12
ANGLES = (0.7, -1.3, 2.1, 0.4)


def instruction(name, qubits):
    return name, ANGLES[: EVERY_GATE[name].angles], qubits


def random_unitary(size, seed=5):
    generator = np.random.default_rng(seed)
    return np.linalg.qr(generator.normal(size=(size, size)) + 1j * generator.normal(size=(size, size)))[0]


def test_the_reference_knows_every_gate_method():
    methods = {name for name in vars(GateMethods) if not name.startswith("_")} - {"append"}
    assert methods == set(EVERY_GATE)


def test_the_reference_knows_every_gate_of_the_table():
    assert set(gates.GATES) == set(GATES)


def test_every_alias_names_the_gate_that_the_reference_says():
    assert {**ALIASES, "i": "id"} == gates.ALIASES


@pytest.mark.parametrize("name", EVERY_GATE)
@pytest.mark.parametrize("backend_name", ["numpy", "strict"])
def test_a_gate_on_each_permutation_of_qubits_equals_its_embedded_matrix(backend_name, name):
    with kg.use_backend(backend_name) as backend:
        for qubits in places(EVERY_GATE[name].qubits, 5):
            program = [*PREPARATION, instruction(name, qubits)]
            found = backend.to_numpy(play(kg.Circuit(5), program).state())
            np.testing.assert_allclose(found, run(program, 5), rtol=0, atol=TOLERANCE, err_msg=str(qubits))


@pytest.mark.parametrize("name", EVERY_GATE)
def test_a_gate_on_all_permutations_one_after_another_equals_the_dense_product(backend, name):
    program = [*PREPARATION, *(instruction(name, qubits) for qubits in places(EVERY_GATE[name].qubits, 5))]
    found = backend.to_numpy(play(kg.Circuit(5), program).state())
    np.testing.assert_allclose(found, run(program, 5), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", EVERY_GATE)
def test_append_by_name_does_what_the_method_does(name):
    angles, qubits = ANGLES[: EVERY_GATE[name].angles], (2, 0, 1, 3)[: EVERY_GATE[name].qubits]
    appended = kg.Circuit(4).append(name, angles, qubits)
    assert appended.operations == play(kg.Circuit(4), [(name, angles, qubits)]).operations


@pytest.mark.parametrize("num_qubits", [1, 2, 3])
def test_a_given_unitary_acts_with_its_first_qubit_most_significant(backend, num_qubits):
    matrix = random_unitary(2**num_qubits)
    chosen = places(num_qubits, 4)
    preparation = [entry for entry in PREPARATION if max(entry[2]) < 4]
    circuit = play(kg.Circuit(4), preparation)
    expected = run(preparation, 4)
    for qubits in chosen:
        circuit.unitary(matrix, qubits)
        expected = embed(matrix, qubits, 4) @ expected
    np.testing.assert_allclose(backend.to_numpy(circuit.state()), expected, rtol=0, atol=TOLERANCE)


def test_a_native_unitary_equals_the_same_numbers_from_numpy(backend):
    matrix = random_unitary(4)
    found = kg.Circuit(3).h(0).unitary(backend.asarray(matrix), [2, 0]).state()
    expected = embed(matrix, (2, 0), 3) @ run([("h", (), (0,))], 3)
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)


def test_a_unitary_of_integers_in_nested_lists_is_taken(backend):
    found = kg.Circuit(2).x(0).unitary([[0, 1], [1, 0]], [1]).state()
    np.testing.assert_array_equal(backend.to_numpy(found), [0, 0, 0, 1])


def test_gate_on_numpy_integers_as_qubits_equals_that_on_integers():
    assert kg.Circuit(3).cx(np.int64(2), np.int32(0)).operations == kg.Circuit(3).cx(2, 0).operations


def test_cu_with_its_phase_differs_from_controlled_u_by_a_phase_on_the_control(backend):
    # At θ = φ = λ = 0 nothing is left but the phase: diag(1, 1, e^iγ, e^iγ).
    circuit = kg.Circuit(2).h(0).cu(0.0, 0.0, 0.0, 0.4, 0, 1)
    expected = np.array([1, 0, np.exp(0.4j), 0]) / np.sqrt(2)
    np.testing.assert_allclose(backend.to_numpy(circuit.state()), expected, rtol=0, atol=TOLERANCE)


def test_a_gate_method_returns_its_circuit():
    circuit = kg.Circuit(2)
    assert circuit.h(0) is circuit
    assert circuit.unitary(gate_matrix("cx"), [0, 1]) is circuit
    assert len(circuit) == 2


def test_a_circuit_shows_its_gates_with_their_angles_and_qubits():
    circuit = kg.Circuit(3).h(0).crx(0.25, 2, 1).unitary([[0, 1], [1, 0]], [1])
    assert repr(circuit) == "Circuit(3): h 0; crx(0.25) 2 1; unitary 1"


def test_a_matrix_that_is_changed_afterwards_leaves_the_circuit_as_it_was():
    matrix = np.array([[0.0, 1.0], [1.0, 0.0]])
    circuit = kg.Circuit(1).unitary(matrix, [0])
    matrix[:] = 0
    np.testing.assert_array_equal(circuit.state(), [0, 1])


def test_operations_with_matrices_can_be_compared():
    one, same = (kg.Circuit(1).unitary(np.eye(2), [0]).operations for _ in range(2))
    assert isinstance(one == same, bool)

"""Which bit is where: asymmetric circuits, marginals in any order, samples, counts, classical registers."""

from itertools import permutations

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import PREPARATION, play, probabilities, run


def test_x_on_qubit_1_of_3_makes_the_middle_bit_1(backend):
    state = backend.to_numpy(kg.Circuit(3).x(1).state())
    np.testing.assert_array_equal(state, [0, 0, 1, 0, 0, 0, 0, 0])


@pytest.mark.parametrize(("qubit", "index"), [(0, 8), (1, 4), (2, 2), (3, 1)])
def test_qubit_0_is_the_most_significant_bit(backend, qubit, index):
    found = backend.to_numpy(kg.Circuit(4).x(qubit).probabilities())
    np.testing.assert_array_equal(found, np.eye(16)[index])


def test_counts_write_qubit_0_leftmost(backend):
    assert kg.Circuit(3).x(1).counts(5, seed=1) == {"010": 5}
    assert kg.Circuit(3).x(0).counts(5, seed=1) == {"100": 5}


def test_counts_in_big_order_write_qubit_0_leftmost():
    assert kg.Circuit(3).x(0).counts(5, seed=1, order="big") == {"100": 5}


def test_counts_in_little_order_write_qubit_0_rightmost(backend):
    assert kg.Circuit(3).x(0).counts(5, seed=1, order="little") == {"001": 5}


def test_samples_have_qubit_0_in_the_first_column(backend):
    found = backend.to_numpy(kg.Circuit(3).x(0).cx(0, 1).sample(4, seed=1))
    np.testing.assert_array_equal(found, [[1, 1, 0]] * 4)


def test_control_and_target_are_not_exchanged(backend):
    assert kg.Circuit(3).x(2).cx(2, 0).counts(1, seed=1) == {"101": 1}
    assert kg.Circuit(3).x(2).cx(0, 2).counts(1, seed=1) == {"001": 1}


def test_both_controls_and_the_target_of_ccx_are_where_they_were_named():
    assert kg.Circuit(4).x(3).x(1).ccx(3, 1, 0).counts(1, seed=1) == {"1101": 1}
    assert kg.Circuit(4).x(3).x(0).ccx(3, 1, 0).counts(1, seed=1) == {"1001": 1}


SUBSETS = [qubits for size in (1, 2, 3, 4) for qubits in permutations(range(4), size)]


def test_every_marginal_of_every_permuted_subset_equals_the_dense_one(backend):
    preparation = [entry for entry in PREPARATION if max(entry[2]) < 4]
    circuit, state = play(kg.Circuit(4), preparation), run(preparation, 4)
    subsets = SUBSETS if backend.name in ("numpy", "strict") else SUBSETS[::5]
    for qubits in subsets:
        found = backend.to_numpy(circuit.probabilities(qubits))
        np.testing.assert_allclose(found, probabilities(state, qubits), rtol=0, atol=1e-12, err_msg=str(qubits))


def test_a_marginal_in_reverse_order_has_its_bits_exchanged(backend):
    circuit = kg.Circuit(3).x(2)
    np.testing.assert_array_equal(backend.to_numpy(circuit.probabilities([2, 0])), [0, 0, 1, 0])
    np.testing.assert_array_equal(backend.to_numpy(circuit.probabilities([0, 2])), [0, 1, 0, 0])


def test_the_marginal_of_no_qubit_is_the_norm(backend):
    found = backend.to_numpy(kg.Circuit(2).h(0).probabilities([]))
    np.testing.assert_allclose(found, [1.0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("qubits", [(2, 0), range(2), np.array([1, 2])], ids=["tuple", "range", "array"])
def test_qubits_of_a_marginal_come_in_any_sequence(qubits):
    circuit = kg.Circuit(3).ry(0.3, 0).ry(0.7, 1).ry(1.1, 2)
    expected = circuit.probabilities([int(qubit) for qubit in qubits])
    np.testing.assert_array_equal(circuit.probabilities(qubits), expected)


QASM = 'OPENQASM 2.0; include "qelib1.inc"; '


def counts_of(program, **options):
    return kg.Circuit.from_qasm(QASM + program).counts(3, seed=1, **options)


def test_a_measured_register_has_bit_0_rightmost_as_qiskit_prints_it(backend):
    assert counts_of("qreg q[3]; creg c[3]; x q[0]; measure q -> c;") == {"001": 3}


def test_a_measured_register_in_big_order_has_bit_0_leftmost():
    assert counts_of("qreg q[3]; creg c[3]; x q[0]; measure q -> c;", order="big") == {"100": 3}


def test_a_qubit_is_read_into_the_bit_that_measure_names(backend):
    program = "qreg q[3]; creg c[3]; x q[0]; measure q[0] -> c[2]; measure q[1] -> c[0]; measure q[2] -> c[1];"
    assert counts_of(program) == {"100": 3}


REGISTERS = "qreg q[3]; creg a[2]; creg b[1]; x q[0]; measure q[0] -> a[1]; measure q[1] -> a[0]; measure q[2] -> b[0];"


def test_several_registers_are_written_last_declared_first_with_a_space_between():
    assert counts_of(REGISTERS) == {"0 10": 3}


def test_little_order_is_the_default_of_measured_registers():
    assert counts_of(REGISTERS, order="little") == {"0 10": 3}


def test_several_registers_in_big_order_are_written_first_declared_first():
    assert counts_of(REGISTERS, order="big") == {"01 0": 3}


def test_a_bit_that_nothing_is_measured_into_is_0():
    assert counts_of("qreg q[2]; creg c[3]; x q; measure q[1] -> c[1];") == {"010": 3}


def test_a_register_that_nothing_is_measured_into_is_written_as_zeros():
    assert counts_of("qreg q[1]; creg a[1]; creg b[2]; x q[0]; measure q[0] -> a[0];") == {"00 1": 3}


def test_measured_bits_of_several_quantum_registers_keep_their_places():
    program = "qreg r[1]; qreg q[2]; creg c[2]; creg d[1]; x q[1]; measure q -> c; measure r -> d;"
    assert counts_of(program) == {"0 10": 3}


def test_a_program_without_measurement_counts_its_qubits_with_qubit_0_leftmost():
    assert counts_of("qreg q[3]; x q[0];") == {"100": 3}
    assert counts_of("qreg q[3]; x q[0];", order="little") == {"001": 3}


def test_reading_some_qubits_counts_their_marginal():
    counts = kg.Circuit.from_qasm(QASM + "qreg q[2]; creg c[1]; h q[0]; x q[1]; measure q[1] -> c[0];")
    assert counts.counts(100, seed=1) == {"1": 100}

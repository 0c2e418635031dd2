"""Circuits written for Qiskit: every gate at every place, random circuits, symbols, classical bits, and refusals."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, quantum_info
from qiskit.providers.basic_provider import BasicSimulator

import ketgrad as kg
from differential import qiskit_results
from differential.agreement import Agreement
from differential.build import ketgrad_circuit, qiskit_circuit
from differential.qiskit_gates import COUNTERPARTS
from differential.random_recipes import random_recipe, seed_of

CIRCUITS = 100


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_a_gate_is_the_same_matrix_at_every_place(name: str, agreement: Agreement) -> None:
    counterpart = COUNTERPARTS[name]
    angles = [0.3 + 0.7 * place for place in range(counterpart.num_parameters)]
    count = min(4, counterpart.num_qubits + 1)
    for qubits in permutations(range(count), counterpart.num_qubits):
        expected = QuantumCircuit(count)
        expected.append(counterpart.make(*angles), qubits)
        written = kg.Circuit(count).append(name, angles, qubits).to_qiskit()
        agreement.case = f"{name}{angles} on {qubits}"
        agreement.check("matrix of a written gate", matrix_of(written), matrix_of(expected))


@pytest.mark.parametrize("number", range(CIRCUITS))
def test_a_random_circuit_is_written_as_the_same_state(number: int, agreement: Agreement) -> None:
    seed = seed_of("everything", number)
    recipe = random_recipe(np.random.default_rng(seed), "everything")
    agreement.case = f"seed {seed}: {recipe}"
    written = qiskit_results.pure_state(ketgrad_circuit(recipe).to_qiskit())
    expected = qiskit_results.pure_state(qiskit_circuit(recipe))
    agreement.check("state of a written circuit", written.data, expected.data)


@pytest.mark.parametrize("number", range(CIRCUITS))
def test_a_random_circuit_with_noise_is_written_as_the_same_density_matrix(number: int, agreement: Agreement) -> None:
    seed = seed_of("noise", number)
    recipe = random_recipe(np.random.default_rng(seed), "noise")
    agreement.case = f"seed {seed}: {recipe}"
    written = qiskit_results.mixed_state(ketgrad_circuit(recipe).to_qiskit())
    expected = qiskit_results.mixed_state(qiskit_circuit(recipe))
    # Qiskit takes Kraus operators from an eigendecomposition, square roots of rounding errors included.
    agreement.check("density matrix of a written circuit", written.data, expected.data, tolerance=1e-10)


@pytest.mark.filterwarnings("ignore:splu converted|spsolve is more efficient")
@pytest.mark.parametrize("word", ["X", "YZ", "XYZ", "ZIXY"])
def test_a_pauli_rotation(word: str, agreement: Agreement) -> None:
    qubits = (2, 0, 3, 1)[: len(word)]
    controlled = kg.Circuit(5).controlled(kg.Circuit(4).pauli_rotation(0.7, word, qubits), [4], range(4), on=0)
    label = "".join(dict(zip(qubits, word, strict=True)).get(qubit, "I") for qubit in reversed(range(4)))
    pauli = quantum_info.Pauli(label).to_matrix()
    rotation = np.cos(0.35) * np.eye(16) - 1j * np.sin(0.35) * pauli
    plain = kg.Circuit(4).pauli_rotation(0.7, word, qubits).to_qiskit()
    agreement.check("matrix of a written gate", matrix_of(plain), rotation)
    expected = np.kron(np.diag([1, 0]), rotation) + np.kron(np.diag([0, 1]), np.eye(16))
    agreement.check("matrix of a written gate", matrix_of(controlled.to_qiskit()), expected)


def test_a_prepared_state(agreement: Agreement) -> None:
    written = kg.Circuit(3).h(1).prepare([1, 2j, 3, -4], [2, 0]).to_qiskit()
    expected = kg.Circuit(3).h(1).prepare([1, 2j, 3, -4], [2, 0]).state()
    state = qiskit_results.pure_state(written.decompose("initialize").decompose("state_preparation"))
    agreement.check("state of a written circuit", qiskit_results.amplitudes(state), expected, tolerance=1e-9)


def test_symbols_are_parameters_by_their_names(agreement: Agreement) -> None:
    theta, phi = kg.parameters("theta", (2, 2)), kg.parameters("phi")
    written = kg.Circuit(2).rx(theta[0, 1], 0).cp(2 * theta[1, 0] - phi + 0.1, 0, 1).ry(phi, 1).to_qiskit()
    assert sorted(parameter.name for parameter in written.parameters) == ["phi", "theta[0, 1]", "theta[1, 0]"]
    bound = written.assign_parameters({"phi": 0.3, "theta[0, 1]": 0.5, "theta[1, 0]": 0.7})
    expected = QuantumCircuit(2)
    expected.rx(0.5, 0)
    expected.cp(1.2, 0, 1)
    expected.ry(0.3, 1)
    agreement.check("matrix of a written gate", matrix_of(bound), matrix_of(expected))


def test_classical_registers_keep_their_bits() -> None:
    circuit = kg.Circuit.from_qasm(
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg a[2]; creg b[2]; x q[0]; x q[2];'
        "measure q[0] -> b[1]; measure q[1] -> a[0]; measure q[2] -> a[1];"
    )
    found = BasicSimulator().run(circuit.to_qiskit(), shots=3).result().get_counts()
    assert found == {"10 10": 3} == dict(circuit.counts(3, seed=1))


@pytest.mark.parametrize(
    ("circuit", "sentence"),
    [
        (kg.Circuit(1).h(0).post_select("0", [0]), "Qiskit has no post_select"),
        (kg.Circuit(1).readout_error(0.1, 0.2, 0), "put it into a noise model of Qiskit Aer"),
        (kg.Circuit(1).depolarizing(kg.parameters("p"), 0), "depolarizing has a symbol"),
        (kg.Circuit(11).controlled(kg.Circuit(1).unitary(np.eye(2), [0]), range(10), [10]), "10 qubits at most"),
    ],
)
def test_what_qiskit_does_not_have_is_refused(circuit: kg.Circuit, sentence: str) -> None:
    with pytest.raises(kg.UnsupportedError, match=sentence):
        circuit.to_qiskit()


def matrix_of(circuit: Any) -> Any:
    return quantum_info.Operator(circuit).data

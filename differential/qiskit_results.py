"""What Qiskit finds for a state, in ketgrad's order: the first qubit named is the most significant bit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qiskit import quantum_info

Qubits = Sequence[int]
State = Any
"""A Statevector or a DensityMatrix."""


def pure_state(circuit: Any) -> State:
    """Return the state that a circuit without noise prepares."""
    return quantum_info.Statevector(circuit)


def mixed_state(circuit: Any) -> State:
    """Return the density matrix that a circuit prepares."""
    return quantum_info.DensityMatrix(circuit)


def amplitudes(state: State) -> Any:
    """Return the elements of a state vector or of a density matrix."""
    return state.reverse_qargs().data


def reduced(state: State, qubits: Qubits) -> State:
    """Return the density matrix of some qubits, the first one named as the last subsystem: most significant."""
    traced = quantum_info.partial_trace(state, [qubit for qubit in range(state.num_qubits) if qubit not in qubits])
    rising = sorted(qubits)
    return _permuted(traced, [rising.index(qubit) for qubit in qubits])


def probabilities(state: State, qubits: Qubits) -> Any:
    """Return the probabilities of the outcomes of some qubits."""
    return state.probabilities(list(qubits)[::-1])


def pauli_operator(terms: Mapping[tuple[tuple[int, str], ...], float], num_qubits: int) -> Any:
    """Return a sum of Pauli words, each given by (qubit, letter) pairs."""
    rows = [
        ("".join(letter for _, letter in word), [qubit for qubit, _ in word], value) for word, value in terms.items()
    ]
    return quantum_info.SparsePauliOp.from_sparse_list(rows, num_qubits)


def mean_and_variance(state: State, operator: Any, qubits: Qubits | None = None) -> tuple[float, float]:
    """Return ⟨A⟩ and ⟨A²⟩ − ⟨A⟩² of a Pauli sum, or of an Operator whose first qubit is most significant."""
    places = None if qubits is None else list(qubits)[::-1]
    mean = state.expectation_value(operator, places).real
    square = state.expectation_value(operator @ operator, places).real
    return mean, square - mean**2


def entropy(state: State, qubits: Qubits, base: float | None) -> float:
    """Return the von Neumann entropy of some qubits, in nats or to another base."""
    return quantum_info.entropy(reduced(state, qubits), math.e if base is None else base)


def mutual_information(state: State, first: Qubits, second: Qubits, base: float | None) -> float:
    """Return S(A) + S(B) − S(AB) of two groups of qubits, in nats or to another base."""
    joint = reduced(state, [*first, *second])
    pair = quantum_info.DensityMatrix(joint.data, dims=(1 << len(second), 1 << len(first)))
    return quantum_info.mutual_information(pair, math.e if base is None else base)


def _permuted(state: State, order: Qubits) -> State:
    """Return the state with subsystem order[i] moved to the place of the i-th most significant one."""
    count = len(order)
    axes = [count - 1 - place for place in order]
    tensor = state.data.reshape((2,) * (2 * count)).transpose([*axes, *(count + axis for axis in axes)])
    return quantum_info.DensityMatrix(tensor.reshape(1 << count, 1 << count))

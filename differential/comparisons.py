"""Everything that is compared of one state: reduced states, probabilities, observables, entropies."""

from __future__ import annotations

from typing import Any

import numpy as np

import ketgrad as kg
from differential import qiskit_results as qiskit
from differential.agreement import Agreement
from differential.random_observables import random_hermitian, random_pauli_sums, random_projector
from differential.random_recipes import random_subset

Generator = np.random.Generator


def compare_results(agreement: Agreement, circuit: kg.Circuit, state: Any, rng: Generator) -> None:
    """Compare what the circuit gives for random questions with what Qiskit finds from its state."""
    compare_parts(agreement, circuit, state, rng)
    compare_observables(agreement, circuit, state, rng)
    compare_entropies(agreement, circuit, state, rng)


def compare_parts(agreement: Agreement, circuit: kg.Circuit, state: Any, rng: Generator) -> None:
    """Compare density matrices and probabilities of some qubits in any order, and the probabilities of all."""
    count = circuit.num_qubits
    kept, read = random_subset(rng, count, count), random_subset(rng, count, count)
    agreement.check("density matrix of a part", circuit.density_matrix(kept), qiskit.reduced(state, kept).data)
    agreement.check("probabilities of a part", circuit.probabilities(read), qiskit.probabilities(state, read))
    agreement.check("probabilities", circuit.probabilities(), qiskit.probabilities(state, range(count)))


def compare_observables(agreement: Agreement, circuit: kg.Circuit, state: Any, rng: Generator) -> None:
    """Compare means and variances of a Pauli sum, a Hermitian matrix and a projector."""
    count = circuit.num_qubits
    by_words, by_algebra, operator = random_pauli_sums(rng, count)
    mean, variance = qiskit.mean_and_variance(state, operator)
    agreement.check("mean of a Pauli sum", circuit.expectation(by_algebra), mean)
    agreement.check("variance of a Pauli sum", circuit.variance(by_words), variance)
    for kind, make in (("Hermitian matrix", random_hermitian), ("projector", random_projector)):
        observable, operator, qubits = make(rng, count)
        mean, variance = qiskit.mean_and_variance(state, operator, qubits)
        agreement.check(f"mean of a {kind}", circuit.expectation(observable), mean)
        agreement.check(f"variance of a {kind}", circuit.variance(observable), variance)


def compare_entropies(agreement: Agreement, circuit: kg.Circuit, state: Any, rng: Generator) -> None:
    """Compare purity, entropy and mutual information of random groups of qubits, in nats or bits."""
    count, base = circuit.num_qubits, 2.0 if rng.random() < 0.5 else None
    part = random_subset(rng, count, count)
    agreement.check("purity", circuit.purity(part), qiskit.reduced(state, part).purity().real)
    agreement.check("entropy", circuit.entropy(part, base), qiskit.entropy(state, part, base))
    if count > 1:
        first = random_subset(rng, count - 1, count - 1)
        second = tuple({*range(count)} - {*first})
        actual = circuit.mutual_information(first, second, base)
        expected = qiskit.mutual_information(state, first, second, base)
        agreement.check("mutual information", actual, expected)

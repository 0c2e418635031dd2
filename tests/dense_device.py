"""Devices in plain NumPy, which know nothing of ketgrad's simulators: what they do comes from the dense reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

import dense_reference as dense
import ketgrad as kg


def program_of(circuit: kg.Circuit, numbers: Any = None) -> list[Any]:
    """Return the gates of a circuit as instructions of the reference, with other numbers where some are given."""
    rest = iter(kg.devices.numbers(circuit) if numbers is None else numbers)
    return [
        (item.name, tuple(next(rest) for _ in item.parameters), item.qubits)
        for item in circuit.operations
        if hasattr(item, "name") and item.name != "unitary"
    ]


def final_state(circuit: kg.Circuit, numbers: Any = None) -> Any:
    """Return the state before the measurements; a matrix comes after the gates."""
    state = dense.run(program_of(circuit, numbers), circuit.num_qubits)
    for item in circuit.operations:
        if hasattr(item, "name") and item.name == "unitary":
            state = dense.embed(item.parameters[0], item.qubits, circuit.num_qubits) @ state
    return state


class DenseDevice:
    """Samples circuits of gates that are measured at their end, and writes down what it was asked."""

    def __init__(self, *, as_counts: bool = False) -> None:
        self.as_counts = as_counts
        self.jobs: list[list[kg.Circuit]] = []

    def run(self, circuits: Sequence[kg.Circuit], shots: int, seed: int) -> list[Any]:
        self.jobs.append(list(circuits))
        generator = np.random.default_rng(seed)
        return [self._outcomes(circuit, shots, generator) for circuit in circuits]

    @property
    def sizes(self) -> list[int]:
        """How many circuits there were in each job."""
        return [len(job) for job in self.jobs]

    def _outcomes(self, circuit: kg.Circuit, shots: int, generator: np.random.Generator) -> Any:
        measured = {item.bit: item.qubit for item in circuit.operations if not hasattr(item, "name")}
        qubits = [measured[bit] for bit in range(circuit.num_bits)]
        chances = dense.probabilities(final_state(circuit), qubits)
        outcomes = generator.choice(len(chances), size=shots, p=chances / chances.sum())
        if self.as_counts:
            return Counter(format(outcome, f"0{len(qubits)}b") for outcome in outcomes)
        return [dense.bits_of(outcome, len(qubits)) for outcome in outcomes]


class DenseDerivatives(DenseDevice):
    """Has derivatives of its own as well: exact ones, good to 1e-10."""

    def derivatives(self, circuits: Sequence[kg.Circuit], observables: Any, shots: int, seed: int) -> list[Any]:
        self.jobs.append(list(circuits))

        def means(circuit: kg.Circuit, numbers: Any) -> Any:
            state = final_state(circuit, numbers)
            return np.array([mean(observable, state) for observable in observables])

        return [
            dense.gradient(lambda numbers, circuit=circuit: means(circuit, numbers), kg.devices.numbers(circuit))
            for circuit in circuits
        ]


def mean(observable: Any, state: Any) -> float:
    """Return ⟨A⟩ of a Pauli word, a projector or a Hermitian matrix."""
    if isinstance(observable, kg.PauliSum):
        ((word, coefficient),) = observable.words
        return dense.expectation({" ".join(f"{letter}{qubit}" for qubit, letter in word): coefficient}, state)
    if isinstance(observable, kg.Projector):
        return float(dense.probabilities(state, observable.qubits)[int(observable.bits, 2)])
    matrix = dense.embed(observable.matrix, observable.qubits, len(state).bit_length() - 1)
    return float((state.conj() @ matrix @ state).real)

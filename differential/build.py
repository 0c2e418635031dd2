"""One recipe built twice: as a circuit of ketgrad, and as one of Qiskit."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit, quantum_info
from qiskit.circuit import AnnotatedOperation, ControlModifier, PowerModifier
from qiskit.circuit.library import UnitaryGate

import ketgrad as kg
from differential.qiskit_gates import COUNTERPARTS
from differential.recipes import (
    Channel,
    Compose,
    Controlled,
    Gate,
    Inverse,
    Kraus,
    Power,
    Recipe,
    Step,
    Unitary,
)
from differential.textbook_channels import TEXTBOOK


def ketgrad_circuit(recipe: Recipe) -> kg.Circuit:
    """Build the recipe in ketgrad; every other gate or channel by its method, where its name has one."""
    circuit = kg.Circuit(recipe.num_qubits)
    for place, step in enumerate(recipe.steps):
        _add_to_ketgrad(circuit, step, by_method=bool(place % 2))
    return circuit


def qiskit_circuit(recipe: Recipe) -> Any:
    """Build the recipe in Qiskit, whose qubits have the same numbers but whose qubit 0 is least significant."""
    circuit = QuantumCircuit(recipe.num_qubits)
    for step in recipe.steps:
        _add_to_qiskit(circuit, step)
    return circuit


def _add_to_ketgrad(circuit: kg.Circuit, step: Step, by_method: bool) -> None:
    match step:
        case Gate(name, parameters, qubits) if by_method and hasattr(circuit, name):
            getattr(circuit, name)(*parameters, *qubits)
        case Gate(name, parameters, qubits):
            circuit.append(name, parameters, qubits)
        case Channel("depolarizing2", parameters, qubits) if by_method:
            circuit.depolarizing(parameters[0], *qubits)
        case Channel("thermal_relaxation", (t1, t2, time, excited), (qubit,)) if by_method:
            circuit.thermal_relaxation(t1, t2, time, qubit, excited=excited)
        case Channel(name, parameters, qubits) if by_method and hasattr(circuit, name):
            getattr(circuit, name)(*parameters, *qubits)
        case Channel(name, parameters, qubits):
            circuit.channel(name, parameters, qubits)
        case Unitary(matrix, qubits):
            circuit.unitary(matrix, qubits)
        case Kraus(matrices, qubits):
            circuit.kraus(matrices, qubits)
        case Compose(inner, qubits):
            circuit.compose(ketgrad_circuit(inner), qubits)
        case Inverse(inner, qubits):
            circuit.compose(ketgrad_circuit(inner).inverse(), qubits)
        case Power(inner, exponent, qubits):
            circuit.compose(ketgrad_circuit(inner).power(exponent), qubits)
        case Controlled(inner, controls, on, qubits):
            circuit.controlled(ketgrad_circuit(inner), controls, qubits, on=_shortest(on))


def _add_to_qiskit(circuit: Any, step: Step) -> None:
    """Append a step; what has its first qubit most significant takes the qubits in reverse."""
    match step:
        case Gate(name, parameters, qubits):
            circuit.append(COUNTERPARTS[name].make(*parameters), qubits)
        case Channel(name, parameters, qubits):
            circuit.append(TEXTBOOK[name].make(*parameters), qubits)
        case Unitary(matrix, qubits):
            circuit.append(UnitaryGate(matrix), qubits[::-1])
        case Kraus(matrices, qubits):
            circuit.append(quantum_info.Kraus(list(matrices)), qubits[::-1])
        case Compose(inner, qubits):
            circuit.compose(qiskit_circuit(inner), qubits, inplace=True)
        case Inverse(inner, qubits):
            circuit.compose(qiskit_circuit(inner).inverse(), qubits, inplace=True)
        case Power(inner, exponent, qubits):
            circuit.append(_modified(inner, PowerModifier(exponent)), qubits)
        case Controlled(inner, controls, on, qubits):
            circuit.append(_modified(inner, ControlModifier(len(controls), on[::-1])), (*controls, *qubits))


def _modified(inner: Recipe, modifier: Any) -> Any:
    # Qiskit computes the matrix of such an operation from the matrix of its base; a decomposition would round more.
    return AnnotatedOperation(qiskit_circuit(inner).to_gate(), modifier)


def _shortest(on: str) -> int | str:
    return int(on[0]) if len(set(on)) == 1 else on

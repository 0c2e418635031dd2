"""Qiskit's gates for those of the table, each with the first qubit of ketgrad's as its own first one."""

from __future__ import annotations

import math
from typing import Any

from ketgrad.circuit.instructions import Operation
from ketgrad.interchange.qiskit.modules import qiskit_module

CLASSES = {
    "id": "IGate",
    "x": "XGate",
    "y": "YGate",
    "z": "ZGate",
    "h": "HGate",
    "s": "SGate",
    "sdg": "SdgGate",
    "t": "TGate",
    "tdg": "TdgGate",
    "sx": "SXGate",
    "sxdg": "SXdgGate",
    "rx": "RXGate",
    "ry": "RYGate",
    "rz": "RZGate",
    "p": "PhaseGate",
    "u": "UGate",
    "u2": "U2Gate",
    "cx": "CXGate",
    "cy": "CYGate",
    "cz": "CZGate",
    "ch": "CHGate",
    "csx": "CSXGate",
    "cp": "CPhaseGate",
    "crx": "CRXGate",
    "cry": "CRYGate",
    "crz": "CRZGate",
    "cu": "CUGate",
    "swap": "SwapGate",
    "iswap": "iSwapGate",
    "rxx": "RXXGate",
    "ryy": "RYYGate",
    "rzz": "RZZGate",
    "rzx": "RZXGate",
    "ccx": "CCXGate",
    "ccz": "CCZGate",
    "cswap": "CSwapGate",
}
"""The names of Qiskit's classes."""

INVERSES = {"csxdg": "csx", "iswapdg": "iswap"}


def gate_of(operation: Operation, parameters: tuple[Any, ...]) -> Any:
    """Return Qiskit's gate for one of the table, without its controls."""
    library = qiskit_module("qiskit.circuit.library")
    name = operation.name
    if name in INVERSES:
        return getattr(library, CLASSES[INVERSES[name]])().inverse()
    if name == "pauli_rotation":
        pauli = qiskit_module("qiskit.quantum_info").Pauli(operation.word[::-1])
        return library.PauliProductRotationGate(pauli, parameters[0])
    if name == "single_excitation":
        return library.XXPlusYYGate(parameters[0], -math.pi / 2)
    if name == "double_excitation":
        return _double_excitation(parameters[0])
    return getattr(library, CLASSES[name])(*parameters)


def _double_excitation(theta: Any) -> Any:
    """Return the rotation in the plane of |0011⟩ and |1100⟩."""
    circuit = qiskit_module("qiskit.circuit")
    library = qiskit_module("qiskit.circuit.library")
    gate = circuit.QuantumCircuit(4, name="double_excitation")
    # After the first line the two states are |0011⟩ and |1011⟩: they differ in the first qubit alone.
    gate.cx(0, [1, 2, 3])
    gate.append(library.RYGate(theta).control(3, ctrl_state="110", annotated=False), [1, 2, 3, 0])
    gate.cx(0, [1, 2, 3])
    return gate.to_gate()

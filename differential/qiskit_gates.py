"""The gates of Qiskit that ketgrad's names stand for, aliases too."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from qiskit import circuit
from qiskit.circuit import library


@dataclass(frozen=True)
class Counterpart:
    """How Qiskit makes the gate of a name, and how many angles and qubits it takes."""

    make: Callable[..., circuit.Gate]
    num_parameters: int
    num_qubits: int


def _csxdg() -> circuit.Gate:
    return library.CSXGate().inverse()


def _iswapdg() -> circuit.Gate:
    return library.iSwapGate().inverse()


def _single_excitation(theta: float) -> circuit.Gate:
    return library.XXPlusYYGate(theta, -math.pi / 2)


def _double_excitation(theta: float) -> circuit.Gate:
    """Return the rotation from |0011⟩ to |1100⟩; J. M. Arrazola et al., Quantum 6, 742 (2022), define it."""
    gate = circuit.QuantumCircuit(4)
    # Where the first qubit is 1 the others are flipped: the two states then differ in the first qubit alone.
    gate.cx(0, [1, 2, 3])
    gate.append(library.RYGate(theta).control(3, ctrl_state="110", annotated=False), [1, 2, 3, 0])
    gate.cx(0, [1, 2, 3])
    return gate.to_gate()


_BY_SIGNATURE: dict[tuple[int, int], dict[str, Callable[..., circuit.Gate]]] = {
    (0, 1): {
        "id": library.IGate,
        "i": library.IGate,
        "x": library.XGate,
        "y": library.YGate,
        "z": library.ZGate,
        "h": library.HGate,
        "s": library.SGate,
        "sdg": library.SdgGate,
        "t": library.TGate,
        "tdg": library.TdgGate,
        "sx": library.SXGate,
        "sxdg": library.SXdgGate,
    },
    (0, 2): {
        "cx": library.CXGate,
        "cnot": library.CXGate,
        "cy": library.CYGate,
        "cz": library.CZGate,
        "ch": library.CHGate,
        "csx": library.CSXGate,
        "csxdg": _csxdg,
        "swap": library.SwapGate,
        "iswap": library.iSwapGate,
        "iswapdg": _iswapdg,
    },
    (0, 3): {
        "ccx": library.CCXGate,
        "toffoli": library.CCXGate,
        "ccz": library.CCZGate,
        "cswap": library.CSwapGate,
        "fredkin": library.CSwapGate,
    },
    (1, 1): {
        "rx": library.RXGate,
        "ry": library.RYGate,
        "rz": library.RZGate,
        "p": library.PhaseGate,
        "phase": library.PhaseGate,
        "u1": library.U1Gate,
    },
    (2, 1): {"u2": library.U2Gate},
    (3, 1): {"u": library.UGate, "u3": library.U3Gate},
    (1, 2): {
        "crx": library.CRXGate,
        "cry": library.CRYGate,
        "crz": library.CRZGate,
        "cp": library.CPhaseGate,
        "cphase": library.CPhaseGate,
        "rxx": library.RXXGate,
        "ryy": library.RYYGate,
        "rzz": library.RZZGate,
        "rzx": library.RZXGate,
        "single_excitation": _single_excitation,
    },
    (1, 4): {"double_excitation": _double_excitation},
    (4, 2): {"cu": library.CUGate},
}

COUNTERPARTS: dict[str, Counterpart] = {
    name: Counterpart(make, num_parameters, num_qubits)
    for (num_parameters, num_qubits), gates in _BY_SIGNATURE.items()
    for name, make in gates.items()
}

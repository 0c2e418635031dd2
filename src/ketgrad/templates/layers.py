"""Ansätze of equal layers: rotations of every qubit, then a ring of CX gates."""

from __future__ import annotations

from typing import Any

from ketgrad.circuit.circuit import Circuit
from ketgrad.templates.angles import as_table


def hardware_efficient(weights: Any) -> Circuit:
    """Build layers of RY and RZ on every qubit, each followed by a ring of CX gates.

    A layer is Π CX(q, q+1 mod n) · Π RZ(w_q1) RY(w_q0), where q runs upwards in time. For 2 qubits the ring is one CX,
    for 1 qubit there is none. After A. Kandala et al., Nature 549, 242 (2017).

    Parameters
    ----------
    weights
        Angles in radians of shape (layers, qubits, 2), those of RY and of RZ: symbols, an array of the backend or of
        NumPy, or nested lists.

    Returns
    -------
    Circuit
        On as many qubits as the weights have.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For weights of another shape, and for what is no angle.

    Examples
    --------
    >>> import ketgrad as kg
    >>> from ketgrad import templates
    >>> templates.hardware_efficient(kg.parameters("w", (1, 2, 2)))
    Circuit(2): ry(w[0, 0, 0]) 0; rz(w[0, 0, 1]) 0; ry(w[0, 1, 0]) 1; rz(w[0, 1, 1]) 1; cx 0 1
    """
    table = as_table(weights, ("layers", "qubits", 2), "hardware_efficient got weights")
    num_qubits = len(table[0])
    circuit = Circuit(num_qubits)
    for layer in table:
        for qubit, (y, z) in enumerate(layer):
            circuit.ry(y, qubit).rz(z, qubit)
        _entangle(circuit, 1, num_qubits if num_qubits > 2 else 1)
    return circuit


def strongly_entangling(weights: Any) -> Circuit:
    """Build layers of a general rotation of every qubit, with CX gates whose range grows from layer to layer.

    Layer l applies RZ(w_q0), RY(w_q1), RZ(w_q2) in this order to every qubit q, then CX(q, q+r mod n) for q upwards,
    where r = l mod (n−1) + 1; on 1 qubit there is no CX. From M. Schuld, A. Bocharov, K. M. Svore and N. Wiebe,
    Phys. Rev. A 101, 032308 (2020); the order and the ranges are those of PennyLane's StronglyEntanglingLayers.

    Parameters
    ----------
    weights
        Angles in radians of shape (layers, qubits, 3): symbols, an array of the backend or of NumPy, or nested lists.

    Returns
    -------
    Circuit
        On as many qubits as the weights have.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For weights of another shape, and for what is no angle.

    Examples
    --------
    >>> from ketgrad import templates
    >>> templates.strongly_entangling([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]])
    Circuit(2): rz(0.1) 0; ry(0.2) 0; rz(0.3) 0; rz(0.4) 1; ry(0.5) 1; rz(0.6) 1; cx 0 1; cx 1 0
    """
    table = as_table(weights, ("layers", "qubits", 3), "strongly_entangling got weights")
    num_qubits = len(table[0])
    circuit = Circuit(num_qubits)
    for number, layer in enumerate(table):
        for qubit, (first, second, third) in enumerate(layer):
            circuit.rz(first, qubit).ry(second, qubit).rz(third, qubit)
        _entangle(circuit, number % max(num_qubits - 1, 1) + 1, num_qubits)
    return circuit


def _entangle(circuit: Circuit, reach: int, count: int) -> None:
    """Append CX from each of the first qubits to the one `reach` places further around the ring; nothing on 1 qubit."""
    if circuit.num_qubits > 1:
        for qubit in range(count):
            circuit.cx(qubit, (qubit + reach) % circuit.num_qubits)

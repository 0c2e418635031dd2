"""Data as angles of rotations."""

from __future__ import annotations

from typing import Any

from ketgrad.circuit.circuit import Circuit
from ketgrad.errors import InvalidValueError
from ketgrad.templates.angles import as_table


def angle_encoding(features: Any, axis: str = "x") -> Circuit:
    """Build one rotation for each feature, on a qubit of its own: ⊗ exp(−i f_q P/2) for P = X, Y or Z.

    After R. LaRose and B. Coyle, Phys. Rev. A 102, 032420 (2020). Rotations about z only change phases, so that they
    need a state prepared first.

    Parameters
    ----------
    features
        Angles in radians of shape (qubits,): symbols, an array of the backend or of NumPy, or a list.
    axis
        "x", "y" or "z".

    Returns
    -------
    Circuit
        On as many qubits as there are features.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For features of another shape, what is no angle, and another axis.

    Examples
    --------
    >>> from ketgrad import templates
    >>> templates.angle_encoding([0.1, 0.2], axis="y")
    Circuit(2): ry(0.1) 0; ry(0.2) 1
    """
    if axis not in ("x", "y", "z"):
        raise InvalidValueError(f'angle_encoding got the axis {axis!r}; give "x", "y" or "z"')
    values = as_table(features, ("qubits",), "angle_encoding got features")
    circuit = Circuit(len(values))
    for qubit, value in enumerate(values):
        circuit.append(f"r{axis}", (value,), (qubit,))
    return circuit

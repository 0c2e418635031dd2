"""The quantum Fourier transform."""

from __future__ import annotations

import math

from ketgrad.checks import check_integer
from ketgrad.circuit.circuit import Circuit
from ketgrad.errors import InvalidTypeError, InvalidValueError


def qft(num_qubits: int, swaps: bool = True) -> Circuit:
    """Build the quantum Fourier transform, |j⟩ → 2^(−n/2) Σ_k exp(2πi jk/2^n)|k⟩, qubit 0 most significant.

    From M. A. Nielsen and I. L. Chuang, Quantum Computation and Quantum Information, section 5.1 (2000).

    Parameters
    ----------
    num_qubits
        How many qubits n, at least one.
    swaps
        Whether the qubits are put in order at the end; without that, qubit 0 is the least significant bit of k.

    Returns
    -------
    Circuit
        n Hadamard gates, n(n−1)/2 controlled phases, and ⌊n/2⌋ swaps; `inverse()` undoes it.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For a number of qubits that is no integer from 1, and for swaps other than True and False.

    Examples
    --------
    >>> from ketgrad import templates
    >>> templates.qft(2)
    Circuit(2): h 0; cp(1.5708) 1 0; h 1; swap 0 1
    """
    size = check_integer(num_qubits, "qft got a number of qubits that")
    if size < 1:
        raise InvalidValueError(f"qft got {size} qubits; give at least one")
    if not isinstance(swaps, bool):
        raise InvalidTypeError(f"qft got swaps={swaps!r}; give True or False")
    circuit = Circuit(size)
    for target in range(size):
        circuit.h(target)
        for control in range(target + 1, size):
            circuit.cp(math.ldexp(math.pi, target - control), control, target)
    for qubit in range(size // 2 if swaps else 0):
        circuit.swap(qubit, size - 1 - qubit)
    return circuit

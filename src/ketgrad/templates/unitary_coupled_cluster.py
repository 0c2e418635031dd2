"""Unitary coupled cluster: excitations of fermions in the Jordan–Wigner encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit.circuit import Circuit
from ketgrad.errors import InvalidValueError
from ketgrad.observables.pauli import PauliSum, X, Y, Z
from ketgrad.templates.angles import as_factor


def ucc_double(
    theta: Any, num_qubits: int, occupied: Sequence[int] = (0, 1), virtual: Sequence[int] = (2, 3)
) -> Circuit:
    """Build exp(θ/2 · (T − T†)), which moves two electrons: T = a†_r a†_s a_p a_q for occupied p, q and virtual r, s.

    A qubit in |1⟩ is an orbital with an electron, and a_p = Z_0 … Z_{p−1} (X_p + iY_p)/2. The circuit is the product
    of the eight Pauli rotations, strings of Z included, that T − T† consists of: they commute, so nothing is
    approximated. It prepares no reference state; one comes before it, such as x on the occupied qubits. On 4 qubits
    |1100⟩ becomes cos(θ/2)|1100⟩ − sin(θ/2)|0011⟩; exchanging p and q, or r and s, changes the sign of θ.

    After P. Kl. Barkoutsos et al., Phys. Rev. A 98, 022322 (2018); an amplitude t of a†_r a†_s a_q a_p is θ = −2t.

    Parameters
    ----------
    theta
        The angle in radians: a symbol, a number, or a 0-d array of the backend.
    num_qubits
        How many qubits, one for each spin orbital.
    occupied, virtual
        The orbitals (p, q) that the electrons leave, and (r, s) that they go to: four different qubits.

    Returns
    -------
    Circuit
        On `num_qubits` qubits, to be composed with the one that prepares the reference state.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For what is no angle, and for orbitals that are not two pairs of different qubits of the circuit.

    Examples
    --------
    >>> import ketgrad as kg
    >>> from ketgrad import templates
    >>> circuit = kg.Circuit(4).x(0).x(1).compose(templates.ucc_double(0.2097328891166756, 4))
    >>> round(float(circuit.expectation(kg.hamiltonians.h2())), 10)
    -1.1361891625
    """
    angle = as_factor(theta, "ucc_double")
    circuit = Circuit(num_qubits)
    p, q, r, s = _orbitals(occupied, virtual, circuit.num_qubits)
    create, leave = _lowering(r, -1) @ _lowering(s, -1), _lowering(p) @ _lowering(q)
    undo = _lowering(q, -1) @ _lowering(p, -1) @ _lowering(s) @ _lowering(r)
    # T − T† = i Σ c P, and exp(iθcP/2) is the rotation by −cθ about P.
    for word, coefficient in (create @ leave - undo).words:
        letters = "".join(letter for _, letter in word)
        circuit.pauli_rotation(-complex(coefficient).imag * angle, letters, [qubit for qubit, _ in word])
    return circuit


def _lowering(orbital: int, sign: int = 1) -> PauliSum:
    """Return Z_0 … Z_{p−1} (X_p + iY_p)/2, which takes an electron away; with the sign −1, its adjoint."""
    result = 0.5 * X(orbital) + 0.5j * sign * Y(orbital)
    for below in range(orbital):
        result = Z(below) @ result
    return result


def _orbitals(occupied: Sequence[int], virtual: Sequence[int], num_qubits: int) -> tuple[int, ...]:
    pairs = [tuple(check_sequence(pair, "ucc_double, for its orbitals,")) for pair in (occupied, virtual)]
    orbitals = tuple(check_integer(orbital, "ucc_double got an orbital that") for pair in pairs for orbital in pair)
    are_pairs = all(len(pair) == 2 for pair in pairs) and len(set(orbitals)) == 4
    if not are_pairs or not all(0 <= orbital < num_qubits for orbital in orbitals):
        raise InvalidValueError(
            f"ucc_double got the orbitals {pairs[0]} and {pairs[1]}; give two pairs, four different qubits from 0 to "
            f"{num_qubits - 1}"
        )
    return orbitals

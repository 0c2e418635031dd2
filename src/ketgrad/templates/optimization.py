"""The quantum approximate optimization algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketgrad.checks import check_integer
from ketgrad.circuit.checks import count_noun
from ketgrad.circuit.circuit import Circuit
from ketgrad.circuit.parameters import is_symbolic
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.observables.pauli import PauliSum, Word, show_word
from ketgrad.templates.angles import as_factor, as_table


def qaoa(cost: PauliSum, angles: Any, num_qubits: int | None = None) -> Circuit:
    """Build the circuit of QAOA: |+…+⟩, then in each layer exp(−iγC) and exp(−iβ Σ X_q).

    Since the words of C = Σ c P commute, exp(−iγC) is the product of the rotations exp(−iγcP); that of the identity
    is a global phase and is left out. From E. Farhi, J. Goldstone, S. Gutmann, arXiv:1411.4028 (2014).

    Parameters
    ----------
    cost
        A Pauli sum of words that commute, such as one of Z alone: `kg.hamiltonians.maxcut`.
    angles
        Of shape (layers, 2), in each layer γ and β, in radians: symbols, an array of the backend or of NumPy, or
        nested lists.
    num_qubits
        By default as many as the cost acts on.

    Returns
    -------
    Circuit
        On that many qubits, with γ and β connected to their graph, and so are coefficients that are arrays.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For a cost that is no Pauli sum, is not Hermitian or has words that do not commute, too few qubits, angles of
        another shape, and what is no angle.
    UnsupportedError
        For symbols as angles where a coefficient of the cost is an array: their product is not affine.

    Examples
    --------
    >>> import ketgrad as kg
    >>> from ketgrad import templates
    >>> cost = kg.hamiltonians.maxcut([(0, 1)])
    >>> circuit = templates.qaoa(cost, [[-1.5707963267948966, 0.39269908169872414]])
    >>> round(float(circuit.expectation(cost)), 12)
    -1.0
    """
    if not isinstance(cost, PauliSum):
        raise InvalidTypeError(f"qaoa got a {type(cost).__name__} as cost; give a Pauli sum, such as kg.Z(0) @ kg.Z(1)")
    size = _size(cost, num_qubits)
    table = as_table(angles, ("layers", 2), "qaoa got angles")
    terms = [(word, _coefficient(word, value)) for word, value in cost.words if word]
    _check_commuting([word for word, _ in terms])
    circuit = Circuit(size)
    for qubit in range(size):
        circuit.h(qubit)
    for gamma, beta in table:
        _evolve(circuit, terms, as_factor(gamma, "qaoa"))
        turn = 2.0 * as_factor(beta, "qaoa")
        for qubit in range(size):
            circuit.rx(turn, qubit)
    return circuit


def _evolve(circuit: Circuit, terms: Sequence[tuple[Word, Any]], gamma: Any) -> None:
    """Append exp(−iγcP) for each word P with its coefficient c."""
    for word, coefficient in terms:
        if is_symbolic(gamma) and not isinstance(coefficient, float):
            raise UnsupportedError(
                f"qaoa got {gamma} as gamma, and an array as the coefficient of {show_word(word)}, whose product is "
                "not affine; give numbers as coefficients, or values as angles"
            )
        letters = "".join(letter for _, letter in word)
        circuit.pauli_rotation(2.0 * coefficient * gamma, letters, [qubit for qubit, _ in word])


def _size(cost: PauliSum, num_qubits: int | None) -> int:
    size = cost.num_qubits if num_qubits is None else check_integer(num_qubits, "qaoa got a number of qubits that")
    if size < max(cost.num_qubits, 1):
        raise InvalidValueError(
            f"qaoa got {count_noun(size, 'qubit')} for a cost on {cost.num_qubits}; give "
            f"num_qubits={max(cost.num_qubits, 1)} or more"
        )
    return size


def _coefficient(word: Word, value: Any) -> Any:
    if isinstance(value, complex):
        raise InvalidValueError(f"qaoa got a cost where {show_word(word)} has the coefficient {value}; give a real one")
    return value


def _check_commuting(words: Sequence[Word]) -> None:
    """Refuse two words that do not commute; only those can that differ on a qubit."""
    letters: dict[int, set[str]] = {}
    for word in words:
        for qubit, letter in word:
            letters.setdefault(qubit, set()).add(letter)
    suspects = [word for word in words if any(len(letters[qubit]) > 1 for qubit, _ in word)]
    for place, left in enumerate(suspects):
        for right in suspects[:place]:
            if sum(dict(left).get(qubit, letter) != letter for qubit, letter in right) % 2:
                raise InvalidValueError(
                    f"qaoa got a cost whose words {show_word(right)} and {show_word(left)} do not commute; give one "
                    "of words that all do, such as words of Z alone"
                )

"""Sums of products of Pauli operators, and their algebra."""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.checks import check_integer
from ketgrad.circuit.checks import is_number
from ketgrad.circuit.gates import PAULIS
from ketgrad.circuit.parameters import is_symbolic
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.lazy import lazy

Word = tuple[tuple[int, str], ...]
"""A product of Pauli operators as (qubit, letter) pairs, sorted by qubit; the empty word is the identity."""


@dataclass(frozen=True)
class Terms:
    """Words with constant coefficients, to be known by."""

    items: tuple[tuple[Word, float], ...]

    def __hash__(self) -> int:
        return self._hash

    @lazy
    def _hash(self) -> int:
        return hash(self.items)


_PRODUCTS = {
    ("X", "Y"): (1j, "Z"), ("Y", "Z"): (1j, "X"), ("Z", "X"): (1j, "Y"),
    ("Y", "X"): (-1j, "Z"), ("Z", "Y"): (-1j, "X"), ("X", "Z"): (-1j, "Y"),
}  # fmt: skip


class PauliSum:
    """A linear combination of Pauli words.

    Made by `X(0)`, `Y(0)`, `Z(0)` and `+`, `-`, `@` and numbers, or from a mapping of words to coefficients. A number
    that is added stands for as many identities, so that Python's `sum` adds operators up.

    Parameters
    ----------
    terms
        Words such as "Z0 Z1", "X0" and "I" with their coefficients: numbers, or 0-d arrays of a backend.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.Z(0) @ kg.Z(1) - 0.5 * kg.X(0)
    PauliSum({'Z0 Z1': 1.0, 'X0': -0.5})
    >>> kg.PauliSum({"Z0 Z1": 1.0, "X0": -0.5}) - 0.5 * kg.X(0)
    PauliSum({'Z0 Z1': 1.0, 'X0': -1.0})
    >>> sum(kg.Z(qubit) for qubit in range(3)) + 1
    PauliSum({'Z0': 1.0, 'Z1': 1.0, 'Z2': 1.0, 'I': 1.0})
    """

    def __init__(self, terms: Mapping[str, Any]) -> None:
        if not isinstance(terms, Mapping):
            raise InvalidTypeError(f"PauliSum takes a mapping such as {{'Z0 Z1': 1.0}}, got {type(terms).__name__}")
        self._terms = _collected((parse_word(word), value) for word, value in terms.items())

    @classmethod
    def from_words(cls, terms: Iterable[tuple[Word, Any]]) -> PauliSum:
        """Make a sum from pairs of word and coefficient, adding up those of the same word."""
        result = cls({})
        result._terms = _collected(terms)
        return result

    @property
    def words(self) -> tuple[tuple[Word, Any], ...]:
        """The words with their coefficients."""
        return tuple(self._terms.items())

    @lazy
    def constant_terms(self) -> Terms | None:
        """The words with their coefficients, where all of these are finite real numbers."""
        numbers = [value for value in self._terms.values() if is_number(value) and math.isfinite(value)]
        if len(numbers) < len(self._terms):
            return None
        return Terms(tuple((word, float(value)) for word, value in self._terms.items()))

    @property
    def num_qubits(self) -> int:
        """The number of qubits that a circuit needs to have, one more than the highest index."""
        return 1 + max((qubit for word in self._terms for qubit, _ in word), default=-1)

    def matrix(self, num_qubits: int | None = None) -> Any:
        """Return the sum as a dense NumPy matrix, qubit 0 most significant; for few qubits and numbers only.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Z(0).matrix().real.tolist()
        [[1.0, 0.0], [0.0, -1.0]]
        """
        size = max(self.num_qubits, 1) if num_qubits is None else check_integer(num_qubits, "the number of qubits")
        if size < self.num_qubits:
            raise InvalidValueError(
                f"the sum acts on qubit {self.num_qubits - 1}, so its matrix has more than {size} qubits"
            )
        result = np.zeros((1 << size, 1 << size), "complex128")
        for word, coefficient in self._terms.items():
            letters = dict(word)
            product = np.eye(1, dtype="complex128")
            for qubit in range(size):
                product = np.kron(product, PAULIS[letters.get(qubit, "I")])
            result += complex(coefficient) * product
        return result

    def square(self) -> PauliSum:
        """Return the product with itself, from the pairs of words that commute: the others cancel.

        Examples
        --------
        >>> import ketgrad as kg
        >>> (kg.X(0) + 2 * kg.Z(0) + kg.Z(1)).square()
        PauliSum({'I': 6.0, 'X0 Z1': 2.0, 'Z0 Z1': 4.0})
        """
        terms = list(self._terms.items())
        squares = [((), value * value) for _, value in terms]
        pairs = [
            (word, 2.0 * factor * (left[1] * right[1]))
            for place, left in enumerate(terms)
            for right in terms[place + 1 :]
            for word, factor in [_word_product(left[0], right[0])]
            if isinstance(factor, float)
        ]
        return PauliSum.from_words([*squares, *pairs])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Take arithmetic with numbers of NumPy and of autograd over, which would look into this class for an array."""
        if ufunc not in _OF_NUMPY or method != "__call__" or options:
            return NotImplemented
        forwards, reflected = _OF_NUMPY[ufunc]
        left, right = inputs
        return forwards(self, right) if left is self else reflected(self, left)

    def __add__(self, other: Any) -> PauliSum:
        return PauliSum.from_words([*self._terms.items(), *_operator(other)._terms.items()])

    __radd__ = __add__

    def __sub__(self, other: Any) -> PauliSum:
        return self + (-1.0) * _operator(other)

    def __rsub__(self, other: Any) -> PauliSum:
        return -self + other

    def __neg__(self) -> PauliSum:
        return (-1.0) * self

    def __mul__(self, factor: Any) -> PauliSum:
        if isinstance(factor, PauliSum):
            raise InvalidTypeError("write the product of two operators with @, and * for numbers")
        _real_where_possible(factor)
        return PauliSum.from_words((word, factor * value) for word, value in self._terms.items())

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> PauliSum:
        return PauliSum.from_words((word, value / divisor) for word, value in self._terms.items())

    def __matmul__(self, other: PauliSum) -> PauliSum:
        if not isinstance(other, PauliSum):
            return NotImplemented
        return PauliSum.from_words(
            _product(left, right) for left in self._terms.items() for right in other._terms.items()
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PauliSum) and self._terms == other._terms

    __hash__ = None  # type: ignore[assignment]  # coefficients may be arrays

    def __len__(self) -> int:
        return len(self._terms)

    def __repr__(self) -> str:
        return f"PauliSum({ {show_word(word): value for word, value in self._terms.items()} })"


_OF_NUMPY = {
    np.add: (PauliSum.__add__, PauliSum.__radd__),
    np.subtract: (PauliSum.__sub__, PauliSum.__rsub__),
    np.multiply: (PauliSum.__mul__, PauliSum.__rmul__),
}


def X(qubit: int) -> PauliSum:  # noqa: N802
    """Return the Pauli X operator on one qubit."""
    return _single("X", qubit)


def Y(qubit: int) -> PauliSum:  # noqa: N802
    """Return the Pauli Y operator on one qubit."""
    return _single("Y", qubit)


def Z(qubit: int) -> PauliSum:  # noqa: N802
    """Return the Pauli Z operator on one qubit."""
    return _single("Z", qubit)


def I() -> PauliSum:  # noqa: N802, E743
    """Return the identity."""
    return PauliSum.from_words([((), 1.0)])


def parse_word(text: str) -> Word:
    """Read a word such as "Z0 Z1", "X0Y2" or "I".

    Raises
    ------
    InvalidValueError
        If it is something else, or names a qubit twice.
    """
    given = text.strip() if isinstance(text, str) else ""
    if given == "I":
        return ()
    if not re.fullmatch(r"([IXYZ][0-9]{1,9}\s*)+", given):
        raise InvalidValueError(f'{text!r} is no Pauli word; write one such as "Z0 Z1", or "I" for the identity')
    pairs = [(int(index), letter) for letter, index in re.findall(r"([IXYZ])([0-9]+)", given)]
    if len({qubit for qubit, _ in pairs}) != len(pairs):
        raise InvalidValueError(f"{text!r} names a qubit twice; multiply operators on one qubit with @")
    return tuple(sorted(pair for pair in pairs if pair[1] != "I"))


def show_word(word: Word) -> str:
    """Write a word as `parse_word` reads it."""
    return " ".join(f"{letter}{qubit}" for qubit, letter in word) or "I"


def _single(letter: str, qubit: int) -> PauliSum:
    checked = check_integer(qubit, f"{letter} got a qubit that")
    if checked < 0:
        raise InvalidValueError(f"{letter} got qubit {checked}; qubits are counted from 0")
    return PauliSum.from_words([(((checked, letter),), 1.0)])


def _collected(terms: Iterable[tuple[Word, Any]]) -> dict[Word, Any]:
    result: dict[Word, Any] = {}
    for word, value in terms:
        total = result[word] + value if word in result else value
        result[word] = _real_where_possible(total)
    return {word: value for word, value in result.items() if not _is_zero(value)}


def _real_where_possible(value: Any) -> Any:
    if isinstance(value, bool | np.bool_ | str) or value is None:
        raise InvalidTypeError(f"a coefficient is {value!r}; give a number or a 0-d array")
    if isinstance(value, int | float | complex | np.number):
        _check_finite(value)
        return complex(value) if complex(value).imag else float(complex(value).real)
    if is_symbolic(value):
        raise InvalidTypeError(f"a coefficient is {value!r}; give a number or a 0-d array, for symbols go into gates")
    is_text = isinstance(value, np.ndarray) and value.dtype.kind not in "iufc"
    if is_text or tuple(getattr(value, "shape", (None,))) != ():
        raise InvalidTypeError(f"a coefficient is a {type(value).__name__}; give a number or a 0-d array")
    return value


def _check_finite(value: Any) -> None:
    try:
        is_finite = cmath.isfinite(value)
    except OverflowError:
        raise InvalidValueError("a coefficient is beyond all floats; give a smaller number") from None
    if not is_finite:
        raise InvalidValueError(f"a coefficient is {value}; give a finite number")


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float | complex) and value == 0


def _operator(value: Any) -> PauliSum:
    """Return a number as that many identities."""
    return value if isinstance(value, PauliSum) else I() * value


def _product(left: tuple[Word, Any], right: tuple[Word, Any]) -> tuple[Word, Any]:
    word, factor = _word_product(left[0], right[0])
    return word, factor * (left[1] * right[1])


def _word_product(left: Word, right: Word) -> tuple[Word, float | complex]:
    """Return the product of two words; its factor is real where they commute, imaginary where they do not."""
    letters, phase = dict(left), complex(1)
    for qubit, letter in right:
        before = letters.pop(qubit, None)
        if before is None:
            letters[qubit] = letter
        elif before != letter:
            factor, letters[qubit] = _PRODUCTS[before, letter]
            phase *= factor
    return tuple(sorted(letters.items())), phase if phase.imag else phase.real

"""What circuits are grown from: Pauli words, sums of words that commute, and functions of an angle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Any, TypeAlias

from ketgrad.circuit.checks import is_number
from ketgrad.circuit.circuit import Circuit
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.observables.pauli import PauliSum, Word, parse_word, show_word

Generator: TypeAlias = PauliSum | Callable[[Any], Circuit]
"""A sum G of commuting words, for exp(−iθG/2), or a function that makes a circuit of an angle."""


def as_generators(items: Any, what: str) -> tuple[Generator, ...]:
    """Return generators as they are given, words written as text included, or say what is wrong with one."""
    if isinstance(items, str | dict | PauliSum) or not isinstance(items, Iterable):
        raise InvalidTypeError(f'{what} is {items!r}; give a list, such as ["X0 Y1", "Y0 X1"]')
    found = tuple(_generator(item, what) for item in items)
    if not found:
        raise InvalidValueError(f"{what} is empty; give at least one operator")
    return found


def append(circuit: Circuit, generator: Generator, angle: Any) -> Circuit:
    """Append exp(−iθG/2), the product of the rotations about its words, or the circuit that a function makes."""
    if isinstance(generator, PauliSum):
        for word, coefficient in generator.words:
            if word:  # the identity is a global phase
                letters = "".join(letter for _, letter in word)
                circuit.pauli_rotation(coefficient * angle, letters, [qubit for qubit, _ in word])
        return circuit
    made = generator(angle)
    if not isinstance(made, Circuit):
        raise InvalidTypeError(
            f"{name_of(generator)} of the pool returned a {type(made).__name__}; give functions that return a circuit"
        )
    return circuit.compose(made)


def append_all(circuit: Circuit, generators: Sequence[Generator], angles: Iterable[Any]) -> Circuit:
    """Append generators in order, each with its angle."""
    for generator, angle in zip(generators, angles, strict=True):
        append(circuit, generator, angle)
    return circuit


def name_of(generator: Generator) -> str:
    """Name a generator: a word, a sum, or a function."""
    if not isinstance(generator, PauliSum):
        return getattr(generator, "__name__", type(generator).__name__)
    words = generator.words
    return show_word(words[0][0]) if len(words) == 1 and words[0][1] == 1 else repr(generator)


def _generator(item: Any, what: str) -> Generator:
    found = PauliSum.from_words([(parse_word(item), 1.0)]) if isinstance(item, str) else item
    if isinstance(found, PauliSum):
        _check_sum(found, what)
        return found
    if not callable(found):
        raise InvalidTypeError(
            f'{what} holds {item!r}; give Pauli words such as "X0 Y1", PauliSums, or functions that make a circuit of '
            "an angle"
        )
    return found


def _check_sum(found: PauliSum, what: str) -> None:
    words = [word for word, _ in found.words if word]
    if not words:
        raise InvalidValueError(f"{what} holds {found!r}, which changes no state; give a sum with a word of X, Y or Z")
    if not all(is_number(coefficient) for _, coefficient in found.words):
        raise InvalidValueError(f"{what} holds {found!r}; give real numbers as coefficients")
    for left, right in combinations(words, 2):
        if not _commute(left, right):
            raise InvalidValueError(
                f"{what} holds a sum in which {show_word(left)} and {show_word(right)} do not commute; give sums of "
                "words that do, so that the rotation about the sum is the product of theirs"
            )


def _commute(left: Word, right: Word) -> bool:
    letters = dict(left)
    return sum(letters.get(qubit, letter) != letter for qubit, letter in right) % 2 == 0

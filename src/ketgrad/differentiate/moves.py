"""A gradient as a weighted sum of values elsewhere: shift rules, finite differences and random directions alike.

The way through: a rule lists moves of the numbers of a circuit, each of which keeps some numbers and adds to others,
and says how much the value after each move weighs in the derivative by each number; the values after all moves are
computed as one batch, or in a few where that would be too large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ketgrad.errors import GradientError
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend


@dataclass(frozen=True, eq=False)
class Moves:
    """Moves of the numbers x of a circuit to kept·Px + added, and the weights of what is found there."""

    kept: Any
    """Shape (moves, places)."""
    added: Any
    """Shape (moves, places)."""
    weights: Any
    """Shape (moves, numbers): the derivative by number j is Σₖ weightsₖⱼ f(move k)."""
    placing: Any = None
    """P, of shape (numbers, places), where moves go to a circuit with more numbers; zeros stand for these."""

    def parts(self, size: int) -> Iterator[Moves]:
        """Yield the moves, at most `size` of them at a time."""
        for start in range(0, self.kept.shape[0], size):
            window = slice(start, start + size)
            yield Moves(self.kept[window], self.added[window], self.weights[window], self.placing)

    def points(self, backend: ArrayBackend, numbers: Array) -> Array:
        """Return the moved numbers, of shape (moves·batch, places), from those of shape (batch, numbers)."""
        if self.placing is not None:
            numbers = backend.einsum("zm,mn->zn", numbers, constants_like(backend, self.placing, numbers))
        kept, added = (constants_like(backend, table, numbers) for table in (self.kept, self.added))
        count, width = tuple(kept.shape)
        moved = backend.einsum("km,zm->kzm", kept, numbers) + backend.reshape(added, (count, 1, width))
        return backend.reshape(moved, (-1, width))

    def repeated(self, backend: ArrayBackend, array: Array) -> Array:
        """Return an array of shape (batch, size) once for each move, of shape (moves·batch, size)."""
        shape = tuple(array.shape)
        ones = constants_like(backend, self.kept[:, :1] * 0 + 1, array)
        return backend.reshape(backend.einsum("ka,zb->kzb", ones, array), (-1, shape[1]))

    def pull(self, backend: ArrayBackend, values: Array, cotangent: Array) -> Array:
        """Return the gradient, of shape (batch, numbers), from values (moves·batch, m) and a cotangent (batch, m)."""
        shape = tuple(cotangent.shape)
        found = backend.einsum("kzm,zm->kz", backend.reshape(values, (-1, *shape)), cotangent)
        return backend.einsum("kz,kn->zn", found, constants_like(backend, self.weights, cotangent))


class Move(NamedTuple):
    """One number that is moved, and the one by which what is found there is a part of the derivative."""

    place: int
    shift: float
    number: int
    weight: float
    is_value: bool = False
    """Whether the shift is the value to take, and not one to add."""


@dataclass(frozen=True, eq=False)
class MoveList:
    """Moves of one number each."""

    moves: tuple[Move, ...]
    places: int
    """How many numbers can be moved."""
    numbers: int
    """How many there are derivatives by."""
    placing: Any = None
    """As for `Moves`."""

    def parts(self, size: int) -> Iterator[Moves]:
        """Yield the moves as tables, at most `size` of them at a time."""
        for start in range(0, len(self.moves), size):
            yield self._tables(self.moves[start : start + size])

    def _tables(self, moves: Sequence[Move]) -> Moves:
        kept, added = np.ones((len(moves), self.places)), np.zeros((len(moves), self.places))
        weights = np.zeros((len(moves), self.numbers))
        for row, move in enumerate(moves):
            kept[row, move.place] = 0.0 if move.is_value else 1.0
            added[row, move.place] = move.shift
            weights[row, move.number] = move.weight
        return Moves(kept, added, weights, self.placing)


Rule = Callable[[ArrayBackend, Any], Moves | MoveList]
"""Makes the moves, from a key where chance plays a part in them."""


def operation_by_moves(
    backend: ArrayBackend,
    function: Callable[..., Array],
    rule: Rule,
    key: Any,
    at_once: int,
    elsewhere: Callable[..., Array] | None = None,
) -> Callable[..., Array]:
    """Return function(key, numbers, *others) as an operation of numbers and others, differentiated by moves.

    Everything has the batch in front; the function returns real numbers of shape (batch, m). The gradient by `others`
    is zero. With a key the value takes it as it is, and the values after moves take others. These are the function's
    own, and so differentiated in turn, or those of `elsewhere`, which takes the same and is not.
    """

    def after_moves(drawn: Any) -> Callable[..., Array]:
        if elsewhere is None:
            return operation_by_moves(backend, function, rule, drawn, at_once)
        return backend.custom_gradient(lambda *inputs: elsewhere(drawn, *inputs), _differentiates_once)

    def pullback(inputs: Any, cotangent: Array) -> list[Array]:
        numbers, *others = inputs
        own, below = further_keys(backend, key)
        moves = rule(backend, own)
        size = max(1, at_once // int(numbers.shape[0]))
        gradient = numbers * 0.0
        for part in moves.parts(size):
            below, drawn = further_keys(backend, below)
            values = after_moves(drawn)(
                part.points(backend, numbers), *(part.repeated(backend, other) for other in others)
            )
            gradient = gradient + part.pull(backend, values, cotangent)
        return [gradient, *(other * 0.0 for other in others)]

    return backend.custom_gradient(lambda *inputs: function(key, *inputs), pullback)


def _differentiates_once(inputs: Any, cotangent: Array) -> list[Array]:
    raise GradientError(
        'the Hadamard test with an auxiliary qubit differentiates once; give gradient="hadamard", "parameter-shift" or '
        '"backprop" for further derivatives'
    )


def further_keys(backend: ArrayBackend, key: Any) -> tuple[Any, Any]:
    """Return two keys whose streams are independent of one another, and of what is drawn from the key itself."""
    if key is None:
        return None, None
    # What the value draws splits the key once, so its grandchildren are free.
    (child,) = backend.random_split(key, 1)
    first, second = backend.random_split(child, 2)
    return first, second


def refused(backend: ArrayBackend, array: Array, refuse: Callable[[], Exception]) -> Array:
    """Return an array whose gradient raises."""

    def pullback(inputs: Any, cotangent: Array) -> list[Array]:
        raise refuse()

    return backend.custom_gradient(lambda value: value * 1.0, pullback)(array)


def joined(backend: ArrayBackend, numbers: Array, arrays: list[Array]) -> Array:
    """Return the numbers, in whose graph the other arrays stand as well; what comes back to these is zero."""
    if not arrays:
        return numbers
    return backend.custom_gradient(
        lambda value, *_: value * 1.0,
        lambda inputs, cotangent: [cotangent, *(other * 0.0 for other in inputs[1:])],
    )(numbers, *arrays)

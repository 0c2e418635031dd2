"""The direct Hadamard test: derivatives from a rotation about a Pauli word that is put behind a gate.

The derivative of exp(−iθG/2)ρ… by θ is the commutator −i[G, ρ]/2, and G is a sum of Pauli words P with real factors g.
For each of these −i[P, ρ]/2 is half the difference of ρ turned about P by π/2 and by −π/2, so the derivative of any
result that is linear in ρ is Σ g (f(π/2) − f(−π/2)) / 2. The way through: every rotation whose angle varies gets
further ones behind it, one for each word, by angles of zero; the moves of the rule turn one of them at a time.

Reference: K. Mitarai and K. Fujii, "Methodology for replacing indirect measurements with direct measurements", Phys.
Rev. Research 1, 013006 (2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product
from typing import Any

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.circuit.gates import RotationGate, pauli_matrix
from ketgrad.circuit.instructions import Operation
from ketgrad.differentiate.moves import Moves
from ketgrad.simulate.parts import table_gate
from ketgrad.simulate.program import Program

NOTHING = 1e-12
"""A factor below rounding."""

WordFactors = tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Extended:
    """A program with rotations to turn, how the numbers of the one before stand in its own, and the moves."""

    program: Program
    placing: Any
    """Shape (numbers before, numbers), 1.0 where one goes."""
    moves: Moves
    unmovable: tuple[int, ...]
    """The numbers that vary and are no angles of rotations."""


def extended(program: Program) -> Extended:
    """Return a program with a further rotation for each Pauli word of each rotation whose angle varies."""
    return _extended(_ByIdentity(program))


class _ByIdentity:
    """A program, to be known as the very one that it is."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.program is other.program

    def __hash__(self) -> int:
        return id(self.program)


@lru_cache(maxsize=64)
def _extended(known: _ByIdentity) -> Extended:
    program, recipe = known.program, known.program.recipe
    items: list[Any] = []
    places: list[int] = []
    turns: list[tuple[int, int, float]] = []
    unmovable, count = [], 0
    bounds = [*recipe.slots, len(recipe.numbers.numbers)]
    for part, start, stop in zip(recipe.parts, bounds, bounds[1:], strict=False):
        varying = [place for place in range(start, stop) if recipe.numbers.expressions[place].terms]
        items.append(part)
        places += range(count, count + stop - start)
        count += stop - start
        if varying and not isinstance(table_gate(part), RotationGate):
            unmovable += varying
        elif varying:
            words = list(_words_of(part))
            items += [turn for turn, _ in words]
            turns += [(varying[0], count + place, factor) for place, (_, factor) in enumerate(words)]
            count += len(words)
    width = max(1, len(places))
    placing = np.zeros((width, max(1, count)))
    placing[np.arange(len(places)), places] = 1
    changed = replace(program, items=tuple(items))
    return Extended(changed, placing, _moves(turns, placing), tuple(unmovable))


def _moves(turns: Sequence[tuple[int, int, float]], placing: Any) -> Moves:
    """Return the moves, whose weights stand at the numbers that were there before."""
    rows = [(number, place, sign, factor) for number, place, factor in turns for sign in (1, -1)]
    shape = (len(rows), placing.shape[1])
    added, weights = np.zeros(shape), np.zeros(shape)
    for row, (number, place, sign, factor) in enumerate(rows):
        added[row, place] = sign * math.pi / 2
        weights[row] = sign * factor / 2 * placing[number]
    return Moves(np.ones(shape), added, weights)


def _words_of(part: Operation) -> Sequence[tuple[Operation, float]]:
    """Return the rotations about the words of a gate's generator, with their factors; controls are words of I and Z."""
    gate = table_gate(part)
    assert isinstance(gate, RotationGate)
    qubits = (*(qubit for qubit, _ in part.controls), *part.qubits)
    found = []
    for (word, factor), (letters, share) in product(_pauli_words(gate), _projector_words(part.controls)):
        kept = [(letter, qubit) for letter, qubit in zip(letters + word, qubits, strict=True) if letter != "I"]
        if kept:
            names, acted = zip(*kept, strict=True)
            found.append((Operation("pauli_rotation", (0.0,), acted, word="".join(names)), factor * share))
    return found


def _projector_words(controls: Controls) -> WordFactors:
    """Return the words that Π (I ± Z)/2 is the sum of, with minus for controls on 1."""
    found = []
    for letters in product("IZ", repeat=len(controls)):
        sign = math.prod(-1 for letter, (_, value) in zip(letters, controls, strict=True) if letter == "Z" and value)
        found.append(("".join(letters), sign / 2 ** len(controls)))
    return tuple(found)


@cache
def _pauli_words(gate: RotationGate) -> WordFactors:
    """Return the Pauli words that a generator is the sum of, with their factors."""
    generator = np.einsum("k,kij->ij", np.array(gate.eigenvalues), gate.projectors)
    words = ("".join(letters) for letters in product("IXYZ", repeat=gate.num_qubits))
    factors = ((word, float(np.trace(pauli_matrix(word) @ generator).real) / len(generator)) for word in words)
    return tuple((word, factor) for word, factor in factors if abs(factor) > NOTHING)

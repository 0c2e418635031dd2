"""The Hadamard test: derivatives from a rotation about a Pauli word that is put behind a gate.

The derivative of exp(−iθG/2)ρ… by θ is the commutator −i[G, ρ]/2, and G is a sum of Pauli words P with real factors g.
For each of these −i[P, ρ]/2 is half the difference of ρ turned about P by π/2 and by −π/2, so the derivative of any
result that is linear in ρ is Σ g (f(π/2) − f(−π/2)) / 2. The way through: every rotation whose angle varies gets
further ones behind it, one for each word, by angles of zero; the moves of the rule turn one of them at a time.

With an auxiliary qubit in (|0⟩ + |1⟩)/√2 these rotations are controlled by it. One by π is a controlled −iP, and behind
it the mean of X on the auxiliary qubit times the result is Re⟨ψ|…(−iP)…|ψ⟩, the derivative itself, from one value.

Reference: K. Mitarai and K. Fujii, "Methodology for replacing indirect measurements with direct measurements", Phys.
Rev. Research 1, 013006 (2019), for the direct test; M. Schuld, V. Bergholm, C. Gogolin, J. Izaac and N. Killoran,
"Evaluating analytic gradients on quantum hardware", Phys. Rev. A 99, 032331 (2019), for the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise, product
from typing import Any

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.circuit.gates import RotationGate, pauli_matrix
from ketgrad.circuit.instructions import Operation
from ketgrad.differentiate.moves import Move, MoveList
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
    moves: MoveList
    unmovable: tuple[int, ...]
    """The numbers that vary and are no angles of rotations."""


def extended(program: Program, *, has_auxiliary: bool) -> Extended:
    """Return a program with a further rotation for each Pauli word of each rotation whose angle varies.

    The auxiliary qubit, if there is one, is a further wire behind all others.
    """
    return _extended(_ByIdentity(program), has_auxiliary)


class _ByIdentity:
    """A program, to be known as the very one that it is."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.program is other.program

    def __hash__(self) -> int:
        return id(self.program)


@lru_cache(maxsize=64)
def _extended(known: _ByIdentity, has_auxiliary: bool) -> Extended:
    program, recipe = known.program, known.program.recipe
    wire = program.num_wires
    controls: Controls = ((wire, 1),) if has_auxiliary else ()
    items: list[Any] = [Operation("h", (), (wire,))] if has_auxiliary else []
    places: list[int] = []
    turns: list[tuple[int, int, float]] = []
    unmovable, count = [], 0
    bounds = pairwise((*recipe.slots, len(recipe.numbers.numbers)))
    for part, (start, stop) in zip(recipe.parts, bounds, strict=True):
        varying = [place for place in range(start, stop) if recipe.numbers.expressions[place].terms]
        items.append(part)
        places += range(count, count + stop - start)
        count += stop - start
        if varying and not isinstance(table_gate(part), RotationGate):
            unmovable += varying
        elif varying:
            words = list(_words_of(part))
            items += [replace(turn, controls=controls) for turn, _ in words]
            turns += [(varying[0], count + place, factor) for place, (_, factor) in enumerate(words)]
            count += len(words)
    width = max(1, len(places))
    placing = np.zeros((width, max(1, count)))
    placing[np.arange(len(places)), places] = 1
    changed = replace(program, items=tuple(items), num_wires=wire + has_auxiliary)
    moves = _beside(turns, placing) if has_auxiliary else _within(turns, placing)
    return Extended(changed, placing, moves, tuple(unmovable))


def _within(turns: Sequence[tuple[int, int, float]], placing: Any) -> MoveList:
    """Return the moves of the direct test, in the numbers of the program that is extended."""
    before = np.argmax(placing, axis=1).tolist()
    moves = [
        Move(place, sign * math.pi / 2, before[number], sign * factor / 2)
        for number, place, factor in turns
        for sign in (1, -1)
    ]
    return MoveList(tuple(moves), placing.shape[1], placing.shape[1])


def _beside(turns: Sequence[tuple[int, int, float]], placing: Any) -> MoveList:
    """Return the moves of the test with an auxiliary qubit, from the numbers of the program before."""
    moves = [Move(place, math.pi, number, factor) for number, place, factor in turns]
    return MoveList(tuple(moves), placing.shape[1], placing.shape[0], placing)


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

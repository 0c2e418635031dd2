"""The order of a plan: passes over the state, and in each the steps that its tiles go through.

A state too large for the fast caches is worked on in tiles: all indices that agree outside of some local bits. A pass
brings each tile into the cache once and applies every gate to it that mixes local bits alone. Gates commute where they
share no bit, or only look at the bits that they share; so a pass takes any gate that no skipped one holds back, and
inside a pass gates of one kind come together: a run of phases, a run of permutations, matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from ketgrad.simulate.planning.gates import Kind, PlannedGate

TILE = 14
"""The bits of a tile: 2^14 amplitudes, and as many of the backward sweep, stay in a second-level cache of 1 MiB."""

CONTIGUOUS = 6
"""The lowest bits are always local, so that a tile is read in runs of at least 2^6 numbers."""

SHORTEST_PERMUTATION = 3
"""A run of fewer exchanges than this is quicker one by one than as a permutation of the tile."""


@dataclass(frozen=True)
class Step:
    """Gates of one kind that are applied together; a dense gate or an exchange is alone."""

    kind: Kind
    gates: tuple[PlannedGate, ...]


@dataclass(frozen=True)
class Pass:
    """What is done to each tile."""

    local: tuple[int, ...]
    """The local bits, ascending."""
    steps: tuple[Step, ...]


class _Held:
    """The bits that skipped gates mix, and those that they look at."""

    def __init__(self, num_bits: int) -> None:
        self.mixed = self.looked_at = 0
        self.everything = (1 << num_bits) - 1

    def add(self, gate: PlannedGate) -> None:
        self.mixed |= gate.mixing
        self.looked_at |= gate.looking

    def holds(self, gate: PlannedGate) -> bool:
        return bool(gate.mixing & (self.mixed | self.looked_at) or gate.looking & self.mixed)

    @property
    def holds_all(self) -> bool:
        return self.mixed == self.everything


def schedule(gates: Sequence[PlannedGate], num_bits: int) -> list[Pass]:
    """Return the passes that apply the gates."""
    tile, passes, remaining = min(TILE, num_bits), [], list(gates)
    while remaining:
        local = (1 << min(CONTIGUOUS if num_bits > TILE else num_bits, num_bits)) - 1

        def fits(gate: PlannedGate) -> bool:
            nonlocal local
            wanted = local | gate.mixing
            if wanted.bit_count() > tile:
                return False
            local = wanted
            return True

        taken, remaining = _take(remaining, fits, num_bits)
        passes.append(Pass(_filled_up(local, tile), tuple(_steps(taken, num_bits))))
    return passes


def _take(
    gates: Sequence[PlannedGate], accepts: Callable[[PlannedGate], bool], num_bits: int
) -> tuple[list[PlannedGate], list[PlannedGate]]:
    """Return the accepted gates that no refused one before them holds back, and the others."""
    held = _Held(num_bits)
    taken: list[PlannedGate] = []
    others: list[PlannedGate] = []
    for index, gate in enumerate(gates):
        if held.holds_all:
            others += gates[index:]
            break
        if not held.holds(gate) and accepts(gate):
            taken.append(gate)
        else:
            held.add(gate)
            others.append(gate)
    return taken, others


def _filled_up(local: int, tile: int) -> tuple[int, ...]:
    bits = [bit for bit in range(local.bit_length()) if local >> bit & 1]
    free = (bit for bit in range(tile) if bit not in bits)
    return tuple(sorted([*bits, *(bit for bit, _ in zip(free, range(tile - len(bits)), strict=False))]))


def _steps(gates: list[PlannedGate], num_bits: int) -> Iterable[Step]:
    kinds = (Kind.DENSE, Kind.DIAGONAL, Kind.LINEAR, Kind.EXCHANGE)
    while gates:
        for kind in kinds:
            run, gates = _take(gates, partial(_is_of, kind), num_bits)
            if kind is Kind.DIAGONAL or (kind is Kind.LINEAR and _num_exchanges(run) >= SHORTEST_PERMUTATION):
                yield from [Step(kind, tuple(run))] if run else []
            else:
                alone = Kind.EXCHANGE if kind is Kind.LINEAR else kind
                yield from (Step(alone, (gate,)) for gate in run)


def _is_of(kind: Kind, gate: PlannedGate) -> bool:
    return gate.kind is kind


def _num_exchanges(gates: Sequence[PlannedGate]) -> int:
    return sum(1 if len(gate.targets) == 1 else 3 for gate in gates)

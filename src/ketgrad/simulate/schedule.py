"""How the traced engine makes the matrices of a circuit's blocks, all together, and which layers of them repeat.

The way through: a rotation is a sum of phases times projectors; the projectors are brought to the qubits of the block
and multiplied by the fixed gates around them, here, once. What is left for each run is one sum for the rotations of all
blocks on the same number of qubits, and products of neighbours until one matrix is left of each block.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.gates import FixedGate, RotationGate
from ketgrad.circuit.instructions import Operation
from ketgrad.simulate.fusion import Block, fuse
from ketgrad.simulate.parts import table_gate
from ketgrad.simulate.repetition import repetitions

Parts: TypeAlias = tuple[Operation | None, ...]
"""Gates without their parameters, None in the place of what is no gate."""

Slots: TypeAlias = Sequence[int] | Mapping[int, int]
"""For each part the place of its angle among the numbers."""


@dataclass(frozen=True, eq=False)
class FactorGroup:
    """All blocks of one width that are products of up to so many rotations."""

    depth: int
    """Factors of a block, a power of two."""
    slots: Any
    """The place of each factor's angle among the numbers, of shape (blocks·depth,)."""
    halves: Any
    """−λ/2 for the eigenvalues λ of each factor, of shape (blocks·depth, k), filled up with zeros."""
    projectors: Any
    """On the eigenspaces, times the fixed gates around, of shape (blocks·depth, k, 2^q, 2^q)."""


@dataclass(frozen=True, eq=False)
class Fixed:
    """The matrix of a block of fixed gates."""

    matrix: Any


@dataclass(frozen=True)
class Row:
    """A block's place in a group."""

    group: int
    row: int


@dataclass(frozen=True, eq=False)
class Given:
    """A block whose matrix is given: the place of its part."""

    index: int


Source: TypeAlias = Fixed | Row | Given


@dataclass(frozen=True, eq=False)
class Layers:
    """Equal layers of rotations and fixed gates, which differ in their angles alone."""

    slots: Any
    """The places of the angles of each layer among the numbers, of shape (layers, angles)."""
    layer: Schedule
    """One layer, whose angles are numbered from 0."""


Item: TypeAlias = tuple[Block, Source] | Layers | int


@dataclass(frozen=True, eq=False)
class Schedule:
    """What acts, in order: blocks, each with the source of its matrix, layers, and the places of what is no gate."""

    items: tuple[Item, ...]
    groups: tuple[FactorGroup, ...]


@dataclass(frozen=True, eq=False)
class _Factor:
    """A rotation as phases times matrices on the qubits of its block."""

    slot: int
    eigenvalues: tuple[float, ...]
    projectors: Any


@lru_cache(maxsize=64)
def make_schedule(parts: Parts, slots: tuple[int, ...], *, by_layers: bool) -> Schedule:
    """Return the schedule of gates without their parameters; equal layers in a row are put together if asked for."""
    items = fuse(parts)
    return _assembled(_by_layers(items, parts, slots) if by_layers else items, parts, slots)


def _assembled(items: Sequence[Block | Layers | int], parts: Parts, slots: Slots) -> Schedule:
    """Return the schedule of blocks, given the place of each part's angle."""
    result: list[Item] = []
    products: dict[tuple[int, int], list[list[_Factor]]] = {}
    for item in items:
        if not isinstance(item, Block):
            result.append(item)
            continue
        found = _factors(item, parts, slots)
        if isinstance(found, list):
            size = (len(item.qubits), 1 << (len(found) - 1).bit_length())
            own = products.setdefault(size, [])
            result.append((item, Row(list(products).index(size), len(own))))
            own.append(found)
        else:
            result.append((item, found))
    groups = [_group(width, depth, own) for (width, depth), own in products.items()]
    return Schedule(tuple(result), tuple(groups))


def _by_layers(items: Sequence[Block | int], parts: Parts, slots: Slots) -> list[Block | Layers | int]:
    """Put equal stretches of blocks together."""
    result: list[Block | Layers | int] = []
    place = 0
    for found in repetitions([_structure(item, parts) for item in items]):
        result += items[place : found.start]
        result.append(_layers(items[found.start : found.end], found.count, parts, slots))
        place = found.end
    return [*result, *items[place:]]


def _structure(item: Block | int, parts: Parts) -> Hashable:
    """Return what equal blocks have in common; what can't be part of a layer has its place, which is its alone."""
    members = [item] if isinstance(item, int) else item.members
    gates = tuple(parts[index] for index in members)
    return gates if all(table_gate(gate) is not None for gate in gates) else members[0]


def _layers(blocks: Sequence[Any], count: int, parts: Parts, slots: Slots) -> Layers:
    rotations = [
        index for block in blocks for index in block.members if isinstance(table_gate(parts[index]), RotationGate)
    ]
    table = np.array([slots[index] for index in rotations], np.int64).reshape(count, -1)
    own = {index: place for place, index in enumerate(rotations[: table.shape[1]])}
    return Layers(table, _assembled(blocks[: len(blocks) // count], parts, own))


def _factors(block: Block, parts: Parts, slots: Slots) -> list[_Factor] | Fixed | Given:
    """Return a block's rotations, with its fixed gates in their projectors; a fixed matrix where it has none."""
    factors: list[_Factor] = []
    fixed = np.eye(1 << len(block.qubits), dtype="complex128")
    for index in block.members:
        part: Any = parts[index]
        gate: Any = table_gate(part)
        if gate is None:
            return Given(index)
        places = tuple(block.qubits.index(qubit) for qubit in part.qubits)
        if isinstance(gate, FixedGate):
            fixed = _spread(gate.matrix, places, len(block.qubits)) @ fixed
        else:
            projectors = _spread(gate.projectors, places, len(block.qubits)) @ fixed
            factors.append(_Factor(slots[index], gate.eigenvalues, projectors))
            fixed = np.eye(1 << len(block.qubits), dtype="complex128")
    if not factors:
        return Fixed(fixed)
    last = factors[-1]
    factors[-1] = _Factor(last.slot, last.eigenvalues, fixed @ last.projectors)
    return factors


def _spread(matrices: Any, places: tuple[int, ...], width: int) -> Any:
    """Return matrices (…, 2^k, 2^k) on k of some qubits as matrices on all of them."""
    count, lead = len(places), matrices.shape[:-2]
    if places == tuple(range(width)):
        return matrices
    rest = [place for place in range(width) if place not in places]
    whole = np.kron(matrices, np.eye(1 << (width - count))).reshape(*lead, *(2,) * (2 * width))
    axes = [len(lead) + place for place in np.argsort([*places, *rest])]
    order = [*range(len(lead)), *axes, *(axis + width for axis in axes)]
    return whole.transpose(order).reshape(*lead, 1 << width, 1 << width)


def _group(width: int, depth: int, blocks: Sequence[Sequence[_Factor]]) -> FactorGroup:
    """Return blocks of up to so many factors, filled up with factors that are one."""
    size, terms = 1 << width, max(len(factor.eigenvalues) for own in blocks for factor in own)
    slots = np.zeros((len(blocks), depth), np.int64)
    halves = np.zeros((len(blocks), depth, terms))
    projectors = np.zeros((len(blocks), depth, terms, size, size), "complex128")
    projectors[:, :, 0] = np.eye(size)
    for row, own in enumerate(blocks):
        slots[row] = own[0].slot
        for place, factor in enumerate(own):
            count = len(factor.eigenvalues)
            slots[row, place] = factor.slot
            halves[row, place, :count] = -0.5 * np.array(factor.eigenvalues)
            projectors[row, place, :count] = factor.projectors
    return FactorGroup(depth, slots.reshape(-1), halves.reshape(-1, terms), projectors.reshape(-1, terms, size, size))

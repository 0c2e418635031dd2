"""A circuit's gates as the kernels see them: four kinds, with neighbours on one qubit merged.

A dense gate has a matrix on its targets; an exchange flips its target where its controls agree; a linear gate, which is
an exchange with one control at most or a swap, permutes the basis by an affine map over bits; a diagonal gate has a
phase for each value of a few bits. A matrix comes from sources, first applied first: constants, matrices that the
framework hands over, and rotations, whose angles it hands over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.circuit.gates import FixedGate, RotationGate
from ketgrad.circuit.instructions import Operation
from ketgrad.simulate.parts import table_gate

WIDEST_GATE = 6
"""The most qubits of a gate that the kernels apply as one matrix."""

WIDEST_DIAGONAL = 3
"""The most qubits, controls included, of a gate that becomes part of a run of phases: it has 2^k sign patterns."""

ROUNDING = 1e-15
"""A factor of a sign pattern below this is zero."""

CONTROLLED = {
    "cx": "x",
    "cy": "y",
    "cz": "z",
    "ch": "h",
    "csx": "sx",
    "csxdg": "sxdg",
    "ccx": "x",
    "ccz": "z",
    "cswap": "swap",
    "crx": "rx",
    "cry": "ry",
    "crz": "rz",
    "cp": "p",
}
"""Gates that are another one under control of their first qubits."""


class Kind(Enum):
    """What a gate does to the basis."""

    DENSE = "dense"
    EXCHANGE = "exchange"
    LINEAR = "linear"
    DIAGONAL = "diagonal"


@dataclass(frozen=True)
class Source:
    """A matrix: a constant, the `given`-th of those handed over, or the rotation of a table by the angle in a slot."""

    constant: Any = None
    given: int | None = None
    rotation: RotationGate | None = None
    slot: int = 0

    @property
    def has_gradient(self) -> bool:
        return self.constant is None


@dataclass
class PlannedGate:
    """A gate on bits; bit t is the one of value 2^t in an index."""

    kind: Kind
    targets: tuple[int, ...]
    """The bits that it mixes, most significant first; of a diagonal gate, those that it looks at."""
    controls: Controls
    sources: list[Source]

    @property
    def mixing(self) -> int:
        """The mask of the bits whose values it changes."""
        return 0 if self.kind is Kind.DIAGONAL else sum(1 << bit for bit in self.targets)

    @property
    def looking(self) -> int:
        """The mask of the bits that it only looks at."""
        looked_at = self.targets if self.kind is Kind.DIAGONAL else ()
        return sum(1 << bit for bit in (*looked_at, *(bit for bit, _ in self.controls)))

    @property
    def is_one_bit_matrix(self) -> bool:
        """Whether a neighbour on the same bit can be multiplied to it."""
        return self.kind is Kind.DENSE and len(self.targets) == 1 and not self.controls


@dataclass(frozen=True)
class Phases:
    """The exponents of a diagonal gate, as a sum over sign patterns (−1)^(mask·i): constants, and factors of angles."""

    constants: Mapping[int, float]
    factors: Mapping[int, tuple[int, float]]
    """For each mask the slot of the angle and its factor."""


def is_plannable(part: Any) -> bool:
    """Tell whether the kernels can run a part: a gate, and none too wide."""
    return isinstance(part, Operation) and not part.is_channel and len(part.qubits) <= WIDEST_GATE


def structure_of(part: Operation) -> Operation:
    """Return a part without its parameters."""
    return replace(part, parameters=())


def planned_gates(parts: Sequence[Operation], slots: Sequence[int], num_bits: int) -> list[PlannedGate]:
    """Return the gates, first applied first, with those on one bit in a row merged."""
    merged: list[PlannedGate] = []
    last_on: dict[int, PlannedGate] = {}
    given = 0
    for part, slot in zip(parts, slots, strict=True):
        gate = _planned(part, slot, given, num_bits)
        given += table_gate(part) is None
        last = last_on.get(gate.targets[0])
        if last is not None and _merges(last, gate):
            last.sources += gate.sources
            last.kind = gate.kind if last.kind is gate.kind else Kind.DENSE
            continue
        merged.append(gate)
        for bit in (*gate.targets, *(bit for bit, _ in gate.controls)):
            last_on[bit] = gate
    return merged


def phases_of(gate: PlannedGate) -> Phases:
    """Return the exponents of a diagonal gate as sign patterns, by a Walsh transform over the bits that it looks at."""
    bits = [*gate.targets, *(bit for bit, _ in gate.controls)]
    (source,) = gate.sources
    if source.rotation is None:
        return Phases(_patterns(bits, _under_control(gate, np.angle(np.diagonal(source.constant)))), {})
    eigenvalues = np.einsum("k,kii->i", source.rotation.eigenvalues, source.rotation.projectors).real
    factors = _patterns(bits, _under_control(gate, -0.5 * eigenvalues))
    return Phases({}, {mask: (source.slot, factor) for mask, factor in factors.items()})


def _planned(part: Operation, slot: int, given: int, num_bits: int) -> PlannedGate:
    bits = tuple(num_bits - 1 - qubit for qubit in part.qubits)
    controls = tuple((num_bits - 1 - qubit, value) for qubit, value in part.controls)
    gate = table_gate(part)
    if gate is None:
        return PlannedGate(Kind.DENSE, bits, controls, [Source(given=given)])
    inner = table_gate(replace(part, name=CONTROLLED.get(part.name, part.name)))
    count = gate.num_qubits - inner.num_qubits if inner is not None else 0
    controls = (*controls, *((bit, 1) for bit in bits[:count]))
    if isinstance(inner, RotationGate):
        source, is_diagonal = Source(rotation=inner, slot=slot), _is_diagonal(inner.projectors)
    else:
        assert isinstance(inner, FixedGate)
        source, is_diagonal = Source(constant=inner.matrix), _is_diagonal(inner.matrix[None])
    return PlannedGate(
        _kind(inner.name, len(bits) - count, len(controls), is_diagonal), bits[count:], controls, [source]
    )


def _kind(name: str, num_targets: int, num_controls: int, is_diagonal: bool) -> Kind:
    if name == "x":
        return Kind.LINEAR if num_controls <= 1 else Kind.EXCHANGE
    if name == "swap" and num_controls == 0:
        return Kind.LINEAR
    if is_diagonal and num_targets + num_controls <= WIDEST_DIAGONAL:
        return Kind.DIAGONAL
    return Kind.DENSE


def _is_diagonal(matrices: Any) -> bool:
    return not np.any(matrices * (1 - np.eye(matrices.shape[-1])))


def _merges(last: PlannedGate, gate: PlannedGate) -> bool:
    """Tell whether a gate is multiplied to the one before it: both on one bit, and one of them dense."""
    both = (last, gate)
    if any(item.controls or len(item.targets) != 1 for item in both):
        return False
    return any(item.kind is Kind.DENSE for item in both)


def _under_control(gate: PlannedGate, exponents: Any) -> Any:
    """Return an exponent for each value of targets and controls, the first bit most significant."""
    selector = np.ones(1)
    for _, value in gate.controls:
        selector = np.kron(selector, np.eye(2)[value])
    return np.kron(exponents, selector)


def _patterns(bits: Sequence[int], exponents: Any) -> dict[int, float]:
    """Return the factors of the sign patterns whose sum are the exponents."""
    size, patterns = len(exponents), {}
    for index in range(size):
        signs = np.array([(-1.0) ** (index & value).bit_count() for value in range(size)])
        factor = float(signs @ exponents) / size
        if abs(factor) > ROUNDING:
            patterns[sum(1 << bit for place, bit in enumerate(reversed(bits)) if index >> place & 1)] = factor
    return patterns

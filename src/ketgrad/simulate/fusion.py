"""Which gates of a circuit act as one, found once for each structure.

The way through: a gate joins the block that acted last on all its qubits; else it begins a block at the end, and takes
in those before it that nothing has followed, as long as it gets no wider than `WIDEST_BLOCK` or the widest of them.
Gates under control, gates that depend on measured bits, and given matrices stay blocks of their own; nothing moves past
a channel, a measurement, a preparation or a post-selection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ketgrad.circuit.checks import Controls
from ketgrad.circuit.instructions import Operation
from ketgrad.simulate.parts import table_gate

WIDEST_BLOCK = 3
"""The most qubits of a block of narrower gates. Two made 16 qubits slower by a half on NumPy, by a sixth on PyTorch."""


@dataclass(frozen=True, eq=False)
class Block:
    """Gates that act as one matrix."""

    qubits: tuple[int, ...]
    controls: Controls
    conditions: Controls
    members: list[int]
    """The places of its gates among the parts, first applied first."""
    is_open: bool
    """Whether others may join."""


def fuse(parts: Sequence[Operation | None]) -> tuple[Block | int, ...]:
    """Return the blocks in order, and the places of what is no gate, which stands here as None."""
    fuser = _Fuser()
    for index, part in enumerate(parts):
        if part is None:
            fuser.separate(index)
        else:
            fuser.add(index, part)
    return tuple(fuser.items)


@dataclass
class _Fuser:
    items: dict[Block | int, None] = field(default_factory=dict)
    """What was found, in order."""
    last_on: dict[int, Block] = field(default_factory=dict)
    """The block that acts last on each qubit."""

    def separate(self, index: int) -> None:
        self.items[index] = None
        self.last_on.clear()

    def add(self, index: int, part: Operation) -> None:
        is_open = not part.controls and not part.conditions and table_gate(part) is not None
        before = {self.last_on[qubit]: None for qubit in part.qubits if qubit in self.last_on}
        if is_open:
            home = self.last_on.get(part.qubits[0])
            if home is not None and home.is_open and len(before) == 1 and set(part.qubits) <= set(home.qubits):
                home.members.append(index)
                return
        qubits = tuple(sorted(part.qubits)) if is_open else part.qubits
        block = Block(qubits, part.controls, part.conditions, [index], is_open)
        for other in sorted(before, key=lambda other: len(other.qubits)) if is_open else ():
            block = self._joined(other, block)
        self.items[block] = None
        for wire in (*block.qubits, *(control for control, _ in block.controls)):
            self.last_on[wire] = block

    def _joined(self, other: Block, block: Block) -> Block:
        """Return a new block with one before it, where that is allowed."""
        qubits = tuple(sorted({*other.qubits, *block.qubits}))
        limit = max(WIDEST_BLOCK, len(other.qubits), len(block.qubits))
        is_free = other.is_open and all(self.last_on[qubit] is other for qubit in other.qubits)
        if not is_free or len(qubits) > limit:
            return block
        del self.items[other]
        return Block(qubits, (), (), other.members + block.members, is_open=True)

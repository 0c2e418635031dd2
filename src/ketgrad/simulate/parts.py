"""Gates taken apart into those that have a matrix of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ketgrad.circuit.gates import GATES, CompositeGate, Gate, pauli_rotation
from ketgrad.circuit.instructions import Operation

WIDEST_ROTATION = 3
"""A rotation about a longer Pauli word is done on one qubit, between a change of basis and a chain of CX gates."""

INTO_Z = {"X": (("h",), ("h",)), "Y": (("sdg", "h"), ("h", "s")), "Z": ((), ())}
"""Gates that bring a Pauli letter to Z, and those that bring it back."""


def table_gate(part: Any) -> Gate | None:
    """Return what a gate is, None for a given matrix, a channel, or what is no gate."""
    if not isinstance(part, Operation):
        return None
    if part.name == "pauli_rotation" and len(part.qubits) <= WIDEST_ROTATION:
        return pauli_rotation(part.word)
    return GATES.get(part.name)


def elementary(item: Any) -> Iterator[Any]:
    """Yield the parts of a gate, first applied first, or what is no composite gate as it is."""
    if not isinstance(item, Operation):
        yield item
    elif isinstance(gate := table_gate(item), CompositeGate):
        for name, parameters, places in gate.parts(*item.parameters):
            qubits = tuple(item.qubits[place] for place in places)
            yield from elementary(replace(item, name=name, parameters=parameters, qubits=qubits))
    elif item.name == "pauli_rotation" and gate is None:
        yield from _long_rotation(item)
    else:
        yield item


def _long_rotation(item: Operation) -> Iterator[Operation]:
    """Yield exp(−iθP/2) as V† exp(−iθZ/2) V, where V takes P to Z on the last qubit; controls hold the middle alone."""
    letters = list(zip(item.qubits, item.word, strict=True))
    ladder = [Operation("cx", (), pair) for pair in pairwise(item.qubits)]
    yield from (Operation(name, (), (qubit,)) for qubit, letter in letters for name in INTO_Z[letter][0])
    yield from ladder
    yield replace(item, name="rz", qubits=item.qubits[-1:], word="")
    yield from reversed(ladder)
    yield from (Operation(name, (), (qubit,)) for qubit, letter in letters for name in INTO_Z[letter][1])

"""Gates that can be applied, what they cost, and their expansion into native ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ketgrad.interchange.openqasm2.expressions import Expression, evaluate
from ketgrad.interchange.openqasm2.program import Conditions, Instruction


@dataclass(frozen=True, slots=True)
class Cost:
    """What one application comes to, known before anything is expanded.

    `gates` and `arithmetic` are counted as in `Limits`; `depth` is the number of definitions
    that rest on one another.
    """

    gates: int
    arithmetic: int
    depth: int


@dataclass(frozen=True, slots=True)
class Native:
    """A gate that the simulator knows."""

    name: str
    num_parameters: int
    num_qubits: int
    cost: Cost = Cost(gates=1, arithmetic=0, depth=0)


@dataclass(frozen=True, slots=True)
class Macro:
    """A gate that stands for the calls in its body."""

    parameters: tuple[str, ...]
    num_qubits: int
    body: tuple[Call, ...]
    cost: Cost

    @property
    def num_parameters(self) -> int:
        """Number of angles that one application takes."""
        return len(self.parameters)


@dataclass(frozen=True, slots=True)
class Opaque:
    """A gate that is declared without a definition, so that it cannot be applied."""


@dataclass(frozen=True, slots=True)
class Call:
    """A gate applied inside a definition; `qubits` are positions among the outer gate's."""

    gate: Native | Macro
    parameters: tuple[Expression, ...]
    qubits: tuple[int, ...]


_Application = tuple[Native | Macro, tuple[float, ...], tuple[int, ...]]


def total_cost(body: Sequence[Call]) -> Cost:
    """Return the cost of a gate with that body; even an empty one takes a step."""
    costs = [call.gate.cost for call in body]
    evaluated = sum(len(expression) for call in body for expression in call.parameters)
    return Cost(
        gates=1 + sum(cost.gates for cost in costs),
        arithmetic=evaluated + sum(cost.arithmetic for cost in costs),
        depth=1 + max((cost.depth for cost in costs), default=0),
    )


def expand(
    gate: Native | Macro, parameters: tuple[float, ...], qubits: tuple[int, ...], conditions: Conditions = ()
) -> Iterator[Instruction]:
    """Yield the native gates that one application stands for, in order and without recursion."""
    pending: list[_Application] = [(gate, parameters, qubits)]
    while pending:
        gate, parameters, qubits = pending.pop()
        if isinstance(gate, Native):
            yield Instruction(gate.name, parameters, qubits, conditions)
        else:
            pending.extend(reversed(_body_applied(gate, parameters, qubits)))


def _body_applied(gate: Macro, parameters: tuple[float, ...], qubits: tuple[int, ...]) -> list[_Application]:
    values = dict(zip(gate.parameters, parameters, strict=True))
    return [
        (
            call.gate,
            tuple(evaluate(expression, values) for expression in call.parameters),
            tuple(qubits[position] for position in call.qubits),
        )
        for call in gate.body
    ]

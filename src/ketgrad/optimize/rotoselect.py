"""Coordinate by coordinate to the best angle and the best axis of each rotation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.rotosolve import lowest_along
from ketgrad.optimize.vectors import Layout
from ketgrad.protocol import Array

AXES = ("rx", "ry", "rz")
SAME_VALUE = 1e-10
"""A gate gives way to another one only for a value that is lower by more than this."""


@dataclass
class Rotoselect(Optimizer):
    """Sweeps over all elements: (gᵢ, xᵢ) ← argmin f over the gates RX, RY and RZ and their angles.

    Minimizes f(x, gates), where `gates` is a tuple with "rx", "ry" or "rz" for each element of x, last axis fastest,
    which is the angle of that gate and of no other. In each angle f is c + a cos t + b sin t, from 7 values for the
    three gates, which do nothing at 0 alike. The names are in the state as "gates", so in `result.state["gates"]`.
    Reference: M. Ostaszewski, E. Grant and M. Benedetti, Quantum 5, 391 (2021).

    Parameters
    ----------
    start_with
        The gates to begin with: one name for all elements, or a name for each.

    Examples
    --------
    >>> import ketgrad as kg
    >>> def energy(x, gates):
    ...     circuit = kg.Circuit(2)
    ...     for qubit in range(2):
    ...         getattr(circuit, gates[qubit])(x[qubit], qubit)
    ...     return circuit.expectation(kg.X(0) - kg.Z(1))
    >>> result = kg.optimize.Rotoselect(start_with="rz").minimize(energy, [0.1, 0.2], steps=2)
    >>> round(result.value, 9), result.state["gates"][0]
    (-2.0, 'ry')
    """

    start_with: str | Sequence[str] = "ry"

    def __post_init__(self) -> None:
        given = [self.start_with] if isinstance(self.start_with, str) else self.start_with
        if not isinstance(given, list | tuple) or not given or any(name not in AXES for name in given):
            raise InvalidValueError(
                f'start_with is {self.start_with!r}; give "rx", "ry" or "rz", or a list with one of them for each '
                "element of x"
            )

    def start(self, problem: Problem, x: Any) -> State:
        if problem.circuit_function is not None:
            raise InvalidTypeError(
                "Rotoselect chooses gates, and a function made by kg.function has its own; give a function f(x, gates) "
                "that builds the circuit"
            )
        size = Layout.of(problem.backend, x).size
        gates = [self.start_with] * size if isinstance(self.start_with, str) else list(self.start_with)
        if len(gates) != size:
            raise InvalidValueError(f"start_with has {len(gates)} gates, and x {size} elements; give one for each")
        misfit = _with_gates(problem, gates).misfit(x)
        if misfit:
            raise InvalidTypeError(
                f"Rotoselect calls the function as f(x, gates, *args), and this one does not take that ({misfit}); "
                "give it arguments for x, for the tuple of the gates' names, and for each of args"
            )
        return {"step": 0, "gates": gates}

    def value(self, problem: Problem, x: Any, state: State) -> Array:
        return _with_gates(problem, state["gates"]).value(x)

    def advance(self, problem: Problem, x: Any, state: State) -> Advance:
        self.check_concrete(problem, x, state)
        layout, gates = Layout.of(problem.backend, x), list(state["gates"])
        vector, lowest = layout.vector(x), None
        for place in range(len(gates)):
            at = _along(problem, layout, vector, gates, place)
            gates[place], vector[place], lowest = _best(gates[place], at)
        known = {} if lowest is None else {"minimum": lowest}
        new_state = {"step": state["step"] + 1, "gates": gates, **known}
        return Advance(layout.parameters(vector), new_state, self.value(problem, x, state))


def _with_gates(problem: Problem, gates: Sequence[str]) -> Problem:
    return replace(problem, args=(tuple(gates), *problem.args))


def _along(
    problem: Problem, layout: Layout, vector: Any, gates: Sequence[str], place: int
) -> Callable[[str, float], float]:
    """Return the function of the gate and the angle in one place."""

    def at(gate: str, angle: float) -> float:
        chosen = [*gates[:place], gate, *gates[place + 1 :]]
        angles = np.where(np.arange(len(vector)) == place, angle, vector)
        return _with_gates(problem, chosen).number(layout.parameters(angles))

    return at


def _best(present: str, at: Callable[[str, float], float]) -> tuple[str, float, float]:
    """Return the gate, its angle and the value where that is lowest, the present gate among equal ones."""
    idle = at(present, 0.0)
    best, angle, lowest = present, *lowest_along((1.0,), partial(at, present), idle)
    for gate in AXES:
        if gate != present:
            own, value = lowest_along((1.0,), partial(at, gate), idle)
            if value < lowest - SAME_VALUE:
                best, angle, lowest = gate, own, value
    return best, angle, lowest

"""Simultaneous perturbation: descent along random directions, two values a step however many parameters there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.chance import random_signs, resolved_seed, step_key
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.options import check_options
from ketgrad.optimize.problem import Problem
from ketgrad.randomness import random_key
from ketgrad.tree import map_leaves


@dataclass
class SPSA(Optimizer):
    """Simultaneous perturbation: x ← x − aₖ (f(x + cₖΔ) − f(x − cₖΔ)) / 2cₖ · Δ, with random Δ of elements ±1.

    aₖ = a / (A + k)^α and cₖ = c / k^γ in step k = 1, 2, …
    Reference: J. C. Spall, IEEE Trans. Autom. Control 37, 332 (1992); the gains as in J. C. Spall, IEEE Trans. Aerosp.
    Electron. Syst. 34, 817 (1998).

    Parameters
    ----------
    learning_rate
        a, above 0.
    perturbation
        c, above 0; for values from shots about the standard error of one.
    stability
        A, zero or more; about a tenth of all steps.
    alpha, gamma
        α and γ, zero or more.
    directions
        Over how many directions, each with two values of its own, a step takes the mean.
    seed
        An integer for the same directions in each run and on each backend; None for new ones.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> energy = kg.function(kg.Circuit(2).ry(theta[0], 0).cx(0, 1).ry(theta[1], 1), kg.expval(kg.Z(0) @ kg.Z(1)))
    >>> result = kg.optimize.SPSA(1.0, seed=3).minimize(energy, [0.4, 0.3], steps=200)
    >>> round(result.value, 3)
    -1.0
    """

    learning_rate: float = 0.2
    perturbation: float = 0.1
    stability: float = 10.0
    alpha: float = 0.602
    gamma: float = 0.101
    directions: int = 1
    seed: int | None = None

    def __post_init__(self) -> None:
        check_options(
            self,
            positive=("learning_rate", "perturbation"),
            not_negative=("stability", "alpha", "gamma"),
            counts=("directions",),
            schedules=(),
        )
        random_key(self.seed)

    def gains(self, step: int) -> tuple[float, float]:
        """Return aₖ and cₖ of step k, which counts from 1."""
        return self.learning_rate / (self.stability + step) ** self.alpha, self.perturbation / step**self.gamma

    def start(self, problem: Problem, x: Any) -> State:
        return {"step": 0, "seed": resolved_seed(self.seed)}

    def advance(self, problem: Problem, x: Any, state: State) -> Advance:
        self.check_concrete(problem, x, state)
        rate, size = self.gains(state["step"] + 1)
        moved = x
        for key in step_key(state["seed"], state["step"]).split(self.directions):
            signs = random_signs(problem.backend, key, x)
            change = rate * slope(problem, x, signs, size) / self.directions
            moved = map_leaves(lambda leaf, sign, by=change: leaf - by * sign, moved, signs)
        return Advance(moved, {**state, "step": state["step"] + 1})


def slope(problem: Problem, x: Any, direction: Any, size: float) -> float:
    """Return the central difference (f(x + hd) − f(x − hd)) / 2h along a direction d."""
    plus, minus = (problem.number(moved(x, (step, direction))) for step in (size, -size))
    return (plus - minus) / (2 * size)


def moved(x: Any, *moves: tuple[float, Any]) -> Any:
    """Return parameters after moves, each a size and a direction."""
    for size, direction in moves:
        x = map_leaves(lambda leaf, part, by=size: leaf + by * part, x, direction)
    return x

"""Natural gradient by simultaneous perturbation: gradient and metric from a few values along random directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.measurements import state as state_vector
from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.chance import random_signs, resolved_seed, step_key
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.options import Schedule, check_options, rate_at
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.spsa import moved, slope
from ketgrad.optimize.vectors import Layout
from ketgrad.protocol import Array
from ketgrad.randomness import Key, random_key

Fidelity = Callable[..., Any]


@dataclass
class QNSPSA(Optimizer):
    """Natural gradient by simultaneous perturbation: x ← x − η (√(ḡ ḡ) + β1)⁻¹ ∇̂, with ∇̂ as in `SPSA`.

    ĝ = −¼ (ΔΔ'ᵀ + Δ'Δᵀ) (F(x + εΔ + εΔ') − F(x + εΔ) − F(x − εΔ + εΔ') + F(x − εΔ)) / 2ε² estimates the Fubini–Study
    metric, where F(y) is the fidelity of the states at x and y; its mean ḡ ← (kḡ + ĝ)/(k + 1) in step k = 1, 2, …
    begins with the identity.
    Reference: J. Gacon, C. Zoufal, G. Carleo and S. Woerner, Quantum 5, 567 (2021).

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    perturbation
        ε, above 0.
    regularization
        β, above 0.
    directions
        Over how many directions, each with values of its own, gradient and metric are the means.
    blocking
        By how much f may grow in a step, zero or more: the parameters stay where it would grow by more. Left out,
        every step is taken.
    fidelity
        A function of two sets of parameters and `args` that returns |⟨ψ(x)|ψ(y)⟩|²; by default that of the exact states
        of a function made by `ketgrad.function`, its mean over a batch.
    seed
        An integer for the same directions in each run and on each backend; None for new ones.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> energy = kg.function(kg.Circuit(2).ry(theta[0], 0).cx(0, 1).ry(theta[1], 1), kg.expval(kg.Z(0) @ kg.Z(1)))
    >>> result = kg.optimize.QNSPSA(0.05, seed=3).minimize(energy, [0.4, 0.3], steps=200)
    >>> round(result.value, 3)
    -1.0
    """

    learning_rate: Schedule = 0.01
    perturbation: float = 0.01
    regularization: float = 0.001
    directions: int = 1
    blocking: float | None = None
    fidelity: Fidelity | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        check_options(
            self,
            positive=("learning_rate", "perturbation", "regularization"),
            not_negative=() if self.blocking is None else ("blocking",),
            counts=("directions",),
        )
        if self.fidelity is not None and not callable(self.fidelity):
            raise InvalidTypeError(
                f"fidelity is a {type(self.fidelity).__name__}; give a function of two sets of parameters"
            )
        random_key(self.seed)

    def start(self, problem: Problem, x: Any) -> State:
        layout = Layout.of(problem.backend, x)
        return {"step": 0, "seed": resolved_seed(self.seed), "metric": layout.native(np.eye(layout.size))}

    def advance(self, problem: Problem, x: Any, state: State) -> Advance:
        self.check_concrete(problem, x, state)
        layout, step = Layout.of(problem.backend, x), state["step"]
        is_native = problem.backend.is_array(state["metric"])
        self.check_state(is_native and tuple(state["metric"].shape) == (layout.size, layout.size))
        gradient, estimate = self._estimates(problem, layout, x, step_key(state["seed"], step))
        before = np.asarray(problem.backend.to_numpy(state["metric"]), "float64")
        metric = ((step + 1) * before + estimate) / (step + 2)
        natural = np.linalg.solve(positive(metric, self.regularization), gradient)
        after = layout.parameters(layout.vector(x) - rate_at(self.learning_rate, step) * natural)
        value = None if self.blocking is None else problem.value(x)
        new_x = after if value is None or self._may_go(problem, after, value) else x
        return Advance(new_x, {**state, "step": step + 1, "metric": layout.native(metric)}, value)

    def metric_estimate(self, problem: Problem, x: Any, key: Key) -> Any:
        """Return ĝ from the fidelities along the two random directions of a key, as a matrix of NumPy."""
        backend, layout, size = problem.backend, Layout.of(problem.backend, x), self.perturbation
        first, second = (random_signs(backend, own, x) for own in key.split(2))
        fidelity = fidelity_to(problem, x, self.fidelity)
        both = fidelity(moved(x, (size, first), (size, second))) - fidelity(moved(x, (-size, first), (size, second)))
        difference = both - fidelity(moved(x, (size, first))) + fidelity(moved(x, (-size, first)))
        outer = np.outer(layout.vector(first), layout.vector(second))
        return -0.25 * (outer + outer.T) * difference / (2 * size**2)

    def _estimates(self, problem: Problem, layout: Layout, x: Any, key: Key) -> tuple[Any, Any]:
        gradient, metric = np.zeros(layout.size), np.zeros((layout.size, layout.size))
        for own in key.split(self.directions):
            for_slope, for_metric = own.split(2)
            signs = random_signs(problem.backend, for_slope, x)
            gradient += slope(problem, x, signs, self.perturbation) * layout.vector(signs)
            metric += self.metric_estimate(problem, x, for_metric)
        return gradient / self.directions, metric / self.directions

    def _may_go(self, problem: Problem, after: Any, value: Array) -> bool:
        assert self.blocking is not None
        return problem.number(after) <= float(problem.backend.to_numpy(value)) + self.blocking


def positive(metric: Any, regularization: float) -> Any:
    """Return √(gg) + β1 for a symmetric matrix g of NumPy; one that is not finite is left to training to tell."""
    if not np.all(np.isfinite(metric)):
        return np.full_like(metric, np.nan)
    eigenvalues, vectors = np.linalg.eigh(metric)
    return (vectors * np.abs(eigenvalues)) @ vectors.T + regularization * np.eye(len(metric))


def fidelity_to(problem: Problem, x: Any, given: Fidelity | None) -> Callable[[Any], float]:
    """Return the fidelity of the state at x with that at other parameters."""
    if given is not None:
        return lambda y: _number(problem, given(x, y, *problem.args))
    states = _states(problem)
    here = states(x)

    def fidelity(y: Any) -> float:
        backend = problem.backend
        overlaps = backend.einsum("zi,zi->z", backend.conj(here), states(y))
        return float(np.mean(np.abs(backend.to_numpy(overlaps)) ** 2))

    return fidelity


def _states(problem: Problem) -> Callable[[Any], Array]:
    """Return the function that gives the state vectors of a problem's own circuit, of shape (batch, 2^n)."""
    function, backend = problem.circuit_function, problem.backend
    if function is None:
        raise InvalidTypeError(
            "the states of an ordinary function are not known; minimize a function made by kg.function, or give "
            "fidelity, a function of two sets of parameters"
        )
    if function.execution.device is not None:
        raise UnsupportedError("a device does not give its states; give fidelity, a function of two sets of parameters")
    exact, size = function.exactly(state_vector()), 1 << function.num_qubits
    return lambda x: backend.reshape(backend.detach(exact(x, *problem.args)), (-1, size))


def _number(problem: Problem, value: Any) -> float:
    array = np.asarray(problem.backend.to_numpy(problem.backend.asarray(value)))
    if array.shape or not np.isrealobj(array):
        raise InvalidValueError(
            f"fidelity returned an array of shape {array.shape} and type {array.dtype}; give a function that returns "
            "one real number"
        )
    return float(array)

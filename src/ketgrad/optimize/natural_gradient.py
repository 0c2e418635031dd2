"""Natural gradient: descent in the geometry of the states, x ← x − η g⁺ ∇f(x) with the Fubini–Study metric g."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ketgrad import tree
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.information import Approximation, metric_tensor
from ketgrad.optimize.advance import State
from ketgrad.optimize.gradient_descent import GradientOptimizer
from ketgrad.optimize.options import check_options
from ketgrad.optimize.problem import Problem, named_leaves
from ketgrad.protocol import Array, ArrayBackend

CUTOFF = {"float64": 1e-10, "float32": 1e-5}
"""Eigenvalues of a metric below this share of the largest one are rounding, and count as zero."""


@dataclass
class NaturalGradient(GradientOptimizer):
    """Natural gradient: x ← x − η (g + λ1)⁺ ∇f(x), with the Fubini–Study metric tensor g of the circuit's state.

    Where λ = 0, directions in which the state does not change, whose eigenvalue of g is zero, are left alone, by the
    pseudo-inverse.
    Reference: J. Stokes, J. Izaac, N. Killoran and G. Carleo, Quantum 4, 269 (2020).

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    approximation
        None for the full tensor, "block-diag" for its layers, "diag" for its diagonal; see `ketgrad.metric_tensor`.
    regularization
        λ, zero or more.
    metric
        A function of the parameters and `args` that returns the tensor, for parameters of shape s of shape s + s, and
        in their structure where they are several, with None for those that keep their ordinary gradient; by default
        that of a function made by `ketgrad.function`, averaged over a batch.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> energy = kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(kg.Z(0)))
    >>> result = kg.optimize.NaturalGradient(0.1).minimize(energy, 0.1, steps=50)
    >>> round(result.value, 6)
    -1.0
    """

    approximation: Approximation | None = None
    regularization: float = 0.0
    metric: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        check_options(self, positive=("learning_rate",), not_negative=("regularization",))
        if self.approximation not in (None, "block-diag", "diag"):
            raise InvalidValueError(f'approximation is {self.approximation!r}; give None, "block-diag" or "diag"')
        if self.metric is not None and not callable(self.metric):
            raise InvalidTypeError(f"metric is a {type(self.metric).__name__}; give a function of the parameters")

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        return self.natural(problem, x, gradient), {}

    def natural(self, problem: Problem, x: Any, gradient: Any) -> Any:
        """Return the natural gradient, in the structure of the gradient."""
        metric = metric_of(problem, self.approximation) if self.metric is None else self.metric
        tensors = metric(x, *problem.args)
        _check_tensors(problem.backend, gradient, tensors)
        backend, regularization = problem.backend, self.regularization
        return tree.map_leaves(
            lambda g, m: g if m is None else precondition(backend, m, g, regularization), gradient, tensors
        )


@dataclass
class MomentumNaturalGradient(NaturalGradient):
    """Natural gradient with momentum: v ← μv + (g + λ1)⁺ ∇f(x), x ← x − ηv.

    Reference: O. Borysenko, M. Bratchenko, I. Lukin, M. Luhanko, I. Omelchenko, A. Sotnikov and A. Lomi, "Application
    of Langevin dynamics to advance the quantum natural gradient optimization algorithm", arXiv:2409.01978 (2024).

    Parameters
    ----------
    learning_rate, approximation, regularization, metric
        As those of `NaturalGradient`.
    momentum
        μ, from 0 up to 1.
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, fractions=("momentum",))

    def slots(self) -> tuple[str, ...]:
        return ("velocity",)

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        natural = self.natural(problem, x, gradient)
        velocity = tree.map_leaves(lambda v, n: self.momentum * v + n, slots["velocity"], natural)
        return velocity, {"velocity": velocity}


def metric_of(problem: Problem, approximation: Approximation | None) -> Callable[..., Any]:
    """Return the metric of a problem's own circuit, or say how to give one."""
    function = problem.circuit_function
    if function is None:
        raise InvalidTypeError(
            "the metric tensor of an ordinary function is not known; minimize a function made by kg.function, or give "
            "metric=kg.metric_tensor(f, average=True) for the circuit function f that it calls"
        )
    return metric_tensor(function, 0, approximation, average=True)


def _check_tensors(backend: ArrayBackend, gradient: Any, tensors: Any) -> None:
    due, given = dict(named_leaves(gradient)), dict(named_leaves(tensors))
    if set(given) != set(due):
        raise InvalidTypeError(
            f"metric returned tensors for {', '.join(given) or 'nothing'}, and the parameters are {', '.join(due)}; "
            "give one array for each, in their structure"
        )
    if all(tensor is None for tensor in given.values()):
        raise InvalidTypeError(
            "metric returned None for all parameters; return a tensor for one at least, or take GradientDescent"
        )
    for name, tensor in given.items():
        if tensor is not None and not backend.is_array(tensor):
            raise InvalidTypeError(
                f"metric returned a {type(tensor).__name__} for {name}; give an array of {backend.name}"
            )


def precondition(backend: ArrayBackend, metric: Array, gradient: Array, regularization: float = 0.0) -> Array:
    """Return (g + λ1)⁺ v for a metric tensor of shape s + s and a gradient of shape s.

    Without regularization eigenvalues of g below 1e-10 of the largest (1e-5 in single precision) count as zero.
    """
    shape = tuple(gradient.shape)
    size = math.prod(shape)
    if tuple(metric.shape) != shape + shape:
        raise InvalidValueError(
            f"the metric tensor has the shape {tuple(metric.shape)}, and the gradient {shape}; give one of shape "
            f"{shape + shape}"
        )
    matrix = backend.astype(backend.reshape(backend.detach(metric), (size, size)), backend.dtype(gradient))
    eigenvalues, vectors = backend.eigh(matrix)
    components = backend.einsum("ik,i->k", vectors, backend.reshape(gradient, (size,)))
    scaled = components * _inverse(backend, eigenvalues, regularization)
    return backend.reshape(backend.einsum("ik,k->i", vectors, scaled), shape)


def _inverse(backend: ArrayBackend, eigenvalues: Array, regularization: float) -> Array:
    if regularization > 0:
        return 1.0 / (eigenvalues + regularization)
    largest = backend.take(eigenvalues, int(eigenvalues.shape[0]) - 1, axis=0)
    above = eigenvalues - CUTOFF[backend.dtype(eigenvalues)] * largest - 1e-30
    counts = 0.5 + 0.5 * above / backend.abs(above)
    return counts / (eigenvalues + (1.0 - counts))

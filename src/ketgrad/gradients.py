"""Gradient methods by name: a `kg.function` differentiated by one of them, and the methods with their options.

Each function here takes one made by `ketgrad.function` and returns its derivative by that method, whatever method it
has itself, as `ketgrad.jacobian` does: of shape `value.shape + argument.shape`, native, and a tuple where `argnums` is
a sequence. What a method can't do it refuses with one sentence. `score_function` alone is of another kind: it estimates
the derivative of the mean of a function of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate.methods import (
    SPSA,
    Adjoint,
    Backprop,
    DeviceGradient,
    FiniteDifference,
    Hadamard,
    Method,
    ParameterShift,
    method_of,
)
from ketgrad.differentiate.shift_rules import frequencies_of, shift_rule
from ketgrad.errors import InvalidTypeError
from ketgrad.score_function import score_function
from ketgrad.transforms import jacobian

__all__ = [
    "SPSA",
    "Adjoint",
    "Backprop",
    "DeviceGradient",
    "FiniteDifference",
    "Hadamard",
    "ParameterShift",
    "adjoint",
    "backprop",
    "finite_difference",
    "frequencies_of",
    "hadamard",
    "parameter_shift",
    "score_function",
    "shift_rule",
    "spsa",
    "with_method",
]

Derivative = Callable[..., Any]


def with_method(function: CircuitFunction, gradient: str | Method) -> CircuitFunction:
    """Return the same function, differentiated by another method.

    Parameters
    ----------
    function
        Made by `ketgrad.function`.
    gradient
        A method's name, or a method.

    Raises
    ------
    UnsupportedError
        If there is no such method, or it does not go with the function's engine, shots or trajectories.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> energy = kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0)))
    >>> round(float(kg.grad(kg.gradients.with_method(energy, "parameter-shift"))(0.5)), 6)
    -0.479426
    """
    if not isinstance(function, CircuitFunction):
        raise InvalidTypeError(f"got a {type(function).__name__}; give a function made by kg.function")
    return function.with_method(method_of(gradient))


def parameter_shift(function: CircuitFunction, argnums: int | Sequence[int] = 0) -> Derivative:
    """Return the derivative by the parameter-shift rule: exact, from values alone, two or four for each occurrence.

    Reference: D. Wierichs et al., Quantum 6, 677 (2022).

    Examples
    --------
    >>> import ketgrad as kg
    >>> import numpy as np
    >>> theta = kg.parameters("theta", (2,))
    >>> f = kg.function(kg.Circuit(2).rx(theta[0], 0).crx(theta[1], 0, 1), kg.expval(kg.Z(1)))
    >>> kg.gradients.parameter_shift(f)(np.array([1.0, 0.5])).round(6).tolist()
    [-0.051505, -0.110195]
    """
    return _derivative(function, ParameterShift(), argnums)


def hadamard(function: CircuitFunction, argnums: int | Sequence[int] = 0, *, auxiliary: bool = False) -> Derivative:
    """Return the derivative by the Hadamard test: values for each Pauli word of each gate's generator.

    References: K. Mitarai and K. Fujii, Phys. Rev. Research 1, 013006 (2019); M. Schuld et al., Phys. Rev. A 99, 032331
    (2019).

    Parameters
    ----------
    auxiliary
        Whether an auxiliary qubit takes part: one value for each word in place of two, on one qubit more.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0)))
    >>> round(float(kg.gradients.hadamard(f, auxiliary=True)(0.5)), 6)
    -0.479426
    """
    return _derivative(function, Hadamard(auxiliary), argnums)


def finite_difference(
    function: CircuitFunction, argnums: int | Sequence[int] = 0, *, step: float | None = None
) -> Derivative:
    """Return the derivative by central differences, of each number in a gate for itself.

    Parameters
    ----------
    step
        Left out, ε^(1/3) of the precision in force, and 0.1 for results from shots.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0)))
    >>> round(float(kg.gradients.finite_difference(f)(0.5)), 6)
    -0.479426
    """
    return _derivative(function, FiniteDifference(step), argnums)


def spsa(
    function: CircuitFunction,
    argnums: int | Sequence[int] = 0,
    *,
    step: float | None = None,
    directions: int = 1,
) -> Derivative:
    """Return an estimate of the derivative from random directions, two values each; takes a seed at the call.

    Reference: J. C. Spall, IEEE Trans. Autom. Control 37, 332 (1992).

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0)))
    >>> round(float(kg.gradients.spsa(f, step=0.001)(0.5, seed=7)), 6)
    -0.479425
    """
    return _derivative(function, SPSA(step, directions), argnums)


def adjoint(function: CircuitFunction, argnums: int | Sequence[int] = 0) -> Derivative:
    """Return the derivative by the backward sweep of the compiled engine.

    Reference: T. Jones and J. Gacon, arXiv:2009.02823 (2020).

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0)))
    >>> round(float(kg.gradients.adjoint(f)(0.5)), 6)
    -0.479426
    """
    return _derivative(function, Adjoint(), argnums)


def backprop(function: CircuitFunction, argnums: int | Sequence[int] = 0) -> Derivative:
    """Return the derivative by the framework's own differentiation of the simulation.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0)))
    >>> round(float(kg.gradients.backprop(f)(0.5)), 6)
    -0.479426
    """
    return _derivative(function, Backprop(), argnums)


def _derivative(function: CircuitFunction, method: Method, argnums: int | Sequence[int]) -> Derivative:
    return jacobian(with_method(function, method), argnums, fallback="error")

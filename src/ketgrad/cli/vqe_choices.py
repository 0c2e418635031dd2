"""The circuits and optimizers that `ketgrad vqe` has under a name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ketgrad import templates
from ketgrad.circuit import Circuit
from ketgrad.circuit.parameters import parameters
from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidValueError
from ketgrad.observables.pauli import PauliSum
from ketgrad.optimize.gradient_descent import Adagrad, Adam, GradientDescent, Momentum, Nesterov, RMSProp
from ketgrad.optimize.natural_gradient import MomentumNaturalGradient, NaturalGradient
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.rotosolve import Rotosolve
from ketgrad.optimize.spsa import SPSA
from ketgrad.randomness import normal, random_key

SPREAD = 0.1
"""Standard deviation of the angles at the start, where there are several: at zero many slopes are zero."""


def _double_excitation(hamiltonian: PauliSum, layers: int) -> Circuit:
    """Return the circuit of cos(θ/2)|1100⟩ + sin(θ/2)|0011⟩: both electrons excited together."""
    if hamiltonian.num_qubits != 4:
        raise InvalidValueError(
            f"the ansatz double-excitation has 4 qubits, and the Hamiltonian {hamiltonian.num_qubits}; give another "
            "one, such as --ansatz hardware-efficient"
        )
    theta = parameters("theta", ())
    return Circuit(4).ry(theta, 2).cx(2, 3).x(0).x(1).cx(2, 0).cx(2, 1)


def _hardware_efficient(hamiltonian: PauliSum, layers: int) -> Circuit:
    return templates.hardware_efficient(parameters("theta", (layers, hamiltonian.num_qubits, 2)))


def _strongly_entangling(hamiltonian: PauliSum, layers: int) -> Circuit:
    return templates.strongly_entangling(parameters("theta", (layers, hamiltonian.num_qubits, 3)))


def _qaoa(hamiltonian: PauliSum, layers: int) -> Circuit:
    return templates.qaoa(hamiltonian, parameters("theta", (layers, 2)))


ANSATZES: dict[str, Callable[[PauliSum, int], Circuit]] = {
    "double-excitation": _double_excitation,
    "hardware-efficient": _hardware_efficient,
    "strongly-entangling": _strongly_entangling,
    "qaoa": _qaoa,
}

OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], float | None]] = {
    "gradient-descent": (GradientDescent, 0.4),
    "momentum": (Momentum, 0.05),
    "nesterov": (Nesterov, 0.05),
    "adagrad": (Adagrad, 0.2),
    "rmsprop": (RMSProp, 0.05),
    "adam": (Adam, 0.1),
    # Circuits with more angles than their state needs have metrics that are singular but for rounding.
    "natural-gradient": (partial(NaturalGradient, regularization=0.01), 0.1),
    "momentum-natural-gradient": (partial(MomentumNaturalGradient, regularization=0.01), 0.02),
    "spsa": (SPSA, 1.0),
    "rotosolve": (Rotosolve, None),
}
"""Optimizers with the learning rate that they have where none is given; None for one that has no learning rate."""


def ansatz(name: str, hamiltonian: PauliSum, layers: int) -> Circuit:
    """Return a circuit with symbols, on the qubits of a Hamiltonian."""
    return ANSATZES[name](hamiltonian, layers)


def chosen_optimizer(name: str, learning_rate: float | None, seed: int) -> Optimizer:
    """Return an optimizer by its name."""
    make, default = OPTIMIZERS[name]
    if default is None and learning_rate is not None:
        raise InvalidValueError(f"--learning-rate {learning_rate:g}: {name} has none; leave it out")
    options = {} if default is None else {"learning_rate": learning_rate or default}
    return make(**options, **({"seed": seed} if make is SPSA else {}))


def start(energy: CircuitFunction, seed: int) -> Any:
    """Return the angles to begin with: zero for a single one, else small ones by chance."""
    (array,) = energy.parameters
    key = random_key(seed)  # refuses what is no seed, where none is needed too
    return SPREAD * normal(key, array.shape) if array.shape else 0.0

"""What can be asked of a circuit, as objects that `kg.function` takes; a circuit's methods compute the same.

Each turns a batch of states into an array of shape (batch, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ketgrad.checks import check_sequence
from ketgrad.circuit.operations import check_qubits
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.observables.matrix import Observable
from ketgrad.protocol import Array
from ketgrad.simulate import results
from ketgrad.simulate.states import State, StateVector


class Measurement(Protocol):
    """One result of a circuit."""

    def evaluate(self, state: State) -> Array:
        """Compute the result of each state, of shape (batch, ...)."""
        ...


@dataclass(frozen=True)
class expval:  # noqa: N801
    """⟨A⟩, a real number; A is a Pauli sum, a `Hermitian` or a `Projector`."""

    observable: Observable

    def evaluate(self, state: State) -> Array:
        return results.expectation(state, self.observable)


@dataclass(frozen=True)
class var:  # noqa: N801
    """⟨A²⟩ − ⟨A⟩², a real number."""

    observable: Observable

    def evaluate(self, state: State) -> Array:
        return results.variance(state, self.observable)


@dataclass(frozen=True)
class probs:  # noqa: N801
    """Probabilities of the outcomes of some qubits, of all by default, of shape (2^k,)."""

    qubits: Sequence[int] | None = None

    def evaluate(self, state: State) -> Array:
        return results.probabilities(state, _chosen(self.qubits, state, "probabilities"))


@dataclass(frozen=True)
class state:  # noqa: N801
    """The state vector, of shape (2^n,); of a circuit with noise use `density_matrix`."""

    def evaluate(self, state: State) -> Array:
        if not isinstance(state, StateVector):
            raise UnsupportedError("a circuit with noise has no state vector; ask for density_matrix")
        return state.values


@dataclass(frozen=True)
class density_matrix:  # noqa: N801
    """The density matrix of some qubits, of all by default, of shape (2^k, 2^k)."""

    qubits: Sequence[int] | None = None

    def evaluate(self, state: State) -> Array:
        return state.reduced(_chosen(self.qubits, state, "density_matrix"))


@dataclass(frozen=True)
class purity:  # noqa: N801
    """tr ρ² of some qubits, of all by default."""

    qubits: Sequence[int] | None = None

    def evaluate(self, state: State) -> Array:
        return results.purity(state, _chosen(self.qubits, state, "purity"))


@dataclass(frozen=True)
class entropy:  # noqa: N801
    """The von Neumann entropy −tr ρ log ρ of some qubits, in nats, or to another base."""

    qubits: Sequence[int]
    base: float | None = None

    def evaluate(self, state: State) -> Array:
        _check_base(self.base)
        return results.entropy(state, _chosen(self.qubits, state, "entropy"), self.base)


@dataclass(frozen=True)
class mutual_info:  # noqa: N801
    """S(A) + S(B) − S(AB) of two separate groups of qubits, in nats, or to another base."""

    first: Sequence[int]
    second: Sequence[int]
    base: float | None = None

    def evaluate(self, state: State) -> Array:
        _check_base(self.base)
        groups = [tuple(check_sequence(group, "mutual_info")) for group in (self.first, self.second)]
        parts = (*groups, _chosen((*groups[0], *groups[1]), state, "mutual_info"))
        first, second, joint = (results.entropy(state, part, self.base) for part in parts)
        return first + second - joint


def _chosen(qubits: Sequence[int] | None, state: State, what: str) -> tuple[int, ...]:
    return check_qubits(range(state.num_qubits) if qubits is None else qubits, state.num_qubits, what)


def _check_base(base: Any) -> None:
    if base is not None and not (isinstance(base, int | float | np.integer | np.floating) and base > 1):
        raise InvalidValueError(f"the base of the logarithm is {base!r}; give a number above 1")

"""The compiled engine: a plan run by kernels, as one operation of whatever framework is in force.

The way through: the framework computes the matrices of rotations, a few operations for the whole circuit; one host
operation takes them and returns the state, or the expectation values of Pauli words without handing the state out; its
backward runs the circuit again and then undoes it gate by gate, so that it needs three vectors whatever the depth.

Reference: T. Jones and J. Gacon, "Efficient calculation of gradients in classical simulations of variational quantum
algorithms", arXiv:2009.02823 (2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ketgrad.observables.pauli import Word
from ketgrad.protocol import Array, ArrayBackend, ArraySpec
from ketgrad.simulate.kernels import sweep
from ketgrad.simulate.kernels import words as word_kernels
from ketgrad.simulate.plan import Plan

REAL_OF = {"complex64": "float32", "complex128": "float64"}
COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}


@dataclass(frozen=True)
class PlanInputs:
    """What one run of a plan takes: the matrices that the framework computed, and the states to begin with."""

    plan: Plan
    initial: Array
    """Shape (batch, 2^wires)."""
    given: tuple[Array, ...]
    """Matrices of shape (m, 2^k, 2^k) or (batch, m, 2^k, 2^k)."""


def final_state(backend: ArrayBackend, inputs: PlanInputs) -> Array:
    """Return the states of shape (batch, 2^wires)."""
    hashable: Any = backend
    return _state_operation(hashable, inputs.plan)(inputs.initial, *inputs.given)


def word_values(backend: ArrayBackend, inputs: PlanInputs, words: Sequence[Word]) -> Array:
    """Return ⟨P⟩ of each word, of shape (batch, words)."""
    hashable: Any = backend
    return _word_operation(hashable, inputs.plan, tuple(words))(inputs.initial, *inputs.given)


@lru_cache(maxsize=512)
def _state_operation(backend: Any, plan: Plan) -> Callable[..., Array]:
    def forward(initial: Any, *given: Any) -> Any:
        return _joined(_run(plan, _apart(initial), given))

    def backward(inputs: Any, result: Any, cotangent: Any) -> list[Any]:
        return _swept(plan, _apart(result), _apart(cotangent), inputs[1:])

    return backend.host_function(forward, backward, lambda initial, *given: initial)


@lru_cache(maxsize=512)
def _word_operation(backend: Any, plan: Plan, words: tuple[Word, ...]) -> Callable[..., Array]:
    masks = _masks(words, plan.num_wires)
    order = np.argsort(masks[:, 0], kind="stable")
    sorted_masks = masks[order]

    def forward(initial: Any, *given: Any) -> Any:
        states = _run(plan, _apart(initial), given)
        values = np.empty((len(states), len(words)))
        for state, row in zip(states, values, strict=True):
            found = np.empty(len(words))
            word_kernels.word_values(state, sorted_masks, found)
            row[order] = found
        return values

    def backward(inputs: Any, result: Any, cotangent: Any) -> list[Any]:
        states = _run(plan, _apart(inputs[0]), inputs[1:])
        lam = np.zeros_like(states)
        for state, weights, row in zip(states, cotangent, lam, strict=True):
            word_kernels.add_words(state, sorted_masks, weights[order].astype("float64"), row)
        return _swept(plan, states, lam, inputs[1:])

    def output(initial: ArraySpec, *given: ArraySpec) -> ArraySpec:
        return ArraySpec((initial.shape[0], len(words)), REAL_OF[initial.dtype])

    return backend.host_function(forward, backward, output)


def _apart(states: Any) -> Any:
    """Return complex states, of shape (batch, size), as real and imaginary parts, (batch, 2, size)."""
    return np.stack([states.real, states.imag], axis=1)


def _joined(states: Any) -> Any:
    """Undo `_apart`."""
    return states[:, 0] + 1j * states[:, 1]


def _run(plan: Plan, states: Any, given: Sequence[Any]) -> Any:
    """Run the plan on states in place, and return them."""
    data = _data(plan, len(states), given, COMPLEX_OF[states.dtype.name])
    for state, row in zip(states, data, strict=True):
        sweep.forward(state, plan.table, plan.bits, plan.targets, plan.sources, row)
    return states


def _swept(plan: Plan, states: Any, lam: Any, given: Sequence[Any]) -> list[Any]:
    """Return the gradients by the initial states and by the given matrices; changes its arrays."""
    data = _data(plan, len(states), given, COMPLEX_OF[states.dtype.name])
    gradient = np.zeros_like(data)
    for index in range(len(states)):
        sweep.backward(
            states[index], lam[index], plan.table, plan.bits, plan.targets, plan.sources, data[index], gradient[index]
        )
    split, found = plan.constants.size, []
    for array in given:
        size = array.size if array.ndim == 3 else array[0].size
        part = gradient[:, split : split + size]
        found.append(part.reshape(array.shape) if array.ndim == 4 else part.sum(axis=0).reshape(array.shape))
        split += size
    return [_joined(lam), *found]


def _data(plan: Plan, batch: int, given: Sequence[Any], dtype: Any) -> Any:
    """Return the matrices of each element of the batch in one row, of shape (batch, size)."""
    data = np.empty((batch, plan.data_size), dtype)
    data[:, : plan.constants.size] = plan.constants
    start = plan.constants.size
    for array in given:
        flat = array.reshape(array.shape[0] if array.ndim == 4 else 1, -1)
        data[:, start : start + flat.shape[1]] = flat
        start += flat.shape[1]
    return data


def _masks(words: Sequence[Word], num_wires: int) -> Any:
    rows = []
    for word in words:
        flips = sum(1 << (num_wires - 1 - qubit) for qubit, letter in word if letter in "XY")
        signs = sum(1 << (num_wires - 1 - qubit) for qubit, letter in word if letter in "YZ")
        rows.append([flips, signs, sum(letter == "Y" for _, letter in word)])
    return np.array(rows, np.int64).reshape(-1, 3)

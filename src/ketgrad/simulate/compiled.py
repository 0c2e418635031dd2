"""The compiled engine: a plan run by kernels, as one operation of whatever framework is in force.

The way through: the framework computes the angles of the whole circuit as one array; one host operation takes it, and
the given matrices, and returns the state, or the expectation values of Pauli sums without handing the state out; its
backward undoes the circuit gate by gate, so that it needs two vectors whatever the depth. It begins from the state that
the forward run left, or, where that is gone, runs the circuit again.

Reference: T. Jones and J. Gacon, "Efficient calculation of gradients in classical simulations of variational quantum
algorithms", arXiv:2009.02823 (2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.checks import UNITARY_TOLERANCE
from ketgrad.errors import InvalidValueError
from ketgrad.lazy import lazy
from ketgrad.observables.pauli import Terms, Word
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend, ArraySpec
from ketgrad.simulate.kernels import numbers, sweep
from ketgrad.simulate.kernels import words as word_kernels
from ketgrad.simulate.kernels.layout import Share
from ketgrad.simulate.last_runs import LastRuns
from ketgrad.simulate.pauli_words import word_expectations
from ketgrad.simulate.planning.tables import Plan
from ketgrad.simulate.states import StateVector
from ketgrad.simulate.threads import in_parts, num_threads

COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}

SMALLEST_SHARED = 1 << 16
"""Work on fewer amplitudes than this is done before a second thread has begun."""

NativeRun: TypeAlias = Callable[..., StateVector]

last_runs = LastRuns()
"""What the latest runs left, for the backward sweeps that follow them."""


@dataclass(frozen=True)
class PlanInputs:
    """What one run of a plan takes."""

    plan: Plan
    angles: Array
    """Shape (batch, numbers), real."""
    given: tuple[Array, ...]
    """The matrices that the framework hands over, of shape (2^k, 2^k)."""
    initial: Array | None
    """Shape (batch, 2^wires); None for |0…0⟩."""

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The inputs of the host operation."""
        return (self.angles, *self.given, *(() if self.initial is None else (self.initial,)))


def final_state(backend: ArrayBackend, inputs: PlanInputs, native: NativeRun | None) -> Array:
    """Return the states of shape (batch, 2^wires)."""
    return _state_operation(_hashable(backend), inputs.plan, _hashable(native))(*inputs.arrays)


def expectations(backend: ArrayBackend, inputs: PlanInputs, sums: Sequence[Terms], native: NativeRun | None) -> Array:
    """Return the expectation value of each Pauli sum, of shape (batch, sums)."""
    return _sum_operation(_hashable(backend), inputs.plan, tuple(sums), _hashable(native))(*inputs.arrays)


@lru_cache(maxsize=512)
def _state_operation(backend: Any, plan: Plan, native: Any) -> Callable[..., Array]:
    def forward(angles: Any, *others: Any) -> Any:
        states = _Run(plan, (angles, *others)).states
        return _joined(states).reshape(*angles.shape[:-1], 1 << plan.num_wires)

    def backward(inputs: Any, result: Any, cotangent: Any) -> list[Any]:
        run = _Run(plan, inputs)
        return run.pulled(_apart(result, run.batch), _apart(cotangent, run.batch))

    def output(angles: ArraySpec, *others: ArraySpec) -> ArraySpec:
        return ArraySpec((*angles.shape[:-1], 1 << plan.num_wires), COMPLEX_OF[angles.dtype])

    def natively(*inputs: Array) -> Array:
        return native(*inputs).values

    return backend.host_function(
        forward, backward, output, is_vectorized=True, native=None if native is None else natively
    )


@lru_cache(maxsize=512)
def _sum_operation(backend: Any, plan: Plan, sums: tuple[Terms, ...], native: Any) -> Callable[..., Array]:
    words = list(dict.fromkeys(word for terms in sums for word, _ in terms.items))
    masks = _masks(words, plan.num_wires)
    order = np.argsort(masks[:, 0], kind="stable")
    masks, coefficients = masks[order], _coefficients(sums, [words[place] for place in order])

    def forward(angles: Any, *others: Any) -> Any:
        inputs = (angles, *others)
        run = last_runs.take(plan, inputs) or _Run(plan, inputs)
        last_runs.make_room(inputs, run.nbytes)
        values = run.word_values(masks) @ coefficients
        last_runs.keep(plan, inputs, run)
        return values.reshape(*angles.shape[:-1], len(sums))

    def backward(inputs: Any, result: Any, cotangent: Any) -> list[Any]:
        run = last_runs.take(plan, inputs) or _Run(plan, inputs)
        weights = np.asarray(cotangent.reshape(run.batch, len(sums)) @ coefficients.T, "float64")
        return run.pulled(run.states, run.weighted_words(masks, weights))

    def output(angles: ArraySpec, *others: ArraySpec) -> ArraySpec:
        return ArraySpec((*angles.shape[:-1], len(sums)), angles.dtype)

    def natively(*inputs: Array) -> Array:
        if not words:
            return constants_like(backend, np.zeros((*tuple(inputs[0].shape)[:-1], len(sums))), inputs[0])
        values = backend.stack(word_expectations(native(*inputs), words))
        factors = constants_like(backend, _coefficients(sums, words), values)
        return backend.einsum("tz,ts->zs", values, factors)

    return backend.host_function(
        forward, backward, output, is_vectorized=True, native=None if native is None else natively
    )


class _Run:
    """One run of a plan over NumPy arrays, whose leading axes are all one batch inside.

    It keeps copies alone: what a framework hands over may be changed, or be gone, before the backward sweep.
    """

    def __init__(self, plan: Plan, inputs: Sequence[Any]) -> None:
        angles, *others = inputs
        self.plan = plan
        self.shape = angles.shape
        self.dtype = angles.dtype
        # Writable, too: for an array that is read-only the kernels would be compiled once more.
        self.angles = np.array(angles.reshape(-1, angles.shape[-1]), "float64", order="C")
        self.batch = len(self.angles)
        matrices, starts = others[: len(plan.given_sizes)], others[len(plan.given_sizes) :]
        self.other_shapes = [array.shape for array in others]
        self.initial = starts[0] if starts else None
        self.given = self._given(matrices)
        self.group = self.batch // max(1, len(self.given))
        self.sources = np.empty((self.batch, plan.sources_size), "complex128")
        self.matrices = np.empty((self.batch, plan.matrices_size), "complex128")
        self.weights = np.empty((self.batch, len(plan.tables.patterns)))
        numbers.fill_numbers(
            plan.tables, self.angles, self.given, self.group, self.sources, self.matrices, self.weights
        )

    @property
    def nbytes(self) -> int:
        """The bytes of the states."""
        return 2 * self.batch * self.dtype.itemsize << self.plan.num_wires

    @lazy
    def states(self) -> Any:
        """The final states, of shape (batch, 2, 2^wires)."""
        tables, states = self.plan.tables, self._initial_states()

        self._share(
            lambda share: sweep.forward(tables, states, self.matrices, self.weights, share), range(len(tables.passes))
        )
        self.initial = None
        return states

    def pulled(self, states: Any, lams: Any) -> list[Any]:
        """Return the gradient by each input; changes its arrays."""
        tables = self.plan.tables
        self._check_reversible()
        parts = self._num_parts() if self.batch == 1 else 1
        matrix_totals = np.zeros((parts, *self.matrices.shape), "complex128")
        weight_totals = np.zeros((parts, *self.weights.shape))

        def undo(share: Share) -> None:
            totals = matrix_totals[share.part], weight_totals[share.part]
            sweep.backward(tables, states, lams, self.matrices, self.weights, *totals, share)

        self._share(undo, range(len(tables.passes))[::-1])
        angle_grads, given_grads = np.zeros_like(self.angles), np.zeros_like(self.given)
        numbers.pull_numbers(
            tables,
            self.angles,
            self.group,
            self.sources,
            matrix_totals.sum(axis=0),
            weight_totals.sum(axis=0),
            angle_grads,
            given_grads,
        )
        parts_of_given = [given_grads[:, place] for place in self._places_of_given()]
        initial_grads = [_joined(lams)] if len(self.other_shapes) > len(parts_of_given) else []
        others = zip([*parts_of_given, *initial_grads], self.other_shapes, strict=True)
        return [angle_grads.reshape(self.shape), *(grads.reshape(shape) for grads, shape in others)]

    def word_values(self, masks: Any) -> Any:
        """Return ⟨P⟩ of each word in the final states."""
        states = self.states
        parts = self._num_parts() if self.batch == 1 else 1
        values = np.zeros((parts, self.batch, len(masks)))

        self._share(lambda share: word_kernels.word_values(states, masks, values[share.part], share))
        return values.sum(axis=0)

    def weighted_words(self, masks: Any, weights: Any) -> Any:
        """Return Σ 2wPψ for the final states ψ."""
        states = self.states
        lams = np.empty_like(states)

        self._share(lambda share: word_kernels.weighted_words(states, masks, weights, lams, share))
        return lams

    def _num_parts(self) -> int:
        return num_threads() if self.batch << self.plan.num_wires >= SMALLEST_SHARED else 1

    def _share(self, work: Callable[[Share], None], passes: range = range(1)) -> None:
        """Share out work among threads: elements of a batch, or, of a single state, parts of it, pass by pass."""
        parts = self._num_parts()
        if self.batch > 1 or parts == 1:
            parts = max(1, min(parts, self.batch))
            bounds = [self.batch * part // parts for part in range(parts + 1)]
            in_parts(lambda part: work(Share(bounds[part], bounds[part + 1], 0, len(passes), 0, 1)), parts)
            return
        for index in passes:
            in_parts(lambda part, index=index: work(Share(0, 1, index, index + 1, part, parts)), parts)  # type: ignore[misc]

    def _given(self, matrices: Sequence[Any]) -> Any:
        """Return the given matrices side by side, a row for each element of the axes that vmap put in front."""
        rows = math.prod(self.shape[:-2])
        sized = zip(matrices, self.plan.given_sizes, strict=True)
        parts = [matrix.reshape(rows, size) for matrix, size in sized]
        return np.ascontiguousarray(np.concatenate([np.zeros((rows, 0), "complex128"), *parts], axis=1))

    def _places_of_given(self) -> list[slice]:
        """Return where each of the given matrices lies."""
        ends = np.cumsum([0, *self.plan.given_sizes]).tolist()
        return [slice(*bounds) for bounds in pairwise(ends)]

    def _check_reversible(self) -> None:
        """Refuse a given matrix that its adjoint does not undo; NaN goes through, and makes the gradient one."""
        for place, size in zip(self._places_of_given(), self.plan.given_sizes, strict=True):
            side = math.isqrt(size)
            matrices = self.given[:, place].reshape(-1, side, side)
            products = np.conj(np.swapaxes(matrices, -1, -2)) @ matrices
            error = float(np.max(np.abs(products - np.eye(side)), initial=0.0))
            if error >= UNITARY_TOLERANCE:
                raise InvalidValueError(
                    f"the matrix is not unitary: U†U differs from the identity by {error:.2g}, and the backward sweep "
                    'of the compiled engine undoes a gate by its adjoint; give a unitary one, or engine="traced"'
                )

    def _initial_states(self) -> Any:
        if self.initial is not None:
            return _apart(self.initial, self.batch)
        states = np.zeros((self.batch, 2, 1 << self.plan.num_wires), self.dtype)
        states[:, 0, 0] = 1
        return states


def _apart(states: Any, batch: int) -> Any:
    """Return complex states as real and imaginary parts, of shape (batch, 2, size)."""
    flat = states.reshape(batch, states.shape[-1])
    # Contiguous whatever the layout of what was handed over, for which the kernels would be compiled once more.
    apart = np.empty((batch, 2, flat.shape[1]), flat.real.dtype)
    apart[:, 0], apart[:, 1] = flat.real, flat.imag
    return apart


def _joined(states: Any) -> Any:
    """Undo `_apart`."""
    joined = np.empty((states.shape[0], states.shape[2]), COMPLEX_OF[states.dtype.name])
    joined.real, joined.imag = states[:, 0], states[:, 1]
    return joined


def _masks(words: Sequence[Word], num_wires: int) -> Any:
    """Return for each word the masks of the bits that it flips and whose signs it takes, and how many letters are Y."""
    rows = []
    for word in words:
        flips = sum(1 << (num_wires - 1 - qubit) for qubit, letter in word if letter in "XY")
        signs = sum(1 << (num_wires - 1 - qubit) for qubit, letter in word if letter in "YZ")
        rows.append([flips, signs, sum(letter == "Y" for _, letter in word)])
    return np.array(rows, np.int64).reshape(-1, 3)


def _coefficients(sums: Sequence[Terms], words: Sequence[Word]) -> Any:
    """Return the coefficients of words in sums, of shape (words, sums)."""
    places = {word: place for place, word in enumerate(words)}
    coefficients = np.zeros((len(words), len(sums)))
    for column, terms in enumerate(sums):
        for word, coefficient in terms.items:
            coefficients[places[word], column] += coefficient
    return coefficients


def _hashable(value: Any) -> Any:
    return value

"""The Fubini–Study metric of the states that a circuit makes.

The way through: the derivatives of the state by those numbers in gates that the parameters are in come from one batch
of runs at other numbers, by the shift rule of amplitudes; their overlaps are the metric in the space of these numbers,
of which layers or the diagonal may be kept; the constant matrix that takes parameters to numbers, with its factors and
its shared parameters, takes it back to the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.circuit.instructions import wires_of
from ketgrad.circuit.parameters import Declaration
from ketgrad.differentiate.methods import amplitude_moves, varying_numbers
from ketgrad.errors import UnsupportedError
from ketgrad.execution import Execution, Inputs
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import evolve
from ketgrad.simulate.recipe import Recipe
from ketgrad.simulate.scalars import as_rows, in_batch

BYTES_AT_ONCE = 1 << 28


def state_derivatives(execution: Execution, inputs: Inputs, columns: tuple[int, ...]) -> tuple[Array, Array] | None:
    """Return states, of shape (batch, 2^n), and their derivatives by some numbers, of shape (batch, columns, 2^n).

    None where one of these numbers is in something else than a rotation.
    """
    program = execution.program
    if program.is_mixed or program.num_wires != program.num_qubits or program.measured:
        raise UnsupportedError(
            "the metric tensor is one of state vectors, which a circuit with noise, measurements or resets has not; "
            "leave these out, or give kg.classical_fisher_information a function of probabilities"
        )
    moves = amplitude_moves(program.recipe, columns)
    if moves is None:
        return None
    backend, precision, _, batch, _, initial = inputs
    device = program.recipe.device(backend, initial)
    numbers = in_batch(backend, inputs.numbers(program), precision, batch, device)

    def states(points: Array, starts: Array | None) -> Array:
        count = int(points.shape[0])
        return evolve.run(backend, program, precision, points, count, starts, execution.chosen_engine).state.values

    derivatives = None
    size = max(64 << program.num_qubits, 64 * moves.places)
    for part in moves.parts(max(1, BYTES_AT_ONCE // (batch * size))):
        starts = None if initial is None else part.repeated(backend, as_rows(backend, initial, batch))
        values = backend.reshape(states(part.points(backend, numbers), starts), (part.weights.shape[0], -1))
        weights = constants_like(backend, part.weights.T, values)
        found = backend.matmul(weights, values)
        derivatives = found if derivatives is None else derivatives + found
    own = states(numbers, initial)
    if derivatives is None:
        zeros = constants_like(backend, np.zeros(moves.numbers), own)
        return own, backend.einsum("za,n->zna", own, zeros)
    by_number = backend.reshape(derivatives, (moves.numbers, batch, 1 << program.num_qubits))
    return own, backend.transpose(by_number, (1, 0, 2))


def overlaps(backend: ArrayBackend, states: Array, derivatives: Array) -> Array:
    """Return Re⟨∂ᵢψ|∂ⱼψ⟩ − ⟨∂ᵢψ|ψ⟩⟨ψ|∂ⱼψ⟩, of shape (batch, numbers, numbers).

    Reference: J. P. Provost and G. Vallee, Commun. Math. Phys. 76, 289 (1980).
    """
    # ⟨∂ᵢψ|ψ⟩ is imaginary, since the norm is constant, and so its product with ⟨ψ|∂ⱼψ⟩ is real.
    phases = backend.einsum("zna,za->zn", backend.conj(derivatives), states)
    products = backend.matmul(backend.conj(derivatives), backend.transpose(derivatives, (0, 2, 1)))
    return backend.real(products - backend.einsum("zi,zj->zij", phases, backend.conj(phases)))


def columns_of(recipe: Recipe, arrays: Sequence[Declaration]) -> tuple[int, ...]:
    """Return the places of the numbers that these arrays are in."""
    expressions = enumerate(recipe.numbers.expressions)
    return tuple(place for place, each in expressions if any(owner in arrays for owner, _, _ in each.terms))


def kept(recipe: Recipe, columns: Sequence[int], approximation: str | None) -> Any:
    """Return which elements an approximation keeps: 1.0 or 0.0, of shape (columns, columns), a NumPy array."""
    if approximation is None:
        return np.ones((len(columns), len(columns)))
    layers = layers_of(recipe) if approximation == "block-diag" else {}
    numbering = np.array([layers.get(place, -1 - place) for place in columns])
    return (numbering[:, None] == numbering).astype(float)


def layers_of(recipe: Recipe) -> dict[int, int]:
    """Return the layer of each number that varies: gates of one layer do not come after one another on any qubit."""
    varying, found = set(varying_numbers(recipe)), {}
    layer, after = 0, set[int]()
    for part, slot in zip(recipe.parts, recipe.slots, strict=True):
        wires = set(wires_of(part)) if hasattr(part, "qubits") else set()
        own = [place for place in range(slot, slot + len(getattr(part, "numbers", ()))) if place in varying]
        if own and wires & after:
            layer, after = layer + 1, set()
        found.update(dict.fromkeys(own, layer))
        if own or wires & after:
            after |= wires
    return found


def number_slopes(recipe: Recipe, columns: Sequence[int], array: Declaration) -> Any:
    """Return the derivatives of numbers by the elements of one array, of shape (columns, size), a NumPy array."""
    slopes = np.zeros((len(columns), math.prod(array.shape)))
    for row, place in enumerate(columns):
        for owner, index, factor in recipe.numbers.expressions[place].terms:
            if owner == array:
                slopes[row, index] += factor
    return slopes


def pulled_back(backend: ArrayBackend, metric: Array, slopes: Any) -> Array:
    """Return AᵀGA, of shape (batch, size, size)."""
    native = constants_like(backend, slopes, metric)
    # One after the other, as not every framework takes three factors apart.
    return backend.einsum("ni,znj->zij", native, backend.einsum("znm,mj->znj", metric, native))


def of_jacobian(backend: ArrayBackend, states: Array, derivatives: Array) -> Array:
    """Return the metric, of shape (batch, size, size), from states (batch, 2^n) and derivatives (batch, 2^n, size)."""
    return overlaps(backend, states, backend.einsum("zam->zma", derivatives))


def side_by_side(backend: ArrayBackend, derivatives: Sequence[Array]) -> Array:
    """Join derivatives (batch, 2^n, size) by several arguments along the last axis, which the protocol can't join."""
    sizes = [int(each.shape[2]) for each in derivatives]
    places = np.split(np.eye(sum(sizes)), np.cumsum(sizes)[:-1])
    found = None
    for each, rows in zip(derivatives, places, strict=True):
        native = constants_like(backend, rows, each)
        placed = backend.einsum("zan,nm->zam", each, native)
        found = placed if found is None else found + placed
    return found

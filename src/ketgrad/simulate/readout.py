"""What is read from qubits: outcome probabilities, with the errors of reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ketgrad.circuit.gates import FIXED
from ketgrad.observables.pauli import Word
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import tensor
from ketgrad.simulate.states import State

INTO_Z = {"X": FIXED["h"], "Y": FIXED["h"] @ FIXED["sdg"]}
"""What brings a Pauli letter to Z."""


def marginal(state: State, wires: Sequence[int]) -> Array:
    """Return the probabilities of the values of some wires, of shape (batch, 2^k), the first one most significant."""
    backend = state.backend
    remaining = backend.real(state.correlations(()))
    for wire in reversed(range(state.num_wires)):
        if wire not in wires:
            remaining = tensor.weigh_out(backend, remaining, wire, (1.0, 1.0))
    return tensor.reorder(backend, remaining, tuple(wires), axis=1)


def read(state: State, qubits: Sequence[int], confusions: Mapping[int, Array]) -> Array:
    """Return the probabilities of the outcomes that are read from some qubits, of shape (batch, 2^k)."""
    return misread(state.backend, marginal(state, qubits), [confusions.get(qubit) for qubit in qubits])


def group_probabilities(state: State, wires: tuple[int, ...], confusions: Mapping[int, Array]) -> Array:
    """Return the probabilities of classical bits that are kept by these wires, some perhaps by the same one."""
    backend, different = state.backend, tuple(dict.fromkeys(wires))
    probabilities = marginal(state, different)
    if len(different) < len(wires):
        probabilities = _spread(backend, probabilities, [different.index(wire) for wire in wires], len(different))
    return misread(backend, probabilities, [confusions.get(wire) for wire in wires])


def misread(backend: ArrayBackend, probabilities: Array, confusions: Sequence[Array | None]) -> Array:
    """Apply the error of each place, where it has one, to probabilities of shape (batch, 2^k)."""
    size, count = probabilities.shape[0], len(confusions)
    for place, confusion in enumerate(confusions):
        if confusion is not None:
            parts = backend.reshape(probabilities, (size, 1 << place, 2, 1 << (count - place - 1)))
            batch = "z" if len(tuple(confusion.shape)) == 3 else ""
            mixed = backend.einsum(f"{batch}rt,zatb->zarb", confusion, parts)
            probabilities = backend.reshape(mixed, (size, 1 << count))
    return probabilities


def read_in_basis(state: State, setting: Word, confusions: Mapping[int, Array]) -> Array:
    """Return the probabilities of the outcomes of measuring each qubit of a Pauli word in the basis of its letter.

    A device rotates the state, X and Y to Z, and reads all the qubits, so every word has the same errors of reading.
    """
    backend, blurred = state.backend, set()
    even = backend.asarray(np.full((2, 2), 0.5), dtype=real_type_of(state), device=state.device)
    for qubit, letter in setting:
        if letter == "Z":
            continue
        if qubit in state.measured:
            blurred.add(qubit)  # measured before, in Z: what another basis gives is even
        else:
            matrix = backend.asarray(INTO_Z[letter], dtype=state.dtype, device=state.device)
            state = state.apply(matrix, (qubit,))
    qubits = [qubit for qubit, _ in setting]
    evened = misread(backend, marginal(state, qubits), [even if qubit in blurred else None for qubit in qubits])
    return misread(backend, evened, [confusions.get(qubit) for qubit in qubits])


def parity_mean(backend: ArrayBackend, probabilities: Array, places: Sequence[int], count: int) -> Array:
    """Return the mean of Π (−1)^bit over some of `count` places, of shape (batch,)."""
    for place in reversed(range(count)):
        weights = (1.0, -1.0) if place in places else (1.0, 1.0)
        probabilities = tensor.weigh_out(backend, probabilities, place, weights)
    return backend.reshape(probabilities, (-1,))


def real_type_of(state: State) -> str:
    """Name the real type that goes with a state's amplitudes."""
    return {"complex64": "float32", "complex128": "float64"}[state.dtype]


def _spread(backend: ArrayBackend, probabilities: Array, places: Sequence[int], count: int) -> Array:
    """Write probabilities of `count` wires as those of bits that repeat them: other combinations never come."""
    outcomes = np.arange(1 << len(places))
    bits = [(outcomes >> (len(places) - 1 - index)) & 1 for index in range(len(places))]
    value = np.zeros((count, len(outcomes)), int)
    agrees = np.ones(len(outcomes))
    seen: set[int] = set()
    for place, bit in zip(places, bits, strict=True):
        if place in seen:
            agrees *= value[place] == bit
        value[place], seen = bit, seen | {place}
    index = sum(value[place] << (count - 1 - place) for place in range(count))
    taken = backend.take(probabilities, index, axis=1)
    return taken * constants_like(backend, agrees, taken)

"""Results from a finite number of measurements.

The way through: all Pauli words that are asked for, and all qubits whose outcomes are, are grouped into settings that
can be measured together; each setting is measured `shots` times, by drawing from its exact outcome probabilities on
the host; what comes of it is ordinary algebra on bits again. A drawing has no derivative and says so.

The Hadamard test with an auxiliary qubit takes one bit more: each setting reads that qubit in X too, last of all, and
the sign that it gives is a factor of what the shot found. The mean of X alone, the identity's, is known to be zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.gates import FIXED
from ketgrad.errors import GradientError, InvalidValueError
from ketgrad.observables.matrix import Hermitian
from ketgrad.observables.pauli import Word
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend, ArraySpec
from ketgrad.randomness import Key, drawing
from ketgrad.simulate import readout
from ketgrad.simulate.bases import group_words
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.host import on_host
from ketgrad.simulate.memory import check_shot_memory
from ketgrad.simulate.program import Group
from ketgrad.simulate.results import hermitian_matrix
from ketgrad.simulate.states import DeviceState


@dataclass(frozen=True)
class ClassicalBits:
    """A request for the joint outcomes of some classical bits."""

    group: Group


Request: TypeAlias = Word | Hermitian | ClassicalBits
"""What is to be measured: a Pauli word, a Hermitian matrix in its eigenbasis, or classical bits."""

SIGNS_AT_ONCE = 1 << 23
"""Numbers that a sum over many Pauli words works on at a time."""

NO_DERIVATIVE = (
    "a result estimated from shots or trajectories has no derivative of its own: differentiate the exact result, "
    'without them, or with shots give gradient="finite-diff", or kg.gradients.score_function for functions of samples'
)


@dataclass(frozen=True)
class Shots:
    """Outcomes of all settings, as bits 0.0 and 1.0 of shape (batch, shots, k), or k + 1 where they are signed."""

    backend: ArrayBackend
    count: int
    zeros: Array
    """Real zeros of shape (batch, shots)."""
    settings: tuple[tuple[Word, Array], ...]
    spectra: tuple[tuple[Hermitian, Array, Array], ...]
    """Hermitian matrices with their eigenvalues and the outcomes of measuring in the eigenbasis."""
    groups: tuple[tuple[Group, Array], ...]
    is_signed: bool = False
    """Whether the last bit of each outcome is an auxiliary qubit's, with which a shot counts −1 where it is 1."""

    def grouped(self, count: int) -> Shots:
        """Return single shots of a batch of batch·count as `count` shots of each element of the batch."""

        def merged(array: Array) -> Array:
            return self.backend.reshape(array, (-1, count, *tuple(array.shape)[2:]))

        return replace(
            self,
            count=count,
            zeros=merged(self.zeros),
            settings=tuple((setting, merged(bits)) for setting, bits in self.settings),
            spectra=tuple((observable, values, merged(bits)) for observable, values, bits in self.spectra),
            groups=tuple((group, merged(bits)) for group, bits in self.groups),
        )

    def bits(self, qubits: Sequence[int]) -> Array:
        """Return what was read from these qubits, and behind it, where shots are signed, the auxiliary qubit's bit."""
        word = [(qubit, "Z") for qubit in qubits]
        setting, bits = next(pair for pair in self.settings if set(word) <= set(pair[0]))
        places = [*(setting.index(letter) for letter in word), *([len(setting)] if self.is_signed else [])]
        return self.backend.take(bits, np.array(places, int), axis=2)

    def classical(self, group: Group) -> Array:
        """Return the outcomes of a group of classical bits."""
        return next(bits for known, bits in self.groups if known == group)

    def sums(self, words: Sequence[Word], coefficients: Array) -> dict[int, Array]:
        """Return Σ c P as each shot of each setting found it, of shape (batch, shots), by the setting's index.

        Each word comes from the first setting that measures it; the identity, under −1, needs none.
        """
        found = self._by_setting(words)
        return {index: self._sum(index, words, places, coefficients) for index, places in found.items()}

    def means(self, words: Sequence[Word]) -> Array:
        """Return the mean of each word, of shape (batch, words), each from the first setting that measures it."""
        backend = self.backend
        constant = np.array([not word and not self.is_signed for word in words], float)
        total = backend.einsum("z,w->zw", self._ones, self._picked(constant))
        for index, places in self._by_setting(words).items():
            for own, signs in self._signs(index, words, places) if index >= 0 else ():
                columns = self._picked(np.eye(len(words))[own])
                total = total + backend.einsum("zt,tw->zw", backend.sum(signs, axis=1) / self.count, columns)
        return total

    def covariances(self, words: Sequence[Word]) -> Array:
        """Return the estimated covariances of these means, of shape (batch, words, words): 0 across settings."""
        backend, size = self.backend, len(words)
        total = backend.einsum("z,wv->zwv", self._ones, self._picked(np.zeros((size, size))))
        for index, places in self._by_setting(words).items():
            for own, signs in self._signs(index, words, places, len(places)) if index >= 0 else ():
                mean = backend.reshape(backend.sum(signs, axis=1) / self.count, (-1, 1, len(own)))
                columns = self._picked(np.eye(size)[own])
                distance = backend.einsum("zst,tw->zsw", signs - mean, columns)
                products = backend.einsum("zsw,zsv->zwv", distance, distance)
                total = total + products / (self.count * (self.count - 1))
        return total

    @property
    def _ones(self) -> Array:
        return self.backend.take(self.zeros, 0, axis=1) + 1.0

    def _picked(self, table: Any) -> Array:
        return constants_like(self.backend, table, self.zeros)

    def eigenvalues(self, observable: Hermitian, power: int = 1) -> Array:
        """Return the eigenvalue that each shot found, or its square, of shape (batch, shots)."""
        backend = self.backend
        values, bits = next((values, bits) for known, values, bits in self.spectra if known is observable)
        values = values if power == 1 else values * values
        size = len(observable.qubits)
        outcomes = [format(index, f"0{size}b") for index in range(1 << size)]
        found = backend.stack([self.indicator(bits, outcome) for outcome in outcomes], axis=2)
        return backend.einsum("zsa,a->zs", found, backend.astype(values, backend.dtype(found)))

    def indicator(self, bits: Array, outcome: str) -> Array:
        """Return 1, or the sign, where a shot has this outcome, else 0, of shape (batch, shots)."""
        result = 1.0 - 2.0 * self.backend.take(bits, len(outcome), axis=2) if self.is_signed else self.zeros + 1.0
        for place, value in enumerate(outcome):
            bit = self.backend.take(bits, place, axis=2)
            result = result * (bit if value == "1" else 1.0 - bit)
        return result

    def frequencies(self, bits: Array) -> Array:
        """Return how often each outcome came, of all shots, and less how often with −1, of shape (batch, 2^k)."""
        backend = self.backend
        found = on_host(backend, _frequencies, _frequencies_spec, NO_DERIVATIVE)(bits)
        if not self.is_signed:
            return found
        by_sign = backend.reshape(found, (found.shape[0], -1, 2))
        return backend.take(by_sign, 0, axis=2) - backend.take(by_sign, 1, axis=2)

    def _by_setting(self, words: Sequence[Word]) -> dict[int, list[int]]:
        """Return the places of the words that each setting measures, of the identity under −1."""
        places: dict[int, list[int]] = {}
        for place, word in enumerate(words):
            indices = (index for index, (setting, _) in enumerate(self.settings) if set(word) <= set(setting))
            places.setdefault(next(indices) if word else -1, []).append(place)
        return places

    def _sum(self, index: int, words: Sequence[Word], places: Sequence[int], coefficients: Array) -> Array:
        backend, total = self.backend, self.zeros
        if index < 0:
            return total + backend.take(coefficients, places[0], axis=0)
        for own, signs in self._signs(index, words, places):
            picked = backend.take(coefficients, np.array(own), axis=0)
            total = total + backend.einsum("zst,t->zs", signs, picked)
        return total

    def _signs(
        self, index: int, words: Sequence[Word], places: Sequence[int], at_once: int | None = None
    ) -> Iterator[tuple[Sequence[int], Array]]:
        """Yield what each shot found of words of a setting, +1.0 or −1.0, of shape (batch, shots, words)."""
        backend, (setting, bits) = self.backend, self.settings[index]
        step = at_once or max(1, SIGNS_AT_ONCE // math.prod(tuple(self.zeros.shape)))
        for start in range(0, len(places), step):
            own = places[start : start + step]
            seen = [[float(letter in words[place]) for letter in setting] for place in own]
            masks = np.array([[*row, 1.0] if self.is_signed else row for row in seen])
            mask = constants_like(backend, masks, bits)
            # (−1)^k = cos(πk), exact to rounding, for the number k of ones that a word sees.
            yield own, backend.cos(np.pi * backend.einsum("zsq,tq->zst", bits, mask))


def measure(run: Run, requests: Sequence[Request], shots: int, key: Any) -> Shots:
    """Measure everything that is requested, each setting `shots` times, with the run's auxiliary wire if it has one."""
    if isinstance(run.state, DeviceState):
        measured: Shots = run.state.measure(requests, shots, key)
        return measured
    backend = run.state.backend
    words = [request for request in requests if isinstance(request, tuple)]
    settings = [setting for setting, _ in group_words(words)]
    matrices = [request for request in requests if isinstance(request, Hermitian)]
    groups = list(dict.fromkeys(request.group for request in requests if isinstance(request, ClassicalBits)))
    count = len(settings) + len(matrices) + len(groups)
    keys = iter((key,) if count == 1 else backend.random_split(key, count))
    sign: Word = () if run.auxiliary is None else ((run.auxiliary, "X"),)

    def drawn(probabilities: Array) -> Array:
        return draw_bits(backend, probabilities, shots, next(keys))

    drawn_settings = [
        (setting, drawn(readout.read_in_basis(run.state, (*setting, *sign), run.confusions))) for setting in settings
    ]
    drawn_spectra = []
    for observable in matrices:
        eigenvalues, vectors = backend.eigh(hermitian_matrix(run.state, observable))
        drawn_spectra.append((observable, eigenvalues, drawn(_in_eigenbasis(run, observable.qubits, vectors))))
    drawn_groups = [(group, drawn(run.bits[group])) for group in groups]
    zeros = backend.zeros(
        (run.state.values.shape[0], shots),
        dtype=readout.real_type_of(run.state),
        device=run.state.device,
    )
    found = tuple(drawn_settings), tuple(drawn_spectra), tuple(drawn_groups)
    return Shots(backend, shots, zeros, *found, is_signed=bool(sign))


def _in_eigenbasis(run: Run, qubits: tuple[int, ...], vectors: Array) -> Array:
    """Return the probabilities of finding some qubits in each of these vectors, of shape (batch, 2^k)."""
    state, backend = run.state, run.state.backend
    if run.auxiliary is not None:
        turn = backend.asarray(FIXED["h"], dtype=state.dtype, device=state.device)
        size = 2 << len(qubits)
        vectors = backend.reshape(backend.einsum("ak,bs->abks", vectors, turn), (size, size))
        qubits = (*qubits, run.auxiliary)
    return backend.real(backend.einsum("ak,zab,bk->zk", backend.conj(vectors), state.reduced(qubits), vectors))


def draw_bits(backend: ArrayBackend, probabilities: Array, shots: int, key: Any) -> Array:
    """Draw outcomes, as bits 0.0 and 1.0 of shape (batch, shots, k), from probabilities of shape (batch, 2^k)."""
    check_drawing(backend, key, probabilities)
    check_shot_memory(probabilities.shape[0] * shots, probabilities.shape[1].bit_length())
    uniform = backend.random_uniform(key, (probabilities.shape[0], shots), dtype=backend.dtype(probabilities))
    return on_host(backend, _draw, _bits_spec, NO_DERIVATIVE)(probabilities, uniform)


def check_drawing(backend: ArrayBackend, key: Any, probabilities: Array) -> None:
    """Refuse to draw under finite differences, and without a seed where a trace would keep the numbers for ever."""
    if not drawing.get():
        raise GradientError(NO_DERIVATIVE)
    if isinstance(key, Key) and key.is_fresh and not backend.is_concrete(probabilities):
        raise InvalidValueError(
            "a compiled or mapped function would use the same random numbers at every call; give a seed, or on JAX "
            "a key, with each call"
        )


def _bits_spec(probabilities: ArraySpec, uniform: ArraySpec) -> ArraySpec:
    return ArraySpec((*uniform.shape, probabilities.shape[1].bit_length() - 1), probabilities.dtype)


def _draw(probabilities: Any, uniform: Any) -> Any:
    """Invert the cumulative distribution of each row."""
    size = probabilities.shape[1].bit_length() - 1
    outcomes = np.stack([_draw_row(*pair) for pair in zip(probabilities, uniform, strict=True)])
    places = np.arange(size)[::-1]
    return ((outcomes[:, :, None] >> places) & 1).astype(probabilities.dtype)


def _frequencies_spec(bits: ArraySpec) -> ArraySpec:
    return ArraySpec((bits.shape[0], 1 << bits.shape[2]), bits.dtype)


def _frequencies(bits: Any) -> Any:
    size = bits.shape[2]
    outcomes = bits.astype(int) @ (1 << np.arange(size)[::-1])
    found = np.stack([np.bincount(row, minlength=1 << size) for row in outcomes])
    return (found / bits.shape[1]).astype(bits.dtype)


def _draw_row(probabilities: Any, uniform: Any) -> Any:
    weights = np.maximum(probabilities.astype("float64"), 0.0)
    cumulative = np.cumsum(weights)
    outcomes = np.searchsorted(cumulative, uniform.astype("float64") * cumulative[-1], side="right")
    return np.minimum(outcomes, np.flatnonzero(weights)[-1])

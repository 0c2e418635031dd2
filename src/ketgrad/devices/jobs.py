"""The jobs that a device gets, as functions over NumPy arrays: all circuits of a batch in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ketgrad.devices.device import DifferentiatingDevice, Outcomes
from ketgrad.devices.readings import Reading
from ketgrad.devices.target import Target
from ketgrad.errors import InvalidValueError
from ketgrad.observables.matrix import Observable
from ketgrad.protocol import Array, ArrayBackend, ArraySpec

SEED_BITS = 24
"""What a number in single precision holds."""


def seed_numbers(backend: ArrayBackend, key: Any, like: Array) -> Array:
    """Return random numbers that a device's seed is made of."""
    return backend.random_uniform(key, (3,), dtype=backend.dtype(like))


def _seed(numbers: Any) -> int:
    words = (numbers.reshape(-1).astype("float64") * (1 << SEED_BITS)).astype("int64")
    return int(np.random.SeedSequence(words.tolist()).generate_state(1)[0] >> 1)


@dataclass(frozen=True)
class Sampling:
    """Runs a circuit with each of a batch of numbers, and with each of some readings after it."""

    target: Target
    readings: tuple[Reading, ...]
    shots: int

    def __call__(self, numbers: Any, seeds: Any) -> Any:
        """Return bits of shape (..., batch, shots, bits), those of all readings side by side."""
        rows = numbers.reshape(-1, numbers.shape[-1])
        prepared = [reading.appended(self.target.circuit(row)) for row in rows for reading in self.readings]
        circuits = [circuit for circuit, _ in prepared]
        found = self.target.device.run(circuits, self.shots, _seed(seeds))
        _check_count(found, len(circuits), "run")
        bits = [
            _samples(outcomes, self.shots, circuit.num_bits)[:, read]
            for outcomes, (circuit, read) in zip(found, prepared, strict=True)
        ]
        count = len(self.readings)
        joined = [np.concatenate(bits[start : start + count], axis=1) for start in range(0, len(bits), count)]
        return np.stack(joined).reshape(*numbers.shape[:-1], self.shots, -1).astype(numbers.dtype)

    def output(self, numbers: ArraySpec, seeds: ArraySpec) -> ArraySpec:
        """Return the shape and type of the result."""
        return ArraySpec((*numbers.shape[:-1], self.shots, sum(each.size for each in self.readings)), numbers.dtype)


@dataclass(frozen=True)
class Differentiating:
    """Asks a device for the derivatives of expectation values, those under None being zero."""

    target: Target
    observables: tuple[Observable | None, ...] = field(compare=False)  # a target has the same ones at each call
    shots: int

    def __call__(self, numbers: Any, seeds: Any) -> Any:
        """Return derivatives of shape (..., batch, observables, numbers)."""
        assert isinstance(self.target.device, DifferentiatingDevice)
        rows = numbers.reshape(-1, numbers.shape[-1])
        circuits = [self.target.circuit(row) for row in rows]
        places = [place for place, observable in enumerate(self.observables) if observable is not None]
        asked = [observable for observable in self.observables if observable is not None]
        columns = [column for own in self.target.columns for column in own]
        result = np.zeros((len(rows), len(self.observables), rows.shape[1]))
        if asked and columns:
            found = self.target.device.derivatives(circuits, asked, self.shots, _seed(seeds))
            _check_count(found, len(circuits), "derivatives")
            for row, derivatives in zip(result, found, strict=True):
                row[np.ix_(places, columns)] = _checked_derivatives(derivatives, (len(asked), len(columns)))
        return result.reshape(*numbers.shape[:-1], *result.shape[1:]).astype(numbers.dtype)

    def output(self, numbers: ArraySpec, seeds: ArraySpec) -> ArraySpec:
        """Return the shape and type of the result."""
        return ArraySpec((*numbers.shape[:-1], len(self.observables), numbers.shape[-1]), numbers.dtype)


def _check_count(found: Sequence[Any], count: int, method: str) -> None:
    if len(found) != count:
        raise InvalidValueError(
            f"the device's {method} returned {len(found)} results for {count} circuits; return one each"
        )


def _samples(outcomes: Outcomes, shots: int, num_bits: int) -> Any:
    """Return outcomes as integers of shape (shots, bits)."""
    if isinstance(outcomes, Mapping):
        rows = [[*map(int, bits)] for bits, count in outcomes.items() for _ in range(count)]
    else:
        rows = outcomes
    samples = np.asarray(rows)
    if samples.shape != (shots, num_bits) or not np.isin(samples, (0, 1)).all():
        raise InvalidValueError(
            f"the device's run returned outcomes of shape {samples.shape} for {shots} shots of {num_bits} classical "
            f"bits; return zeros and ones of shape {(shots, num_bits)}, or counts of bitstrings"
        )
    return samples


def _checked_derivatives(derivatives: Any, shape: tuple[int, int]) -> Any:
    array = np.asarray(derivatives)
    if array.shape != shape or array.dtype.kind not in "iuf":
        raise InvalidValueError(
            f"the device's derivatives returned an array of shape {array.shape}; return real numbers of shape {shape}"
        )
    return array

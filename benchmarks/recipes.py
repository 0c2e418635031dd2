"""Circuits as plain data, which every library's adapter can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Word = tuple[tuple[str, int], ...]
"""Pauli letters with their qubits."""


@dataclass(frozen=True)
class Gate:
    """A gate: h, cx, rx, ry, rz or rzz; the angle of a rotation is scale times a slot, or scale where it has none."""

    name: str
    qubits: tuple[int, ...]
    slot: int | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """A circuit, a real Pauli sum, and how many slots it has: weights first, then the inputs of one sample.

    The value is ⟨H⟩, or its mean over samples; the gradient is by the weights, and then by all inputs, flat. In
    training the circuit stands between two linear layers of PyTorch, value and gradient are those of the loss, and a
    run is a step of the optimizer.
    """

    num_qubits: int
    gates: tuple[Gate, ...]
    observable: tuple[tuple[float, Word], ...]
    num_weights: int
    num_inputs: int = 0
    batch: int | None = None
    is_training: bool = False

    def weights(self) -> Numbers:
        """Return the angles at which all contestants are compared."""
        return np.random.default_rng(7).uniform(-np.pi, np.pi, self.num_weights)

    def samples(self) -> Numbers | None:
        """Return the inputs, of shape (batch, inputs); None without a batch."""
        if self.batch is None:
            return None
        return np.random.default_rng(8).uniform(-np.pi, np.pi, (self.batch, self.num_inputs))

    @property
    def state_bytes(self) -> int:
        """The size of one state vector in double precision, or of a batch of them."""
        return (16 << self.num_qubits) * (self.batch or 1)


def hardware_efficient(num_qubits: int, layers: int) -> Iterator[Gate]:
    """Yield layers of RY and RZ on every qubit, each followed by a ring of CX."""
    for layer in range(layers):
        for qubit in range(num_qubits):
            slot = 2 * (layer * num_qubits + qubit)
            yield Gate("ry", (qubit,), slot)
            yield Gate("rz", (qubit,), slot + 1)
        yield from ring(num_qubits)


def strongly_entangling(num_qubits: int, layers: int) -> Iterator[Gate]:
    """Yield layers of RZ, RY, RZ on every qubit, each followed by CX whose reach grows from layer to layer."""
    for layer in range(layers):
        for qubit in range(num_qubits):
            for place, name in enumerate(("rz", "ry", "rz")):
                yield Gate(name, (qubit,), 3 * (layer * num_qubits + qubit) + place)
        yield from ring(num_qubits, layer % (num_qubits - 1) + 1)


def ring(num_qubits: int, reach: int = 1) -> Iterator[Gate]:
    """Yield CX from every qubit to the one `reach` places further around a ring."""
    for qubit in range(num_qubits):
        yield Gate("cx", (qubit, (qubit + reach) % num_qubits))


def ising_chain(num_qubits: int) -> tuple[tuple[float, Word], ...]:
    """Return −Σ Z_q Z_{q+1} − Σ X_q."""
    bonds = [(-1.0, (("Z", site), ("Z", site + 1))) for site in range(num_qubits - 1)]
    return (*bonds, *((-1.0, (("X", site),)) for site in range(num_qubits)))

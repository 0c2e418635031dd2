"""The noise channels as methods, parameters first, then qubits; each appends one channel and returns the circuit.

A circuit with a channel is simulated with its density matrix, of 4^n elements for n qubits; everything asked of it
sees the same noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

Self = TypeVar("Self", bound="ChannelMethods")


class ChannelMethods:
    """One method for each channel of the table; `channel` is the circuit's."""

    def channel(self: Self, name: str, parameters: Sequence[Any], qubits: Sequence[int]) -> Self:
        raise NotImplementedError

    def bit_flip(self: Self, p: Any, qubit: int) -> Self:
        """X with probability p."""
        return self.channel("bit_flip", (p,), (qubit,))

    def phase_flip(self: Self, p: Any, qubit: int) -> Self:
        """Z with probability p."""
        return self.channel("phase_flip", (p,), (qubit,))

    def depolarizing(self: Self, p: Any, *qubits: int) -> Self:
        """With probability p one of the Pauli errors, each as likely: 3 of them on one qubit, 15 on two."""
        name = "depolarizing2" if len(qubits) == 2 else "depolarizing"
        return self.channel(name, (p,), qubits)

    def amplitude_damping(self: Self, gamma: Any, qubit: int) -> Self:
        """Decay of 1 to 0 with probability γ."""
        return self.channel("amplitude_damping", (gamma,), (qubit,))

    def phase_damping(self: Self, lam: Any, qubit: int) -> Self:
        """Loss of coherence by the factor √(1 − λ)."""
        return self.channel("phase_damping", (lam,), (qubit,))

    def thermal_relaxation(self: Self, t1: Any, t2: Any, time: Any, qubit: int, excited: Any = 0.0) -> Self:
        """Relaxation in `time` with time constants t1 and t2 ≤ 2·t1, in one unit, to the population `excited`."""
        return self.channel("thermal_relaxation", (t1, t2, time, excited), (qubit,))

    def reset(self: Self, qubit: int) -> Self:
        """Put a qubit into |0⟩ and forget what it was."""
        return self.channel("reset", (), (qubit,))

"""Qiskit's simulator Aer as a device, with any of its noise models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ketgrad.errors import UnsupportedError
from ketgrad.interchange.qiskit import to_qiskit
from ketgrad.interchange.qiskit.modules import qiskit_module

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit


class AerDevice:
    """Runs circuits on Qiskit's `AerSimulator`, needs `pip install ketgrad[qiskit]`.

    Gates are translated, one by one, to those of the noise model, on the qubits where they are: without any
    optimization, which would make the noise depend on the angles.

    Parameters
    ----------
    noise_model
        A `qiskit_aer.noise.NoiseModel`, errors of reading included; None for no noise. Its errors come with the gates
        of its names.
    method
        Aer's way of simulating, such as "density_matrix", "matrix_product_state" or "stabilizer".
    options
        Further ones of `AerSimulator`, such as `max_parallel_threads=1`.

    Raises
    ------
    MissingFrameworkError
        If Qiskit or Qiskit Aer is not installed.
    UnsupportedError
        When it runs, for post-selection and errors of reading inside a circuit, and for what the method does not do.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta")
    >>> circuit = kg.Circuit(2).ry(theta, 0).cx(0, 1)
    >>> device = kg.devices.AerDevice()  # doctest: +SKIP
    >>> f = kg.function(circuit, kg.expval(kg.Z(1)), device=device, shots=1000, seed=7)  # doctest: +SKIP
    >>> kg.value_and_grad(f)(0.5)  # doctest: +SKIP
    """

    def __init__(self, noise_model: Any = None, method: str = "automatic", **options: Any) -> None:
        aer = qiskit_module("qiskit_aer")
        self.simulator = aer.AerSimulator(noise_model=noise_model, method=method, **options)
        self._translation = qiskit_module("qiskit.transpiler").generate_preset_pass_manager(0, self.simulator)

    def run(self, circuits: Sequence[Circuit], shots: int, seed: int) -> list[Any]:
        """Run each circuit; see `kg.Device`."""
        written = self._translation.run([to_qiskit(circuit) for circuit in circuits], num_processes=1)
        result = self.simulator.run(written, shots=shots, seed_simulator=seed, memory=True).result()
        if not result.success:
            raise UnsupportedError(f"Aer does not run this circuit; it says: {result.status}")
        return [
            _bits(result.data(place)["memory"], circuit.num_bits) if circuit.num_bits else np.zeros((shots, 0), int)
            for place, circuit in enumerate(circuits)
        ]

    def __repr__(self) -> str:
        return f"AerDevice({self.simulator})"


def _bits(memory: Sequence[str], count: int) -> Any:
    """Return Aer's hexadecimal numbers, whose lowest bit is bit 0, as rows of bits."""
    width = -(-count // 8)
    raw = b"".join(int(word, 16).to_bytes(max(width, (4 * len(word) + 7) // 8), "little")[:width] for word in memory)
    rows = np.frombuffer(raw, np.uint8).reshape(len(memory), width)
    return np.unpackbits(rows, axis=1, count=count, bitorder="little")

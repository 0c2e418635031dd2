"""The shape that a result of a circuit has for one sample."""

from __future__ import annotations

from ketgrad.measurements import Measurement, density_matrix, probs, state


def result_shape(measurement: Measurement, num_qubits: int) -> tuple[int, ...]:
    """Return the shape of a result behind the batch's axes; all but these three are single numbers."""
    if isinstance(measurement, probs):
        return measurement.mean_sizes(num_qubits)
    if isinstance(measurement, state):
        return (1 << num_qubits,)
    if isinstance(measurement, density_matrix):
        side = 1 << (num_qubits if measurement.qubits is None else len(measurement.qubits))
        return (side, side)
    return ()

"""What a device is: something that runs circuits with shots, and may have a gradient of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from ketgrad.circuit.instructions import Instruction, Operation, Prepare, numbers_of
from ketgrad.errors import InvalidTypeError, UnsupportedError
from ketgrad.observables.matrix import Observable

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit

Outcomes: TypeAlias = Any | Mapping[str, int]
"""Integers 0 and 1 of shape (shots, bits), or how often each bitstring came, bit 0 leftmost."""


@runtime_checkable
class Device(Protocol):
    """Runs circuits with shots; anything with this one method is a device.

    Examples
    --------
    A device is any object with `run`; this one has ketgrad simulate.

    >>> import ketgrad as kg
    >>> class Simulator:
    ...     def run(self, circuits, shots, seed):
    ...         return [c.sample(shots, seed + k, bits=range(c.num_bits)) for k, c in enumerate(circuits)]
    >>> theta = kg.parameters("theta")
    >>> circuit = kg.Circuit(1).rx(theta, 0)
    >>> energy = kg.function(circuit, kg.expval(kg.Z(0)), device=Simulator(), shots=100, seed=7)
    >>> kg.value_and_grad(energy)(3.141592653589793 / 2)[1].tolist()
    -1.0
    """

    def run(self, circuits: Sequence[Circuit], shots: int, seed: int) -> Sequence[Outcomes]:
        """Run each circuit `shots` times and return what its classical bits were.

        Parameters
        ----------
        circuits
            One or many, with numbers alone in their gates, Python floats, and NumPy arrays as matrices. They measure
            into classical bits; what else they hold is what the user put there.
        shots
            How often each of them.
        seed
            From 0 to 2³¹ − 1, for devices that draw random numbers: the same ones for the same seed, but others for
            each of the circuits.

        Returns
        -------
        Sequence
            For each circuit integers 0 and 1 of shape (shots, circuit.num_bits), or a dictionary of counts, whose
            bitstrings have bit 0 leftmost; they lose the order of the shots.
        """
        ...


@runtime_checkable
class DifferentiatingDevice(Device, Protocol):
    """A device that has derivatives of its own, which `gradient="device"` takes."""

    def derivatives(
        self, circuits: Sequence[Circuit], observables: Sequence[Observable], shots: int, seed: int
    ) -> Sequence[Any]:
        """Return the derivative of each expectation value by each number in a circuit's gates.

        Parameters
        ----------
        circuits, shots, seed
            As for `run`; these circuits measure nothing but what the user's does.
        observables
            Pauli words (a `PauliSum` of one word), projectors and Hermitian matrices.

        Returns
        -------
        Sequence
            For each circuit real numbers of shape (observables, numbers), in the order of `kg.devices.numbers`.
        """
        ...


def numbers(circuit: Circuit) -> tuple[float, ...]:
    """Return the numbers in a circuit's gates and channels, in order.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.devices.numbers(kg.Circuit(2).rx(0.1, 0).cx(0, 1).crz(0.3, 0, 1))
    (0.1, 0.3)
    """
    return tuple(value for instruction in circuit.operations for value in numbers_of(instruction))


def check_device(device: Any, instructions: Sequence[Instruction], engine: Any, shots: Any, trajectories: Any) -> None:
    """Refuse what is no device, and what does not go with one."""
    if isinstance(device, type) or not isinstance(device, Device):
        raise InvalidTypeError(f"device is {device!r}; give an object with a method run(circuits, shots, seed)")
    if engine is not None:
        raise UnsupportedError("the device runs the circuit, in place of an engine; leave engine out")
    if trajectories is not None:
        raise UnsupportedError("a device takes shots, not trajectories; give shots=1000, say")
    if shots is None:
        raise UnsupportedError("a device has no exact results; give shots=1000, say")
    for array in _arrays(instructions):
        if not isinstance(array, np.ndarray):
            raise UnsupportedError(
                f"a device takes matrices and amplitudes as constants, got a {type(array).__name__} in the circuit; "
                "give a NumPy array"
            )


def _arrays(instructions: Sequence[Instruction]) -> list[Any]:
    found: list[Any] = []
    for item in instructions:
        if isinstance(item, Operation) and item.name in ("unitary", "kraus"):
            found += item.parameters
        elif isinstance(item, Prepare) and not isinstance(item.amplitudes, tuple):
            found.append(item.amplitudes)
    return found

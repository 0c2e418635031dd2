"""A circuit as its device gets it: the user's own gates, with numbers where symbols and native arrays were.

The numbers come as one array, with an entry for each number of each elementary part of a gate, as the shift rules have
them; each number of a gate stands in one of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ketgrad.circuit.instructions import Instruction, Operation, Prepare, ReadoutError, numbers_of
from ketgrad.devices.device import Device
from ketgrad.lazy import lazy
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability
from ketgrad.simulate.parts import elementary

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit


@dataclass(frozen=True)
class _Place:
    """Stands for a number of a gate while the gate is taken apart."""

    index: int


@dataclass(frozen=True, eq=False)
class Target:
    """A circuit and the device that it runs on."""

    device: Device
    instructions: tuple[Instruction, ...]
    num_qubits: int
    _operations: dict[Any, Callable[..., Array]] = field(default_factory=dict)

    @lazy
    def columns(self) -> tuple[tuple[int, ...], ...]:
        """For each instruction, where its numbers are among those of all parts."""
        found, start = [], 0
        for instruction in self.instructions:
            count = len(numbers_of(instruction))
            marked = _with_numbers(instruction, [_Place(index) for index in range(count)])
            held = [value for part in elementary(marked) for value in numbers_of(part)]
            found.append(tuple(start + held.index(_Place(index)) for index in range(count)))
            start += len(held)
        return tuple(found)

    def circuit(self, numbers: Any) -> Circuit:
        """Return the circuit with these numbers, a NumPy array of shape (numbers,)."""
        from ketgrad.circuit.circuit import Circuit  # whose methods lead here

        values = numbers.tolist()
        return Circuit(self.num_qubits).add(
            [
                _with_numbers(instruction, [values[column] for column in columns])
                for instruction, columns in zip(self.instructions, self.columns, strict=True)
            ]
        )

    def operation(
        self, backend: ArrayBackend, job: Callable[..., Any], output: Callable[..., ArraySpec], reason: str
    ) -> Callable[..., Array]:
        """Return an operation of the backend that does a job on the device; differentiating it raises the reason.

        Under `vmap` it is one job for the whole batch.
        """
        if Capability.HOST_FUNCTION not in backend.capabilities:
            return lambda *inputs: backend.asarray(job(*map(backend.to_numpy, inputs)))
        if (backend, job) not in self._operations:
            self._operations[backend, job] = backend.host_function(job, reason, output, is_vectorized=True)
        return self._operations[backend, job]


def _with_numbers(instruction: Instruction, values: Sequence[Any]) -> Instruction:
    """Return an instruction with these numbers in place of its own."""
    match instruction:
        case Operation() if values:
            return replace(instruction, parameters=tuple(values))
        case Prepare() if values:
            return replace(instruction, amplitudes=tuple(values))
        case ReadoutError():
            return replace(instruction, parameters=(values[0], values[1]))
        case _:
            return instruction

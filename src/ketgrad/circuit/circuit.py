"""The circuit: gates in order, and what can be asked of the state that they prepare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketgrad.circuit.gate_methods import GateMethods
from ketgrad.circuit.operations import (
    Operation,
    check_integer,
    check_qubits,
    gate_operation,
    unitary_operation,
)
from ketgrad.errors import InvalidValueError
from ketgrad.interchange import openqasm2
from ketgrad.observables.pauli import PauliSum
from ketgrad.precision import get_precision
from ketgrad.protocol import Array
from ketgrad.registry import get_backend
from ketgrad.simulate import expectation, sampling, state_vector
from ketgrad.simulate.sampling import Counts


@dataclass(frozen=True)
class Measurement:
    """A qubit that is read out into a classical bit at the end of the circuit."""

    qubit: int
    bit: int


class Circuit(GateMethods):
    """A quantum circuit on qubits that begin in |0…0⟩.

    Gate methods append a gate and return the circuit, so that they chain; they take parameters first, then qubits.
    Qubit 0 is the most significant bit: the leftmost character of a bitstring. Parameters are numbers or 0-d arrays of
    the backend in force; whatever is asked of the state stays connected to their graph.

    Parameters
    ----------
    num_qubits
        How many qubits, at least one.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        From the gate methods, for a qubit out of range, repeated, or no integer, for a parameter that is no finite
        real number, and for a matrix that is not unitary; the circuit stays as it was.

    Examples
    --------
    >>> import ketgrad as kg
    >>> bell = kg.Circuit(2).h(0).cx(0, 1)
    >>> bell.probabilities().round(12).tolist()
    [0.5, 0.0, 0.0, 0.5]
    """

    def __init__(self, num_qubits: int) -> None:
        self.num_qubits = check_integer(num_qubits, "the number of qubits")
        if self.num_qubits < 1:
            raise InvalidValueError(f"a circuit has at least one qubit, got {num_qubits}")
        self._operations: list[Operation] = []
        self._measurements: list[Measurement] = []
        self._classical_sizes: tuple[int, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The gates, in the order in which they act."""
        return tuple(self._operations)

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The read-out at the end; empty where `counts` reads all qubits."""
        return tuple(self._measurements)

    def append(self, name: str, parameters: Sequence[Any], qubits: Sequence[int]) -> Circuit:
        """Append a gate of the table by its name.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).append("rx", (0.5,), (1,))
        Circuit(2): rx(0.5) 1
        """
        self._operations.append(gate_operation(name, parameters, qubits, self.num_qubits))
        return self

    def unitary(self, matrix: Any, qubits: Sequence[int]) -> Circuit:
        """Append any unitary matrix, of shape (2^k, 2^k) for k qubits, the first one most significant.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).unitary([[0, 1], [1, 0]], [0]).probabilities().tolist()
        [0.0, 1.0]
        """
        self._operations.append(unitary_operation(matrix, qubits, self.num_qubits))
        return self

    def state(self) -> Array:
        """Return the state vector, complex, of shape (2^n,).

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).x(0).state().tolist()
        [0j, (1+0j)]
        """
        return state_vector.run(get_backend(), self._operations, self.num_qubits, get_precision())

    def probabilities(self, qubits: Sequence[int] | None = None) -> Array:
        """Return the probability of each outcome of some qubits, in the order given; of all by default.

        Returns
        -------
        Array
            Real, of shape (2^k,) for k qubits; the first qubit named is the most significant bit.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(1).probabilities([1]).tolist()
        [0.0, 1.0]
        """
        chosen = range(self.num_qubits) if qubits is None else qubits
        checked = check_qubits(tuple(chosen), self.num_qubits, "probabilities")
        return expectation.probabilities(get_backend(), self.state(), self.num_qubits, checked)

    def expectation(self, observable: PauliSum) -> Array:
        """Return ⟨ψ|H|ψ⟩, a real 0-d array.

        Raises
        ------
        InvalidValueError
            If a coefficient is not real, or the observable names a qubit that the circuit lacks.

        Examples
        --------
        >>> import ketgrad as kg
        >>> float(kg.Circuit(1).x(0).expectation(kg.Z(0)))
        -1.0
        """
        return expectation.expectation(get_backend(), self.state(), self.num_qubits, observable)

    def variance(self, observable: PauliSum) -> Array:
        """Return ⟨H²⟩ − ⟨H⟩², a real 0-d array.

        Examples
        --------
        >>> import ketgrad as kg
        >>> round(float(kg.Circuit(1).h(0).variance(kg.Z(0))), 12)
        1.0
        """
        state, backend = self.state(), get_backend()
        mean = expectation.expectation(backend, state, self.num_qubits, observable)
        square = expectation.expectation(backend, state, self.num_qubits, observable @ observable)
        return square - mean * mean

    def sample(self, shots: int, seed: int | None = None) -> Array:
        """Measure all qubits `shots` times.

        Returns
        -------
        Array
            Integers 0 and 1 of shape (shots, qubits). One seed gives the same samples on every backend.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(1).sample(2, seed=7).tolist()
        [[0, 1], [0, 1]]
        """
        outcomes = self._outcomes(shots, seed)
        return get_backend().asarray(sampling.bits_of(outcomes, self.num_qubits))

    def counts(self, shots: int, seed: int | None = None, order: str | None = None) -> Counts:
        """Measure `shots` times and count the bitstrings.

        A circuit that was read from OpenQASM with `measure` counts its classical bits, by default with bit 0 of each
        register, and the first register, rightmost; any other circuit counts its qubits, by default qubit 0 leftmost.

        Parameters
        ----------
        shots
            How often to measure, at least once.
        seed
            An integer, or None for a new one each time.
        order
            "big" for bit 0 leftmost, "little" for bit 0 rightmost, which is Qiskit's order.

        Returns
        -------
        Counts
            A dictionary from bitstring to number, most frequent first.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(1).counts(100, seed=7)
        {'01': 100}
        """
        sampling.check_order(order)
        bits = sampling.bits_of(self._outcomes(shots, seed), self.num_qubits)
        if self._measurements:
            pairs = [(measurement.qubit, measurement.bit) for measurement in self._measurements]
            return sampling.count_registers(bits, pairs, self._classical_sizes, order)
        return sampling.count(bits, order)

    @classmethod
    def from_qasm(cls, text: str) -> Circuit:
        """Read a circuit from OpenQASM 2.

        Raises
        ------
        QasmError
            With the line and column of what could not be read.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit.from_qasm('OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0], q[1];')
        Circuit(2): h 0; cx 0 1
        """
        program = openqasm2.read(text)
        circuit = cls(program.num_qubits)
        for instruction in program.operations:
            circuit.append(instruction.name, instruction.parameters, instruction.qubits)
        circuit._measurements = [Measurement(qubit, bit) for qubit, bit in program.measurements]
        circuit._classical_sizes = tuple(register.size for register in program.classical_registers)
        return circuit

    def __len__(self) -> int:
        return len(self._operations)

    def __repr__(self) -> str:
        gates = "; ".join(_show(operation) for operation in self._operations)
        return f"Circuit({self.num_qubits}): {gates}"

    def _outcomes(self, shots: int, seed: int | None) -> Any:
        backend = get_backend()
        everything = tuple(range(self.num_qubits))
        probabilities = expectation.probabilities(backend, self.state(), self.num_qubits, everything)
        return sampling.draw(backend, probabilities, shots, seed)


def _show(operation: Operation) -> str:
    is_matrix = operation.name == "unitary"
    inside = ", ".join(_number(value) for value in operation.parameters)
    parameters = f"({inside})" if operation.parameters and not is_matrix else ""
    return f"{operation.name}{parameters} {' '.join(map(str, operation.qubits))}"


def _number(value: Any) -> str:
    return f"{float(value):.6g}" if isinstance(value, int | float) else type(value).__name__

"""The circuit: gates in order, and what can be asked of the state that they prepare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketgrad import measurements as measure
from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit.channel_methods import ChannelMethods
from ketgrad.circuit.gate_methods import GateMethods
from ketgrad.circuit.operations import (
    Operation,
    channel_operation,
    check_controls,
    check_qubits,
    gate_operation,
    inverse,
    kraus_operation,
    relabelled,
    unitary_operation,
    with_controls,
)
from ketgrad.circuit.parameters import Expression
from ketgrad.circuit.result_methods import ResultMethods
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.interchange import openqasm2
from ketgrad.precision import get_precision
from ketgrad.protocol import Array
from ketgrad.registry import get_backend
from ketgrad.simulate import evolve, sampling
from ketgrad.simulate.sampling import Counts


@dataclass(frozen=True)
class ReadOut:
    """A qubit that is read out into a classical bit at the end of the circuit."""

    qubit: int
    bit: int


class Circuit(GateMethods, ChannelMethods, ResultMethods):
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
        self._measurements: list[ReadOut] = []
        self._classical_sizes: tuple[int, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The gates, in the order in which they act."""
        return tuple(self._operations)

    @property
    def measurements(self) -> tuple[ReadOut, ...]:
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
        self._add([gate_operation(name, parameters, qubits, self.num_qubits)])
        return self

    def unitary(self, matrix: Any, qubits: Sequence[int]) -> Circuit:
        """Append any unitary matrix, of shape (2^k, 2^k) for k qubits, the first one most significant.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).unitary([[0, 1], [1, 0]], [0]).probabilities().tolist()
        [0.0, 1.0]
        """
        self._add([unitary_operation(matrix, qubits, self.num_qubits)])
        return self

    def kraus(self, matrices: Sequence[Any], qubits: Sequence[int]) -> Circuit:
        """Append a channel ρ → Σ KρK† by its Kraus operators, each of shape (2^k, 2^k) for k qubits.

        Examples
        --------
        >>> import ketgrad as kg
        >>> keep, flip = [[0.6, 0], [0, 0.6]], [[0, 0.8], [0.8, 0]]
        >>> kg.Circuit(1).kraus([keep, flip], [0]).probabilities().round(12).tolist()
        [0.36, 0.64]
        """
        self._add([kraus_operation(matrices, qubits, self.num_qubits)])
        return self

    def channel(self, name: str, parameters: Sequence[Any], qubits: Sequence[int]) -> Circuit:
        """Append a noise channel of the table by its name."""
        self._add([channel_operation(name, parameters, qubits, self.num_qubits)])
        return self

    def controlled(self, gate: Circuit, controls: Sequence[int], qubits: Sequence[int], on: int | str = 1) -> Circuit:
        """Append a circuit of gates that acts on `qubits` only where the controls have the values `on`.

        Parameters
        ----------
        gate
            A circuit on as many qubits as `qubits` names.
        controls
            Any number of qubits.
        qubits
            Where the qubits of the circuit go.
        on
            0 or 1 for all controls, or a string such as "01".

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(3).x(0).controlled(kg.Circuit(1).x(0), [0, 1], [2], on="10").counts(5, seed=1)
        {'101': 5}
        """
        chosen = check_controls(check_sequence(controls, "controls"), on, self.num_qubits)
        moved = self._relabelled(gate, qubits)
        check_qubits((*(qubit for qubit, _ in chosen), *qubits), self.num_qubits, "controlled")
        added = [with_controls(operation, chosen) for operation in moved]
        self._add(added)
        return self

    def compose(self, other: Circuit, qubits: Sequence[int] | None = None) -> Circuit:
        """Append another circuit, its qubits put on those named, by default on the first ones; return this one.

        Examples
        --------
        >>> import ketgrad as kg
        >>> bell = kg.Circuit(2).h(0).cx(0, 1)
        >>> kg.Circuit(3).compose(bell, [2, 0])
        Circuit(3): h 2; cx 2 0
        """
        self._add(self._relabelled(other, qubits))
        return self

    def inverse(self) -> Circuit:
        """Return a new circuit that undoes this one.

        Raises
        ------
        UnsupportedError
            If there is a channel in it.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).s(0).rx(0.5, 0).inverse()
        Circuit(1): rx(-0.5) 0; sdg 0
        """
        result = Circuit(self.num_qubits)
        result._operations = [inverse(operation) for operation in reversed(self._operations)]
        return result

    def power(self, exponent: int) -> Circuit:
        """Return a new circuit that does this one so many times; a negative exponent undoes it.

        Examples
        --------
        >>> import ketgrad as kg
        >>> len(kg.Circuit(1).t(0).power(3))
        3
        """
        times = check_integer(exponent, "the exponent")
        base = self if times >= 0 else self.inverse()
        result = Circuit(self.num_qubits)
        result._operations = base._operations * abs(times)
        return result

    def barrier(self, *qubits: int) -> Circuit:
        """Check the qubits and append nothing: a barrier says something to compilers, and there is none here."""
        check_qubits(qubits, self.num_qubits, "barrier")
        return self

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
        circuit._measurements = [ReadOut(qubit, bit) for qubit, bit in program.measurements]
        circuit._classical_sizes = tuple(register.size for register in program.classical_registers)
        return circuit

    def __len__(self) -> int:
        return len(self._operations)

    def __repr__(self) -> str:
        gates = "; ".join(_show(operation) for operation in self._operations)
        return f"Circuit({self.num_qubits}): {gates}"

    def _add(self, operations: Sequence[Operation]) -> None:
        if self._measurements:
            raise UnsupportedError(
                "the circuit was read with measurements at its end, and gates after those are not supported yet; "
                "build the circuit first, or read it without measure"
            )
        self._operations.extend(operations)

    def _outcomes(self, shots: int, seed: int | None) -> Any:
        sampling.check_shots(shots)
        return sampling.draw(get_backend(), self.probabilities(), shots, seed)

    def _measure(self, measurement: measure.Measurement) -> Array:
        backend = get_backend()
        result = measurement.evaluate(
            evolve.run(backend, self._operations, self.num_qubits, get_precision(), {}, batch=1)
        )
        return backend.take(result, 0, axis=0)

    def _relabelled(self, other: Circuit, qubits: Sequence[int] | None) -> list[Operation]:
        if not isinstance(other, Circuit):
            raise InvalidTypeError(f"got a {type(other).__name__}; give a circuit")
        places = check_qubits(range(other.num_qubits) if qubits is None else qubits, self.num_qubits, "compose")
        if len(places) != other.num_qubits:
            raise InvalidValueError(f"the circuit has {other.num_qubits} qubits, but {len(places)} were named for it")
        return [relabelled(operation, places) for operation in other._operations]


def _show(operation: Operation) -> str:
    is_matrix = operation.name in ("unitary", "kraus")
    inside = ", ".join(_number(value) for value in operation.parameters)
    parameters = f"({inside})" if operation.parameters and not is_matrix else ""
    suffix = "†" if operation.is_adjoint else ""
    control = "".join(f"c{value}[{qubit}] " for qubit, value in operation.controls)
    return f"{control}{operation.name}{suffix}{parameters} {' '.join(map(str, operation.qubits))}"


def _number(value: Any) -> str:
    if isinstance(value, Expression):
        return repr(value)
    return f"{float(value):.6g}" if isinstance(value, int | float) else type(value).__name__

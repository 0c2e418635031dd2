"""The circuit: instructions in order, and what can be asked of the state that they prepare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit import operations as checked
from ketgrad.circuit import rewrites
from ketgrad.circuit.channel_methods import ChannelMethods
from ketgrad.circuit.checks import check_bits, check_controls, check_finite, check_qubits
from ketgrad.circuit.classical_methods import ClassicalMethods
from ketgrad.circuit.gate_methods import GateMethods
from ketgrad.circuit.instructions import Instruction, Measure, Operation, Prepare, ReadoutError, wires_of
from ketgrad.circuit.record_methods import RecordMethods
from ketgrad.circuit.result_methods import ResultMethods
from ketgrad.circuit.show import show
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.interchange import openqasm2, qiskit

MAX_GATES = 1 << 24
"""What `power` may make; more gates than that are a slip."""


class Circuit(GateMethods, ChannelMethods, ClassicalMethods, RecordMethods, ResultMethods):
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
        self._instructions: list[Instruction] = []
        self._register_sizes: tuple[int, ...] = ()

    @property
    def operations(self) -> tuple[Instruction, ...]:
        """The instructions, in the order in which they act."""
        return tuple(self._instructions)

    @property
    def num_bits(self) -> int:
        """The number of classical bits, one more than the highest that is measured into."""
        measured = (item.bit + 1 for item in self._instructions if isinstance(item, Measure))
        return max([sum(self._register_sizes), *measured])

    @property
    def register_sizes(self) -> tuple[int, ...]:
        """The sizes of the classical registers, bit 0 in the first; all bits are one unless a file has more."""
        declared = self._register_sizes
        rest = self.num_bits - sum(declared)
        return (*declared, rest) if rest else declared

    def append(self, name: str, parameters: Sequence[Any], qubits: Sequence[int]) -> Circuit:
        """Append a gate of the table by its name.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).append("rx", (0.5,), (1,))
        Circuit(2): rx(0.5) 1
        """
        return self.add([checked.gate_operation(name, parameters, qubits, self.num_qubits)])

    def unitary(self, matrix: Any, qubits: Sequence[int]) -> Circuit:
        """Append any unitary matrix, of shape (2^k, 2^k) for k qubits, the first one most significant.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).unitary([[0, 1], [1, 0]], [0]).probabilities().tolist()
        [0.0, 1.0]
        """
        return self.add([checked.unitary_operation(matrix, qubits, self.num_qubits)])

    def pauli_rotation(self, theta: Any, word: str, qubits: Sequence[int]) -> Circuit:
        """Append exp(−iθP/2) for a Pauli word P with a letter for each of the qubits.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(3).pauli_rotation(3.141592653589793, "XIY", [0, 1, 2]).probabilities([0, 2]).round(12).tolist()
        [0.0, 0.0, 0.0, 1.0]
        """
        return self.add([checked.pauli_rotation_operation(theta, word, qubits, self.num_qubits)])

    def prepare(self, amplitudes: Any, qubits: Sequence[int] | None = None) -> Circuit:
        """Bring qubits that are in |0…0⟩ into a state given by its amplitudes, or by a bitstring.

        Parameters
        ----------
        amplitudes
            2^k numbers, symbols, or an array of shape (2^k,), for k qubits, the first one most significant. They are
            always divided by their norm, and differentiate so. Or a string such as "0110", which appends X gates.
        qubits
            By default all, in order.

        Raises
        ------
        InvalidValueError
            If something acted on the qubits before, other than a `reset`, or all amplitudes are zero.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).prepare([3, 4]).probabilities().round(12).tolist()
        [0.36, 0.64]
        >>> kg.Circuit(3).prepare("011").counts(10, seed=1)
        {'011': 10}
        """
        places = tuple(range(self.num_qubits)) if qubits is None else qubits
        if isinstance(amplitudes, str):
            chosen = checked.post_selection(amplitudes, places, self.num_qubits, "prepare")
            self._check_untouched(chosen.qubits)
            ones = [qubit for qubit, bit in zip(chosen.qubits, chosen.bits, strict=True) if bit == "1"]
            return self.add([checked.gate_operation("x", (), (qubit,), self.num_qubits) for qubit in ones])
        return self.add([checked.preparation(amplitudes, places, self.num_qubits)])

    def kraus(self, matrices: Sequence[Any], qubits: Sequence[int]) -> Circuit:
        """Append a channel ρ → Σ KρK† by its Kraus operators, each of shape (2^k, 2^k) for k qubits.

        Examples
        --------
        >>> import ketgrad as kg
        >>> keep, flip = [[0.6, 0], [0, 0.6]], [[0, 0.8], [0.8, 0]]
        >>> kg.Circuit(1).kraus([keep, flip], [0]).probabilities().round(12).tolist()
        [0.36, 0.64]
        """
        return self.add([checked.kraus_operation(matrices, qubits, self.num_qubits)])

    def channel(self, name: str, parameters: Sequence[Any], qubits: Sequence[int]) -> Circuit:
        """Append a noise channel of the table by its name."""
        return self.add([checked.channel_operation(name, parameters, qubits, self.num_qubits)])

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
        moved = self._relabelled("controlled", gate, qubits)
        check_qubits((*(qubit for qubit, _ in chosen), *qubits), self.num_qubits, "controlled")
        return self.add([rewrites.with_controls(item, chosen) for item in moved])

    def compose(
        self, other: Circuit, qubits: Sequence[int] | None = None, bits: Sequence[int] | None = None
    ) -> Circuit:
        """Append another circuit and return this one.

        Parameters
        ----------
        other
            A circuit on no more qubits than this one has.
        qubits
            Where its qubits go, by default on the first ones.
        bits
            Where its classical bits go, by default on those of the same numbers.

        Examples
        --------
        >>> import ketgrad as kg
        >>> bell = kg.Circuit(2).h(0).cx(0, 1)
        >>> kg.Circuit(3).compose(bell, [2, 0])
        Circuit(3): h 2; cx 2 0
        """
        return self.add(self._relabelled("compose", other, qubits, bits))

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
        return Circuit(self.num_qubits).add([rewrites.inverse(item) for item in reversed(self._instructions)])

    def power(self, exponent: float) -> Circuit:
        """Return a new circuit that does this one so many times; a negative exponent undoes it.

        A fraction is allowed for a circuit of one gate: a rotation turns by that part of its angle, a fixed matrix is
        raised to its principal power.

        Raises
        ------
        UnsupportedError
            For a fraction of several gates, or of one that is neither a rotation nor a fixed matrix.

        Examples
        --------
        >>> import ketgrad as kg
        >>> len(kg.Circuit(1).t(0).power(3))
        3
        >>> kg.Circuit(1).x(0).power(0.5).probabilities().round(12).tolist()
        [0.5, 0.5]
        """
        result = Circuit(self.num_qubits)
        if isinstance(exponent, float | np.floating) and not float(exponent).is_integer():
            check_finite(float(exponent), "power")
            if len(self) != 1:
                raise UnsupportedError(
                    f"the circuit has {len(self)} instructions, and a fractional power is for one gate; give an integer"
                )
            return result.add([rewrites.fractional_power(self._instructions[0], float(exponent))])
        times = int(exponent) if isinstance(exponent, float | np.floating) else check_integer(exponent, "the exponent")
        if len(self) * abs(times) > MAX_GATES:
            raise InvalidValueError(
                f"the power would have more than {MAX_GATES} gates; give an exponent closer to zero than {exponent:g}"
            )
        base = self if times >= 0 else self.inverse()
        return result.add(base._instructions * abs(times))

    def barrier(self, *qubits: int) -> Circuit:
        """Check the qubits and append nothing: a barrier says something to compilers, and there is none here."""
        check_qubits(qubits, self.num_qubits, "barrier")
        return self

    @classmethod
    def from_qasm(cls, text: str) -> Circuit:
        """Read a circuit from OpenQASM 2, with its measurements, resets and conditions on classical registers.

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
        circuit._register_sizes = tuple(register.size for register in program.classical_registers)
        for item in program.operations:
            match item:
                case openqasm2.Measurement(qubit, bit):
                    circuit.measure(qubit, bit)
                case openqasm2.Reset(qubit):
                    circuit.reset(qubit)
                case openqasm2.Instruction(name, parameters, qubits, conditions):
                    gate = checked.gate_operation(name, parameters, qubits, circuit.num_qubits)
                    circuit.add([rewrites.with_conditions(gate, conditions) if conditions else gate])
        return circuit

    def to_qiskit(self) -> Any:
        """Return a `qiskit.QuantumCircuit` that does the same, qubit by qubit and bit by bit.

        Symbols become Qiskit's parameters, named as they are shown here, such as "theta[0]". Qiskit writes qubit 0
        rightmost.

        Raises
        ------
        MissingFrameworkError
            If Qiskit is not installed: `pip install ketgrad[qiskit]`.
        UnsupportedError
            For post-selection, errors of reading, and native arrays in gates, which Qiskit's circuits do not hold.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).h(0).cx(0, 1).to_qiskit().count_ops()  # doctest: +SKIP
        OrderedDict({'h': 1, 'cx': 1})
        """
        return qiskit.to_qiskit(self)

    def like(self) -> Circuit:
        """Return a circuit with as many qubits and the same classical registers, and nothing in it."""
        result = Circuit(self.num_qubits)
        result._register_sizes = self._register_sizes
        return result

    def __len__(self) -> int:
        return len(self._instructions)

    def __repr__(self) -> str:
        return f"Circuit({self.num_qubits}): {'; '.join(map(show, self._instructions))}"

    def add(self, instructions: Sequence[Instruction]) -> Circuit:
        """Append instructions that were checked against this circuit, all of them or none."""
        before = len(self._instructions)
        for instruction in instructions:
            try:
                if isinstance(instruction, Prepare):
                    self._check_untouched(instruction.qubits)
            except InvalidValueError:
                del self._instructions[before:]
                raise
            self._instructions.append(instruction)
        return self

    def _check_untouched(self, qubits: Sequence[int]) -> None:
        """Refuse to prepare qubits that may no longer be in |0⟩."""
        for qubit in qubits:
            acting = (item for item in reversed(self._instructions) if not isinstance(item, ReadoutError))
            last = next((item for item in acting if qubit in wires_of(item)), None)
            if last is not None and not (isinstance(last, Operation) and last.name == "reset"):
                raise InvalidValueError(
                    f"prepare takes qubits in |0⟩, but {show(last)} acts on qubit {qubit} before it; prepare first, or "
                    "put a reset between"
                )

    def _relabelled(
        self, what: str, other: Circuit, qubits: Sequence[int] | None, bits: Sequence[int] | None = None
    ) -> list[Instruction]:
        if not isinstance(other, Circuit):
            raise InvalidTypeError(f"got a {type(other).__name__}; give a circuit")
        places = check_qubits(range(other.num_qubits) if qubits is None else qubits, self.num_qubits, what)
        if len(places) != other.num_qubits:
            raise InvalidValueError(f"the circuit has {other.num_qubits} qubits, but {len(places)} were named for it")
        if bits is not None:
            bits = check_bits(bits, what)
            if len(bits) != other.num_bits:
                raise InvalidValueError(f"the circuit has {other.num_bits} bits, but {len(bits)} were named for it")
        return [rewrites.relabelled(item, places, bits) for item in other._instructions]

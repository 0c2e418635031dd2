"""Measurement in mid-circuit, conditions on its outcomes, post-selection and read-out errors, as methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ketgrad.circuit import operations as checked
from ketgrad.circuit.checks import check_bits, check_qubits, check_values
from ketgrad.circuit.instructions import Instruction, Measure
from ketgrad.circuit.rewrites import with_conditions
from ketgrad.errors import InvalidValueError

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit

Self = TypeVar("Self", bound="ClassicalMethods")


class ClassicalMethods:
    """What involves classical outcomes; `add` and the numbers of qubits and bits are the circuit's."""

    num_qubits: int

    @property
    def num_bits(self) -> int:
        raise NotImplementedError

    def add(self: Self, instructions: Sequence[Instruction]) -> Self:
        raise NotImplementedError

    def _relabelled(
        self, what: str, other: Circuit, qubits: Sequence[int] | None, bits: Sequence[int] | None = None
    ) -> list[Instruction]:
        raise NotImplementedError

    def measure(self: Self, qubit: int, bit: int | None = None) -> Self:
        """Measure a qubit into a classical bit, by default into a new one, and go on with the circuit.

        Results asked of the circuit are means over all outcomes; they are exact, and differentiate. Ask for the bits'
        own distribution by `probabilities(bits=[...])`.

        Examples
        --------
        >>> import ketgrad as kg
        >>> twice = kg.Circuit(1).h(0).measure(0).x(0).measure(0)
        >>> twice.probabilities(bits=[0, 1]).round(12).tolist()
        [0.0, 0.5, 0.5, 0.0]
        """
        (place,) = check_qubits((qubit,), self.num_qubits, "measure")
        (target,) = (self.num_bits,) if bit is None else check_bits((bit,), "measure")
        return self.add([Measure(place, target)])

    def measure_all(self: Self) -> Self:
        """Measure every qubit, in order, into new classical bits.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(0).measure_all().counts(5, order="big")
        {'10': 5}
        """
        first = self.num_bits
        return self.add([Measure(qubit, first + qubit) for qubit in range(self.num_qubits)])

    def conditioned(self: Self, gate: Circuit, bits: Sequence[int], qubits: Sequence[int], on: int | str = 1) -> Self:
        """Append a circuit of gates that acts on `qubits` only where classical bits have the values `on`.

        Parameters
        ----------
        gate
            A circuit on as many qubits as `qubits` names.
        bits
            Any number of classical bits that were measured into before.
        qubits
            Where the qubits of the circuit go.
        on
            0 or 1 for all bits, or a string such as "01".

        Examples
        --------
        >>> import ketgrad as kg
        >>> fresh = kg.Circuit(1).h(0).measure(0, 0).conditioned(kg.Circuit(1).x(0), [0], [0])
        >>> fresh.probabilities().round(12).tolist()
        [1.0, 0.0]
        """
        places = check_bits(bits, "conditioned")
        check_has_bits(self.num_bits, places, "conditioned")
        chosen = check_values(places, on, "conditions")
        return self.add([with_conditions(item, chosen) for item in self._relabelled("conditioned", gate, qubits)])

    def post_select(self: Self, bits: str, qubits: Sequence[int]) -> Self:
        """Keep only those runs in which the qubits are found with these values, such as "01".

        It is the ideal projection: errors of reading do not enter.

        Raises
        ------
        InvalidValueError
            When the circuit is run, if that outcome has probability zero.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).h(0).cx(0, 1).post_select("1", [0]).probabilities([1]).round(12).tolist()
        [0.0, 1.0]
        """
        return self.add([checked.post_selection(bits, qubits, self.num_qubits)])

    def readout_error(self: Self, p01: Any, p10: Any, qubit: int) -> Self:
        """From here on, read the qubit's 0 as 1 with probability p01, its 1 as 0 with probability p10.

        All measurements of the qubit see it: those in the circuit, probabilities, samples and counts, and expectation
        values, for which a device rotates the state and reads the qubits. States, density matrices and entropies do
        not, for nothing is read there.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).x(0).readout_error(0.1, 0.2, 0).probabilities().round(12).tolist()
        [0.2, 0.8]
        """
        return self.add([checked.readout_error(p01, p10, qubit, self.num_qubits)])


def check_has_bits(num_bits: int, bits: Sequence[int], what: str) -> None:
    """Refuse classical bits that the circuit does not have."""
    for bit in bits:
        if bit >= num_bits:
            some = "bit 0 alone" if num_bits == 1 else f"bits 0 to {num_bits - 1}"
            have = some if num_bits else "no classical bits; measure into one first"
            raise InvalidValueError(f"{what} got bit {bit}, but the circuit has {have}")

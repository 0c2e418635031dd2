"""A noise model: which channels follow which gates, and how qubits are misread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit import operations as checked
from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.circuit import Circuit
from ketgrad.circuit.gates import ALIASES, GATES
from ketgrad.circuit.instructions import Instruction, Operation, wires_of
from ketgrad.errors import InvalidTypeError, InvalidValueError

OTHER_GATES = ("unitary", "pauli_rotation")


@dataclass(frozen=True)
class _Rule:
    """A channel, made for its own qubits 0 to k−1, and after which gates on which qubits it comes."""

    channel: Operation
    gates: frozenset[str] | None
    qubits: frozenset[int] | None

    def means(self, instruction: Instruction) -> bool:
        """Tell whether this is a gate that the channel shall follow."""
        if not isinstance(instruction, Operation) or instruction.is_channel:
            return False
        is_named = self.gates is None or instruction.name in self.gates
        return is_named and (self.qubits is None or self.qubits.issuperset(wires_of(instruction)))

    def after(self, instruction: Instruction) -> list[Operation]:
        """Return the channel on each qubit of a gate, or on all of them together; nothing where it does not fit."""
        if not self.means(instruction):
            return []
        wires, size = wires_of(instruction), len(self.channel.qubits)
        places = [(wire,) for wire in wires] if size == 1 else [wires] if size == len(wires) else []
        return [Operation(self.channel.name, self.channel.parameters, place) for place in places]


class NoiseModel:
    """Noise that `apply` puts into a circuit: channels after gates, and errors of reading.

    Examples
    --------
    >>> import ketgrad as kg
    >>> model = kg.NoiseModel().after("cx", "depolarizing2", 0.02).after("h", "bit_flip", 0.01).readout(0.03, 0.05)
    >>> model.apply(kg.Circuit(2).h(0).cx(0, 1))
    Circuit(2): readout_error(0.03, 0.05) 0; readout_error(0.03, 0.05) 1; h 0; bit_flip(0.01) 0; cx 0 1;
    depolarizing2(0.02) 0 1
    """

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._readout: list[tuple[Any, Any, frozenset[int] | None]] = []

    def after(
        self,
        gates: str | Sequence[str] | None,
        channel: str | Sequence[Any],
        *parameters: Any,
        qubits: Sequence[int] | None = None,
    ) -> NoiseModel:
        """Put a channel after gates, and return the model.

        Parameters
        ----------
        gates
            A gate's name, several, or None for every gate.
        channel
            A channel's name, or a list of Kraus operators. One on a single qubit comes on each qubit of the gate, its
            controls included; one on more comes after gates on as many qubits, in their order.
        parameters
            The channel's: numbers, symbols or 0-d arrays, through which gradients flow.
        qubits
            Only after gates that act on these qubits alone; by default on any.

        Raises
        ------
        InvalidValueError
            For a gate or channel that is not known, or parameters out of range; the model stays as it was.
        """
        named = [gates] if isinstance(gates, str) else gates
        names = None if named is None else frozenset(map(_known_gate, check_sequence(named, "after")))
        if names is not None and not names:
            raise InvalidValueError("after got no gates; give at least one name, or None for every gate")
        self._rules.append(_Rule(_template(channel, parameters), names, _places(qubits)))
        return self

    def readout(self, p01: Any, p10: Any, qubits: Sequence[int] | None = None) -> NoiseModel:
        """Read 0 as 1 with probability p01 and 1 as 0 with p10, on some qubits or all, and return the model."""
        checked.readout_error(p01, p10, 0, 1)
        self._readout.append((p01, p10, _places(qubits)))
        return self

    def apply(self, circuit: Circuit) -> Circuit:
        """Return a new circuit with this noise; the one given stays as it was."""
        if not isinstance(circuit, Circuit):
            raise InvalidTypeError(f"apply takes a circuit, got a {type(circuit).__name__}")
        self._check_fits(circuit)
        result = circuit.like()
        for p01, p10, qubits in self._readout:
            for qubit in sorted(range(circuit.num_qubits) if qubits is None else qubits):
                result.readout_error(p01, p10, qubit)
        for instruction in circuit.operations:
            result.add([instruction, *(channel for rule in self._rules for channel in rule.after(instruction))])
        return result

    def __repr__(self) -> str:
        rules = [f"{rule.channel.name} after {', '.join(sorted(rule.gates or ['every gate']))}" for rule in self._rules]
        return f"NoiseModel: {'; '.join([*rules, *('read-out errors' for _ in self._readout)])}"

    def _check_fits(self, circuit: Circuit) -> None:
        """Refuse a channel that was asked for after gates of the circuit and fits none of them."""
        for rule in self._rules:
            meant = [item for item in circuit.operations if rule.gates is not None and rule.means(item)]
            if meant and not any(rule.after(item) for item in meant):
                raise InvalidValueError(
                    f"{rule.channel.name} acts on {len(rule.channel.qubits)} qubits, but none of the gates "
                    f"{', '.join(sorted(rule.gates or ()))} of the circuit does; give a channel on one, or other gates"
                )


def _template(channel: Any, parameters: tuple[Any, ...]) -> Operation:
    if not isinstance(channel, str):
        matrices = check_sequence(channel, "after")
        rows = [_shape(matrix)[0] for matrix in matrices if _shape(matrix)]
        size = max([1, *(count.bit_length() - 1 for count in rows)])
        return checked.kraus_operation(matrices, range(size), size)
    size = CHANNELS[channel].num_qubits if channel in CHANNELS else 1
    return checked.channel_operation(channel, parameters, range(size), size)


def _shape(matrix: Any) -> tuple[int, ...]:
    shape = getattr(matrix, "shape", None)
    return np.shape(matrix) if shape is None else tuple(shape)


def _known_gate(name: Any) -> str:
    known = ALIASES.get(name, name) if isinstance(name, str) else None
    if known not in GATES and known not in OTHER_GATES:
        raise InvalidValueError(
            f"gate {name!r} is not known; the gates are {', '.join(sorted((*GATES, *OTHER_GATES)))}"
        )
    return str(known)


def _places(qubits: Sequence[int] | None) -> frozenset[int] | None:
    if qubits is None:
        return None
    places = frozenset(
        check_integer(qubit, "a noise model got a qubit that") for qubit in check_sequence(qubits, "a noise model")
    )
    if not places or min(places) < 0:
        raise InvalidValueError(f"a noise model got the qubits {sorted(places)}; give at least one, none negative")
    return places

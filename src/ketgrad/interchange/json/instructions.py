"""Instructions: each kind has its entries, and is made by the check that the circuit's method makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ketgrad.circuit import operations as checked
from ketgrad.circuit import rewrites
from ketgrad.circuit.checks import Controls, check_bits, check_controls, check_qubits, check_values
from ketgrad.circuit.classical_methods import check_has_bits
from ketgrad.circuit.instructions import Instruction, Measure, Operation, PostSelect, Prepare, ReadoutError
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.interchange.json.entries import check_list, entries_of, kind_of
from ketgrad.interchange.json.numbers import read_array, write_array
from ketgrad.interchange.json.symbols import Declared, read_parameter, write_parameter

NORM_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Surroundings:
    """What an instruction may refer to: the circuit's qubits, its classical bits so far, its declared arrays."""

    num_qubits: int
    num_bits: int
    declared: Declared


def write_instruction(item: Instruction) -> dict[str, Any]:
    """Return an instruction as a dictionary."""
    match item:
        case Measure(qubit, bit):
            return {"type": "measure", "qubit": qubit, "bit": bit}
        case PostSelect(bits, qubits):
            return {"type": "post_select", "bits": bits, "qubits": list(qubits)}
        case Prepare(amplitudes, qubits):
            return {"type": "prepare", "amplitudes": _write_amplitudes(amplitudes), "qubits": list(qubits)}
        case ReadoutError(parameters, qubit):
            return {"type": "readout_error", "parameters": _written(parameters, "readout_error"), "qubit": qubit}
    return {**_write_operation(item), **_write_places(item)}


def read_instruction(record: Any, around: Surroundings) -> Instruction:
    """Make the instruction that a dictionary describes, by the checks of a circuit's own method."""
    kind = _KINDS[kind_of(record, "an instruction", _KINDS)]
    entries = entries_of(record, record["type"], ["type", *kind.required], kind.optional)
    return kind.make(entries, around)


def _write_operation(item: Operation) -> dict[str, Any]:
    places = {"qubits": list(item.qubits)}
    if item.name == "unitary":
        matrix = write_array(item.parameters[0], "unitary")
        return {"type": "unitary", "matrix": matrix, **({"adjoint": True} if item.is_adjoint else {}), **places}
    if item.name == "kraus":
        return {"type": "kraus", "matrices": [write_array(matrix, "kraus") for matrix in item.parameters], **places}
    parameters = _written(item.parameters, item.name)
    if item.name == "pauli_rotation":
        return {"type": "pauli_rotation", "parameters": parameters, "word": item.word, **places}
    kind = "channel" if item.is_channel else "gate"
    return {"type": kind, "name": item.name, "parameters": parameters, **places}


def _write_places(item: Operation) -> dict[str, Any]:
    """Return the controls and conditions, where there are any."""
    found = {}
    for name, places, values in (("controls", "qubits", item.controls), ("conditions", "bits", item.conditions)):
        if values:
            found[name] = {places: [index for index, _ in values], "on": "".join(str(value) for _, value in values)}
    return found


def _written(parameters: Sequence[Any], what: str) -> list[Any]:
    return [write_parameter(value, what) for value in parameters]


def _write_amplitudes(amplitudes: Any) -> Any:
    return _written(amplitudes, "prepare") if isinstance(amplitudes, tuple) else write_array(amplitudes, "prepare")


def _parameters(entries: dict[str, Any], around: Surroundings, count: int | None = None) -> list[Any]:
    what = str(entries.get("name") or entries["type"])
    found = [read_parameter(item, around.declared, what) for item in check_list(entries["parameters"], what)]
    if count is not None and len(found) != count:
        raise InvalidValueError(f"{what} takes {count} parameters, got {len(found)}")
    return found


def _gate(entries: dict[str, Any], around: Surroundings) -> Instruction:
    parameters = _parameters(entries, around)
    made = checked.gate_operation(entries["name"], parameters, entries["qubits"], around.num_qubits)
    return _placed(made, entries, around)


def _unitary(entries: dict[str, Any], around: Surroundings) -> Instruction:
    matrix = read_array(entries["matrix"], "unitary")
    made = checked.unitary_operation(matrix, entries["qubits"], around.num_qubits)
    if entries["adjoint"] not in (None, True, False):
        raise InvalidTypeError(f'the entry "adjoint" of unitary is {entries["adjoint"]!r}; give true or false')
    return _placed(replace(made, is_adjoint=bool(entries["adjoint"])), entries, around)


def _pauli_rotation(entries: dict[str, Any], around: Surroundings) -> Instruction:
    (angle,) = _parameters(entries, around, 1)
    made = checked.pauli_rotation_operation(angle, entries["word"], entries["qubits"], around.num_qubits)
    return _placed(made, entries, around)


def _channel(entries: dict[str, Any], around: Surroundings) -> Instruction:
    qubits = check_list(entries["qubits"], "the qubits of a channel")
    return checked.channel_operation(entries["name"], _parameters(entries, around), qubits, around.num_qubits)


def _kraus(entries: dict[str, Any], around: Surroundings) -> Instruction:
    matrices = [read_array(item, "kraus") for item in check_list(entries["matrices"], "kraus")]
    return checked.kraus_operation(matrices, entries["qubits"], around.num_qubits)


def _measure(entries: dict[str, Any], around: Surroundings) -> Instruction:
    (qubit,) = check_qubits((entries["qubit"],), around.num_qubits, "measure")
    return Measure(qubit, *check_bits((entries["bit"],), "measure"))


def _post_select(entries: dict[str, Any], around: Surroundings) -> Instruction:
    return checked.post_selection(entries["bits"], entries["qubits"], around.num_qubits)


def _prepare(entries: dict[str, Any], around: Surroundings) -> Instruction:
    given = entries["amplitudes"]
    if isinstance(given, list | tuple):
        numbers = [read_parameter(item, around.declared, "prepare") for item in given]
        return checked.preparation(numbers, entries["qubits"], around.num_qubits)
    array = read_array(given, "prepare")
    made = checked.preparation(array, entries["qubits"], around.num_qubits)
    # What was normalised before it was written stays as it is, to the last bit.
    is_normalised = np.abs(made.amplitudes - array).max() < NORM_TOLERANCE
    return replace(made, amplitudes=_frozen(array)) if is_normalised else made


def _readout_error(entries: dict[str, Any], around: Surroundings) -> Instruction:
    p01, p10 = _parameters(entries, around, 2)
    return checked.readout_error(p01, p10, entries["qubit"], around.num_qubits)


def _placed(made: Operation, entries: dict[str, Any], around: Surroundings) -> Operation:
    """Return the gate with the controls and conditions of its record."""
    if entries["conditions"] is not None:
        bits, on = entries_of(entries["conditions"], f"the conditions of {made.name}", ["bits", "on"]).values()
        places = check_bits(bits, "conditions")
        check_has_bits(around.num_bits, places, "conditions")
        made = rewrites.with_conditions(made, check_values(places, _values(on), "conditions"))
    return rewrites.with_controls(made, _controls(made, entries, around)) if entries["controls"] is not None else made


def _controls(made: Operation, entries: dict[str, Any], around: Surroundings) -> Controls:
    qubits, on = entries_of(entries["controls"], f"the controls of {made.name}", ["qubits", "on"]).values()
    return check_controls(qubits, _values(on), around.num_qubits)


def _values(on: Any) -> str:
    if not isinstance(on, str):
        raise InvalidTypeError(f'the entry "on" is {on!r}; give a string with 0 or 1 for each, such as "01"')
    return on


def _frozen(array: Any) -> Any:
    found = np.array(array, "complex128")
    found.flags.writeable = False
    return found


class _Kind(NamedTuple):
    """The entries of a kind of instruction beside its type, and what makes it."""

    required: tuple[str, ...]
    make: Callable[[dict[str, Any], Surroundings], Instruction]
    optional: tuple[str, ...] = ()


_KINDS = {
    "gate": _Kind(("name", "parameters", "qubits"), _gate, ("controls", "conditions")),
    "unitary": _Kind(("matrix", "qubits"), _unitary, ("adjoint", "controls", "conditions")),
    "pauli_rotation": _Kind(("parameters", "word", "qubits"), _pauli_rotation, ("controls", "conditions")),
    "channel": _Kind(("name", "parameters", "qubits"), _channel),
    "kraus": _Kind(("matrices", "qubits"), _kraus),
    "measure": _Kind(("qubit", "bit"), _measure),
    "post_select": _Kind(("bits", "qubits"), _post_select),
    "prepare": _Kind(("amplitudes", "qubits"), _prepare),
    "readout_error": _Kind(("parameters", "qubit"), _readout_error),
}

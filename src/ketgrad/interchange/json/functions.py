"""Functions of circuits: the circuit, what is measured, and the options of `kg.function`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from ketgrad.circuit.instructions import Instruction, Measure, Operation
from ketgrad.differentiate.methods import METHODS, Method
from ketgrad.errors import InvalidTypeError, UnsupportedError
from ketgrad.interchange.json.circuits import write_circuit
from ketgrad.interchange.json.entries import check_header, check_list, entries_of, kind_of, place
from ketgrad.interchange.json.measurements import read_measurement, write_measurement
from ketgrad.measurements import Measurement

if TYPE_CHECKING:
    from ketgrad.circuit_function import CircuitFunction

FORMAT, VERSION = "ketgrad.function", 1
OPTIONS = ("gradient", "engine", "shots", "trajectories", "seed")


def write_function(function: CircuitFunction) -> dict[str, Any]:
    """Return a function as a dictionary; one with a device, or a seed that is no integer, is refused."""
    execution, seed = function.execution, function.seed
    if execution.device is not None:
        raise UnsupportedError(
            "the function runs on a device, which is not written; write the function without one, and give it the "
            "device again where it is read"
        )
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise UnsupportedError(f"the seed is a {type(seed).__name__}; only an integer is written, or None")
    registers = _registers(execution.instructions, execution.groups)
    return {
        "format": FORMAT,
        "version": VERSION,
        "circuit": write_circuit(execution.num_qubits, registers, execution.instructions),
        "measurements": [write_measurement(item) for item in execution.measurements],
        "gradient": _write_method(execution.gradient),
        "engine": execution.engine,
        "shots": execution.shots,
        "trajectories": execution.trajectories,
        "seed": seed,
    }


def read_function(record: Any) -> tuple[Any, dict[str, Any]]:
    """Return the circuit's record and the options of a function."""
    check_header(record, FORMAT, VERSION)
    entries = entries_of(record, "a function", ["format", "version", "circuit", "measurements", *OPTIONS])
    options = {name: entries[name] for name in OPTIONS}
    return entries["circuit"], {**options, "gradient": _read_method(options["gradient"])}


def read_measurements(record: Any, num_qubits: int) -> list[Measurement]:
    """Return what a function measures on a circuit of so many qubits."""
    found = []
    for index, item in enumerate(check_list(record["measurements"], "measurements")):
        with place(f"measurement {index}"):
            found.append(read_measurement(item, num_qubits))
    return found


def _registers(instructions: Sequence[Instruction], groups: Sequence[Sequence[int]]) -> list[int]:
    """Return one register of all classical bits that are measured into, looked at or asked for."""
    bits = [bit for group in groups for bit in group]
    bits += [item.bit for item in instructions if isinstance(item, Measure)]
    bits += [bit for item in instructions if isinstance(item, Operation) for bit, _ in item.conditions]
    return [max(bits) + 1] if bits else []


def _write_method(method: Method | None) -> Any:
    return {"type": "best"} if method is None else {"type": method.name, **asdict(method)}


def _read_method(record: Any) -> Any:
    name = kind_of(record, "the gradient method", ("best", *METHODS))
    if name == "best":
        entries_of(record, "best", ["type"])
        return "best"
    kind: Any = type(METHODS[name])
    options = entries_of(record, name, ["type", *(field.name for field in fields(kind))])
    del options["type"]
    if "auxiliary" in options and not isinstance(options["auxiliary"], bool):
        raise InvalidTypeError(f'the entry "auxiliary" of {name} is {options["auxiliary"]!r}; give true or false')
    return kind(**options)

"""Circuits: their size, their classical registers, the arrays that their symbols belong to, their instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ketgrad.checks import check_integer
from ketgrad.circuit.checks import MAX_BITS
from ketgrad.circuit.instructions import Instruction, Measure
from ketgrad.errors import InvalidValueError
from ketgrad.interchange.json.entries import check_header, check_list, entries_of, place
from ketgrad.interchange.json.instructions import Surroundings, read_instruction, write_instruction
from ketgrad.interchange.json.numbers import read_integers
from ketgrad.interchange.json.symbols import read_declarations, write_declarations

FORMAT, VERSION = "ketgrad.circuit", 1
MAX_QUBITS = 1 << 10
"""More than can be simulated; in a file a large number is as short as a small one."""


class Parts(NamedTuple):
    """What a circuit is made of."""

    num_qubits: int
    register_sizes: tuple[int, ...]
    instructions: list[Instruction]


def write_circuit(
    num_qubits: int, register_sizes: Sequence[int], instructions: Sequence[Instruction]
) -> dict[str, Any]:
    """Return a circuit as a dictionary."""
    written = []
    for index, item in enumerate(instructions):
        with place(f"instruction {index}"):
            written.append(write_instruction(item))
    return {
        "format": FORMAT,
        "version": VERSION,
        "num_qubits": num_qubits,
        "registers": list(register_sizes),
        "parameters": write_declarations(instructions),
        "instructions": written,
    }


def read_circuit(record: Any) -> Parts:
    """Return the parts of a circuit, each checked against what comes before it."""
    check_header(record, FORMAT, VERSION)
    entries = entries_of(
        record, "a circuit", ["format", "version", "num_qubits", "registers", "parameters", "instructions"]
    )
    num_qubits = check_integer(entries["num_qubits"], "the number of qubits")
    if not 1 <= num_qubits <= MAX_QUBITS:
        raise InvalidValueError(f"the circuit has {num_qubits} qubits; a file may have 1 to {MAX_QUBITS}")
    registers = tuple(read_integers(entries["registers"], "registers"))
    if any(size < 1 for size in registers) or sum(registers) > MAX_BITS:
        raise InvalidValueError(
            f"the classical registers have the sizes {registers}; give ones of 1 to {MAX_BITS} bits"
        )
    around = Surroundings(num_qubits, sum(registers), read_declarations(entries["parameters"]))
    return Parts(num_qubits, registers, _instructions(entries["instructions"], around))


def _instructions(record: Any, around: Surroundings) -> list[Instruction]:
    found: list[Instruction] = []
    for index, item in enumerate(check_list(record, "instructions")):
        with place(f"instruction {index}"):
            found.append(made := read_instruction(item, around))
        if isinstance(made, Measure) and made.bit >= around.num_bits:
            around = Surroundings(around.num_qubits, made.bit + 1, around.declared)
    return found

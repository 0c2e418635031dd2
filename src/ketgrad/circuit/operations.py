"""Making the instructions of a circuit, with the checks that each passes when it is put there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.checks import check_sequence
from ketgrad.circuit.channels import CHANNELS, check_probability
from ketgrad.circuit.checks import (
    check_kraus,
    check_matrix,
    check_parameter,
    check_qubits,
    check_unitary,
    count_noun,
    is_number,
)
from ketgrad.circuit.gates import ALIASES, GATES
from ketgrad.circuit.instructions import Instruction, Operation, PostSelect, Prepare, ReadoutError
from ketgrad.circuit.parameters import ParameterArray
from ketgrad.errors import InvalidTypeError, InvalidValueError


def gate_operation(name: str, parameters: Sequence[Any], qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a named gate against the table and the circuit's size."""
    known = ALIASES.get(name, name) if isinstance(name, str) else None
    parameters, qubits = check_sequence(parameters, f"{name}"), check_sequence(qubits, f"{name}")
    if known not in GATES:
        raise InvalidValueError(f"gate {name!r} is not known; the gates are {', '.join(sorted(GATES))}")
    gate = GATES[known]
    if len(parameters) != gate.num_parameters:
        raise InvalidValueError(f"{name} takes {count_noun(gate.num_parameters, 'parameter')}, got {len(parameters)}")
    if len(qubits) != gate.num_qubits:
        raise InvalidValueError(f"{name} takes {count_noun(gate.num_qubits, 'qubit')}, got {len(qubits)}")
    checked = tuple(check_parameter(value, name) for value in parameters)
    return Operation(known, checked, check_qubits(qubits, num_qubits, name))


def channel_operation(name: str, parameters: Sequence[Any], qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a named channel against the table, the circuit's size, and the range of its parameters."""
    if not isinstance(name, str) or name not in CHANNELS:
        raise InvalidValueError(f"channel {name!r} is not known; the channels are {', '.join(sorted(CHANNELS))}")
    channel = CHANNELS[name]
    if len(qubits) != channel.num_qubits or len(parameters) != len(channel.parameters):
        wanted = f"{count_noun(len(channel.parameters), 'parameter')} and {count_noun(channel.num_qubits, 'qubit')}"
        raise InvalidValueError(f"{name} takes {wanted}, got {len(parameters)} and {len(qubits)}")
    checked = tuple(check_parameter(value, name) for value in parameters)
    if all(is_number(value) for value in checked):
        channel.check(name, [float(value) for value in checked])
    return Operation(name, checked, check_qubits(qubits, num_qubits, name))


def kraus_operation(matrices: Sequence[Any], qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check Kraus operators: their shapes, and that they preserve the trace where that can be seen now."""
    checked = check_qubits(qubits, num_qubits, "kraus")
    arrays = tuple(check_matrix(matrix, len(checked), "kraus") for matrix in matrices)
    if not arrays:
        raise InvalidValueError("kraus got no operators; give at least one matrix")
    if all(isinstance(array, np.ndarray) for array in arrays):
        check_kraus(arrays)
    return Operation("kraus", arrays, checked)


def unitary_operation(matrix: Any, qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a matrix given by hand: its shape, and that it is unitary where that can be seen now."""
    checked = check_qubits(qubits, num_qubits, "unitary")
    array = check_matrix(matrix, len(checked), "unitary")
    if isinstance(array, np.ndarray):
        check_unitary(array)
    return Operation("unitary", (array,), checked)


def pauli_rotation_operation(theta: Any, word: Any, qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a rotation about a Pauli word and leave out the letters I, whose qubits it does not touch."""
    checked = check_qubits(qubits, num_qubits, "pauli_rotation")
    if not isinstance(word, str) or not set(word) <= set("IXYZ") or len(word) != len(checked) or not set(word) - {"I"}:
        raise InvalidValueError(
            f"pauli_rotation got the word {word!r} for {count_noun(len(checked), 'qubit')}; give a string with I, X, Y "
            'or Z for each qubit, not all of them I, such as "XYZ"'
        )
    kept = [(letter, qubit) for letter, qubit in zip(word, checked, strict=True) if letter != "I"]
    angle = check_parameter(theta, "pauli_rotation")
    return Operation(
        "pauli_rotation", (angle,), tuple(qubit for _, qubit in kept), word="".join(letter for letter, _ in kept)
    )


def post_selection(bits: Any, qubits: Sequence[Any], num_qubits: int, what: str = "post_select") -> PostSelect:
    """Check an outcome, a string with 0 or 1 for each of the qubits."""
    checked = check_qubits(qubits, num_qubits, what)
    if not isinstance(bits, str) or not set(bits) <= {"0", "1"} or len(bits) != len(checked) or not bits:
        raise InvalidValueError(
            f"{what} got the outcome {bits!r} for {count_noun(len(checked), 'qubit')}; give a string with 0 or 1 "
            'for each, such as "01"'
        )
    return PostSelect(bits, checked)


def readout_error(p01: Any, p10: Any, qubit: Any, num_qubits: int) -> ReadoutError:
    """Check the probabilities with which 0 is read as 1, and 1 as 0."""
    first, second = (check_parameter(value, "readout_error") for value in (p01, p10))
    check_probability("readout_error", [float(value) for value in (first, second) if is_number(value)])
    return ReadoutError((first, second), *check_qubits((qubit,), num_qubits, "readout_error"))


def preparation(amplitudes: Any, qubits: Sequence[Any], num_qubits: int) -> Prepare:
    """Check amplitudes: as many as the qubits have outcomes, and not all of them zero where that can be seen now."""
    checked = check_qubits(qubits, num_qubits, "prepare")
    given: Any = _amplitudes(amplitudes)
    count = len(given) if isinstance(given, tuple) else math.prod(tuple(given.shape))
    is_vector = isinstance(given, tuple) or len(tuple(given.shape)) == 1
    if not checked or not is_vector or count != 1 << len(checked):
        shape = (count,) if isinstance(given, tuple) else tuple(given.shape)
        raise InvalidValueError(
            f"prepare on {count_noun(len(checked), 'qubit')} takes amplitudes of shape {(1 << len(checked),)}, got "
            f"{shape}; pad them with zeros, or name other qubits"
        )
    return Prepare(given, checked)


def check_amplitudes(amplitudes: Any, what: str = "prepare") -> None:
    """Refuse NumPy amplitudes that are not finite, or all zero, along the last axis."""
    if not np.isfinite(amplitudes).all():
        raise InvalidValueError(f"{what} got amplitudes that are not finite; give finite numbers")
    if not np.abs(amplitudes).max(axis=-1).all():
        raise InvalidValueError(f"{what} got amplitudes that are all zero, which is no state; give at least one other")


def check_prepares_nothing(instructions: Sequence[Instruction]) -> None:
    """Refuse an initial state for a circuit that prepares qubits as if they were in |0⟩."""
    seen: set[int] = set()
    for item in instructions:
        fresh = sorted(set(item.qubits) - seen) if isinstance(item, Prepare) else []
        if fresh:
            raise InvalidValueError(
                f"the circuit itself prepares qubit {fresh[0]}, so it takes no initial_state; leave one out, or "
                "put a reset before prepare"
            )
        seen.update(() if isinstance(item, ReadoutError) else item.qubits)


def _amplitudes(amplitudes: Any) -> Any:
    """Return numbers as a constant NumPy array; arrays as they are; what holds symbols or native numbers as a tuple."""
    if isinstance(amplitudes, ParameterArray):
        return tuple(check_parameter(value, "prepare") for value in amplitudes.flat)
    if isinstance(amplitudes, list | tuple):
        if all(_is_amplitude(value) for value in amplitudes):
            return _constant(_complex_vector(amplitudes))
        return tuple(check_parameter(value, "prepare") for value in amplitudes)
    if isinstance(amplitudes, np.ndarray):
        if amplitudes.dtype.kind not in "iufc":
            raise InvalidTypeError(f"prepare got amplitudes of type {amplitudes.dtype}; give real or complex numbers")
        return _constant(np.array(amplitudes, "complex128"))
    if getattr(amplitudes, "shape", None) is None:
        raise InvalidTypeError(
            f"prepare got a {type(amplitudes).__name__}; give a list or an array of amplitudes, or a bitstring"
        )
    return amplitudes


def _is_amplitude(value: Any) -> bool:
    return isinstance(value, int | float | complex | np.number) and not isinstance(value, bool)


def _complex_vector(amplitudes: Sequence[Any]) -> Any:
    try:
        return np.array(amplitudes, "complex128")
    except OverflowError:
        raise InvalidValueError("prepare got an amplitude beyond all floats; give smaller numbers") from None


def _constant(amplitudes: Any) -> Any:
    if amplitudes.ndim == 1 and amplitudes.size:
        check_amplitudes(amplitudes)
        amplitudes /= np.abs(amplitudes).max()  # so that no square is too large or too small for single precision
        amplitudes /= np.linalg.norm(amplitudes)
    amplitudes.flags.writeable = False
    return amplitudes

"""One gate in a circuit, and the checks that it passes when it is put there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.circuit.gates import ALIASES, GATES
from ketgrad.errors import InvalidTypeError, InvalidValueError

UNITARY_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Operation:
    """A gate of the table with its parameters and qubits; for "unitary" the one parameter is the matrix."""

    name: str
    parameters: tuple[Any, ...]
    qubits: tuple[int, ...]


def gate_operation(name: str, parameters: Sequence[Any], qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a named gate against the table and the circuit's size."""
    known = ALIASES.get(name, name)
    if known not in GATES:
        raise InvalidValueError(f"gate {name!r} is not known; the gates are {', '.join(sorted(GATES))}")
    gate = GATES[known]
    if len(parameters) != gate.num_parameters:
        raise InvalidValueError(f"{name} takes {_count(gate.num_parameters, 'parameter')}, got {len(parameters)}")
    if len(qubits) != gate.num_qubits:
        raise InvalidValueError(f"{name} takes {_count(gate.num_qubits, 'qubit')}, got {len(qubits)}")
    checked = tuple(_number_or_array(value, name) for value in parameters)
    return Operation(known, checked, check_qubits(qubits, num_qubits, name))


def unitary_operation(matrix: Any, qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a matrix given by hand: its shape, and that it is unitary where that can be seen now."""
    checked = check_qubits(qubits, num_qubits, "unitary")
    is_nested_list = isinstance(matrix, list | tuple)
    array = np.asarray(matrix) if is_nested_list and _is_plain(matrix) else matrix
    size = 1 << len(checked)
    shape = tuple(getattr(array, "shape", ()))
    if shape != (size, size):
        raise InvalidValueError(
            f"unitary on {_count(len(checked), 'qubit')} takes a matrix of shape {(size, size)}, got {shape}"
        )
    if isinstance(array, np.ndarray) and array.dtype.kind in "biufc":
        check_unitary(array)
    return Operation("unitary", (array,), checked)


def check_unitary(matrix: Any) -> None:
    """Refuse a NumPy matrix that is not unitary."""
    error = float(np.max(np.abs(matrix.conj().T @ matrix - np.eye(len(matrix)))))
    if not error < UNITARY_TOLERANCE:
        raise InvalidValueError(
            f"the matrix is not unitary: U†U differs from the identity by {error:.2g}; give one that does by less "
            f"than {UNITARY_TOLERANCE:g}"
        )


def check_qubits(qubits: Sequence[Any], num_qubits: int, what: str) -> tuple[int, ...]:
    """Return qubits as integers, each one in the circuit and none of them twice."""
    checked = tuple(check_integer(qubit, f"{what} got a qubit that") for qubit in qubits)
    for qubit in checked:
        if not 0 <= qubit < num_qubits:
            raise InvalidValueError(f"{what} got qubit {qubit}, but the circuit has qubits 0 to {num_qubits - 1}")
    if len(set(checked)) != len(checked):
        raise InvalidValueError(f"{what} got the qubits {checked}, but each may come only once")
    return checked


def check_integer(value: Any, what: str) -> int:
    """Return a value as an integer, or say that it is none; True and False are none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise InvalidTypeError(f"{what} is {value!r}; give an integer")
    return int(value)


def check_finite(value: float, name: str) -> None:
    """Refuse a parameter that is not a number or is infinite."""
    if not math.isfinite(value):
        raise InvalidValueError(f"{name} got the parameter {value}; give a finite number")


def _number_or_array(value: Any, name: str) -> Any:
    if isinstance(value, bool | str | complex | np.complexfloating | list | tuple | dict) or value is None:
        raise InvalidTypeError(f"{name} got the parameter {value!r}; give a real number or a 0-d array")
    if isinstance(value, int | float | np.integer | np.floating):
        check_finite(float(value), name)
        return value
    shape = getattr(value, "shape", None)
    if shape is None:
        raise InvalidTypeError(f"{name} got a {type(value).__name__} as a parameter; give a real number or a 0-d array")
    if tuple(shape) != ():
        raise InvalidValueError(
            f"{name} got a parameter of shape {tuple(shape)}; give one number, and batches by kg.vmap"
        )
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return isinstance(value, int | float | complex | np.number)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"

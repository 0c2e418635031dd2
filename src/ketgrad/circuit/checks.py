"""Checks of what is put into a circuit, each with its sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit.parameters import as_expression, is_symbolic
from ketgrad.errors import InvalidTypeError, InvalidValueError

UNITARY_TOLERANCE = 1e-6
MAX_BITS = 1 << 16

Controls: TypeAlias = tuple[tuple[int, int], ...]
"""Control qubits, or classical bits, each with the value, 0 or 1, on which the gate acts."""


def check_controls(qubits: Sequence[Any], on: Any, num_qubits: int) -> Controls:
    """Return control qubits with their values; `on` is one value for all, or a string such as "01"."""
    return check_values(check_qubits(qubits, num_qubits, "controls"), on, "controls")


def check_values(places: Sequence[int], on: Any, what: str) -> Controls:
    """Return qubits or bits with their values; `on` is one value for all, or a string such as "01"."""
    digits = str(on) if isinstance(on, str) else str(on) * len(places)
    if isinstance(on, bool) or len(digits) != len(places) or not set(digits) <= {"0", "1"}:
        raise InvalidValueError(f"{what} act on {on!r}; give 0, 1, or a string with one of these for each")
    return tuple(zip(places, map(int, digits), strict=True))


def check_bits(bits: Sequence[Any], what: str) -> tuple[int, ...]:
    """Return classical bits as integers, none negative and none twice."""
    checked = tuple(check_integer(bit, f"{what} got a classical bit that") for bit in check_sequence(bits, what))
    for bit in checked:
        if not 0 <= bit < MAX_BITS:
            raise InvalidValueError(f"{what} got the classical bit {bit}; bits are counted from 0 to {MAX_BITS - 1}")
    if len(set(checked)) != len(checked):
        raise InvalidValueError(f"{what} got the bits {checked}, but each may come only once")
    return checked


def check_kraus(matrices: Sequence[Any]) -> None:
    """Refuse Kraus operators, as NumPy matrices, that do not preserve the trace."""
    total = sum(matrix.conj().T @ matrix for matrix in matrices)
    error = float(np.max(np.abs(total - np.eye(len(total)))))
    if not error < UNITARY_TOLERANCE:
        raise InvalidValueError(
            f"the Kraus operators do not preserve the trace: Σ K†K differs from the identity by {error:.2g}; give ones "
            f"for which it does by less than {UNITARY_TOLERANCE:g}"
        )


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
    checked = tuple(check_integer(qubit, f"{what} got a qubit that") for qubit in check_sequence(qubits, what))
    for qubit in checked:
        if not 0 <= qubit < num_qubits:
            raise InvalidValueError(f"{what} got qubit {qubit}, but the circuit has qubits 0 to {num_qubits - 1}")
    if len(set(checked)) != len(checked):
        raise InvalidValueError(f"{what} got the qubits {checked}, but each may come only once")
    return checked


def check_finite(value: float, name: str) -> None:
    """Refuse a parameter that is not a number, or infinite, or too large for a float."""
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        raise InvalidValueError(f"{name} got a parameter beyond all floats; give a smaller number") from None
    if not is_finite:
        raise InvalidValueError(f"{name} got the parameter {value}; give a finite number")


def check_parameter(value: Any, name: str) -> Any:
    if isinstance(value, bool | str | complex | np.complexfloating | list | tuple | dict) or value is None:
        raise InvalidTypeError(f"{name} got the parameter {value!r}; give a real number or a 0-d array")
    if is_number(value):
        check_finite(value, name)
        return int(value) if isinstance(value, np.integer) else value
    if is_symbolic(value):
        return as_expression(value)
    shape = getattr(value, "shape", None)
    if shape is None:
        raise InvalidTypeError(f"{name} got a {type(value).__name__} as a parameter; give a real number or a 0-d array")
    if tuple(shape) != ():
        raise InvalidValueError(
            f"{name} got a parameter of shape {tuple(shape)}; give one number, and batches by kg.function or kg.vmap"
        )
    if isinstance(value, np.ndarray) and value.dtype.kind == "c":
        raise InvalidTypeError(f"{name} got a complex parameter; give a real one")
    if isinstance(value, np.ndarray) and value.dtype.kind not in "iuf":
        raise InvalidTypeError(f"{name} got a parameter of type {value.dtype}; give a real number")
    is_integer = isinstance(value, np.ndarray) and value.dtype.kind in "iu"
    return int(value) if is_integer else value  # unsigned ones have no negative


def check_matrix(matrix: Any, num_qubits: int, name: str) -> Any:
    """Return a matrix of shape (2^k, 2^k): rows and NumPy arrays as a complex copy of its own, others as they are."""
    array = _from_rows(matrix, name) if isinstance(matrix, list | tuple) else matrix
    size = 1 << num_qubits
    shape = tuple(getattr(array, "shape", ()))
    if isinstance(array, np.ndarray) and array.dtype.kind not in "iufc":
        raise InvalidTypeError(f"{name} got a matrix of type {array.dtype}; give real or complex numbers")
    if isinstance(array, np.ndarray):
        array = np.array(array, "complex128")  # so that a later change outside leaves what was made as it was
        array.flags.writeable = False
    if shape != (size, size):
        raise InvalidValueError(
            f"{name} on {count_noun(num_qubits, 'qubit')} takes a matrix of shape {(size, size)}, got {shape}"
        )
    return array


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)


def _from_rows(matrix: Any, name: str) -> Any:
    try:
        return np.array(matrix, "complex128")
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"{name} got a matrix that is no table of numbers: {matrix!r}") from error


def count_noun(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"

"""One gate in a circuit, and the checks that it passes when it is put there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.gates import ALIASES, GATES, INVERSES
from ketgrad.circuit.parameters import as_expression, is_symbolic
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError

UNITARY_TOLERANCE = 1e-6


Controls: TypeAlias = tuple[tuple[int, int], ...]
"""Control qubits, each with the value, 0 or 1, on which the gate acts."""


@dataclass(frozen=True, eq=False)
class Operation:
    """A gate or channel of the tables with its parameters and qubits.

    The one parameter of "unitary" is the matrix, those of "kraus" are the Kraus operators; "barrier" does nothing.
    """

    name: str
    parameters: tuple[Any, ...]
    qubits: tuple[int, ...]
    controls: Controls = ()
    is_adjoint: bool = False
    """Whether a unitary's matrix acts as its conjugate transpose."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operation) or self._place() != other._place():
            return False
        pairs = zip(self.parameters, other.parameters, strict=True)
        return all(_same(left, right) for left, right in pairs)

    def __hash__(self) -> int:
        return hash(self._place())

    def _place(self) -> tuple[Any, ...]:
        return self.name, self.qubits, self.controls, self.is_adjoint, len(self.parameters)

    @property
    def is_channel(self) -> bool:
        """Whether it is a noise channel, which needs a density matrix."""
        return self.name in CHANNELS or self.name == "kraus"


def gate_operation(name: str, parameters: Sequence[Any], qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a named gate against the table and the circuit's size."""
    known = ALIASES.get(name, name) if isinstance(name, str) else None
    parameters, qubits = check_sequence(parameters, f"{name}"), check_sequence(qubits, f"{name}")
    if known not in GATES:
        raise InvalidValueError(f"gate {name!r} is not known; the gates are {', '.join(sorted(GATES))}")
    gate = GATES[known]
    if len(parameters) != gate.num_parameters:
        raise InvalidValueError(f"{name} takes {_count(gate.num_parameters, 'parameter')}, got {len(parameters)}")
    if len(qubits) != gate.num_qubits:
        raise InvalidValueError(f"{name} takes {_count(gate.num_qubits, 'qubit')}, got {len(qubits)}")
    checked = tuple(_number_or_array(value, name) for value in parameters)
    return Operation(known, checked, check_qubits(qubits, num_qubits, name))


def channel_operation(name: str, parameters: Sequence[Any], qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a named channel against the table, the circuit's size, and the range of its parameters."""
    if name not in CHANNELS:
        raise InvalidValueError(f"channel {name!r} is not known; the channels are {', '.join(sorted(CHANNELS))}")
    channel = CHANNELS[name]
    if len(qubits) != channel.num_qubits or len(parameters) != len(channel.parameters):
        raise InvalidValueError(
            f"{name} takes {_count(len(channel.parameters), 'parameter')} and {_count(channel.num_qubits, 'qubit')}, "
            f"got {len(parameters)} and {len(qubits)}"
        )
    checked = tuple(_number_or_array(value, name) for value in parameters)
    if all(_is_number(value) for value in checked):
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


def check_controls(qubits: Sequence[Any], on: Any, num_qubits: int) -> Controls:
    """Return control qubits with their values; `on` is one value for all, or a string such as "01"."""
    digits = str(on) if isinstance(on, str) else str(on) * len(qubits)
    if isinstance(on, bool) or len(digits) != len(qubits) or not set(digits) <= {"0", "1"}:
        raise InvalidValueError(f"controls act on {on!r}; give 0, 1, or a string with one of these for each control")
    return tuple(zip(check_qubits(qubits, num_qubits, "controls"), map(int, digits), strict=True))


def with_controls(operation: Operation, controls: Controls) -> Operation:
    """Return the operation acting only where the controls have their values."""
    if operation.is_channel:
        raise UnsupportedError(f"{operation.name} is a channel, which has no controlled form; control gates alone")
    both = (*controls, *operation.controls)
    taken = [qubit for qubit, _ in both] + list(operation.qubits)
    if len(set(taken)) != len(taken):
        raise InvalidValueError(f"{operation.name} got the qubits {tuple(taken)}, but each may come only once")
    return replace(operation, controls=both)


def relabelled(operation: Operation, places: Sequence[int]) -> Operation:
    """Return the operation with qubit q moved to places[q]."""
    return replace(
        operation,
        qubits=tuple(places[qubit] for qubit in operation.qubits),
        controls=tuple((places[qubit], value) for qubit, value in operation.controls),
    )


def inverse(operation: Operation) -> Operation:
    """Return the gate that undoes this one."""
    name, parameters = operation.name, operation.parameters
    if operation.is_channel:
        raise UnsupportedError(f"{name} is a channel, which has no inverse; invert circuits of gates alone")
    if name == "unitary":
        return replace(operation, is_adjoint=not operation.is_adjoint)
    if name in INVERSES:
        return replace(operation, name=INVERSES[name])
    if name in ("u", "cu"):
        theta, phi, lam, *gamma = parameters
        return replace(operation, parameters=(-theta, -lam, -phi, *(-value for value in gamma)))
    if name == "u2":
        return replace(operation, name="u", parameters=(-math.pi / 2, -parameters[1], -parameters[0]))
    return replace(operation, parameters=tuple(-value for value in parameters))


def check_kraus(matrices: Sequence[Any]) -> None:
    """Refuse Kraus operators, as NumPy matrices, that do not preserve the trace."""
    total = sum(matrix.conj().T @ matrix for matrix in matrices)
    error = float(np.max(np.abs(total - np.eye(len(total)))))
    if not error < UNITARY_TOLERANCE:
        raise InvalidValueError(
            f"the Kraus operators do not preserve the trace: Σ K†K differs from the identity by {error:.2g}; give ones "
            f"for which it does by less than {UNITARY_TOLERANCE:g}"
        )


def unitary_operation(matrix: Any, qubits: Sequence[Any], num_qubits: int) -> Operation:
    """Check a matrix given by hand: its shape, and that it is unitary where that can be seen now."""
    checked = check_qubits(qubits, num_qubits, "unitary")
    array = check_matrix(matrix, len(checked), "unitary")
    if isinstance(array, np.ndarray):
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


def _number_or_array(value: Any, name: str) -> Any:
    if isinstance(value, bool | str | complex | np.complexfloating | list | tuple | dict) or value is None:
        raise InvalidTypeError(f"{name} got the parameter {value!r}; give a real number or a 0-d array")
    if _is_number(value):
        check_finite(value, name)
        return value
    if is_symbolic(value):
        return as_expression(value)
    shape = getattr(value, "shape", None)
    if shape is None:
        raise InvalidTypeError(f"{name} got a {type(value).__name__} as a parameter; give a real number or a 0-d array")
    if tuple(shape) != ():
        raise InvalidValueError(
            f"{name} got a parameter of shape {tuple(shape)}; give one number, and batches by kg.vmap"
        )
    if isinstance(value, np.ndarray) and value.dtype.kind not in "iufc":
        raise InvalidTypeError(f"{name} got a parameter of type {value.dtype}; give a real number")
    return value


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
            f"{name} on {_count(num_qubits, 'qubit')} takes a matrix of shape {(size, size)}, got {shape}"
        )
    return array


def _same(left: Any, right: Any) -> bool:
    """Compare parameters: numbers and symbols by value, NumPy matrices by their elements, other arrays by identity."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return bool(np.array_equal(left, right))
    is_comparable = all(_is_number(value) or is_symbolic(value) for value in (left, right))
    return left is right or (is_comparable and bool(left == right))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)


def _from_rows(matrix: Any, name: str) -> Any:
    try:
        return np.array(matrix, "complex128")
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"{name} got a matrix that is no table of numbers: {matrix!r}") from error


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"

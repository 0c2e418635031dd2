"""Numbers and arrays by value: real numbers as they are, complex ones as pairs, arrays with their type and shape."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.checks import check_integer
from ketgrad.circuit.checks import check_finite
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.interchange.json.entries import check_list, entries_of
from ketgrad.registry import get_backend

TYPES = ("float32", "float64", "complex64", "complex128")


def write_real(value: Any, what: str) -> int | float:
    """Return a real number, one inside a concrete 0-d array included."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        check_finite(value, what)
        return float(value) if isinstance(value, float) else int(value)
    array = np.asarray(_by_value(value, what))
    if array.shape != () or array.dtype.kind not in "iuf":
        raise InvalidTypeError(f"{what} holds {reprlib.repr(value)}; only real numbers are written there")
    found: int | float = array.item()
    check_finite(found, what)
    return found


def write_number(value: Any, what: str) -> Any:
    """Return a real number as it is, a complex one as a pair."""
    if not isinstance(value, int | float | complex):
        value = np.asarray(_by_value(value, what)).item()
    if not isinstance(value, complex):
        return write_real(value, what)
    return [write_real(value.real, what), write_real(value.imag, what)]


def read_number(record: Any, what: str) -> int | float | complex:
    """Return a number of either kind."""
    return complex(*_pair(record, what)) if isinstance(record, list | tuple) else _real(record, what)


def write_array(value: Any, what: str) -> dict[str, Any]:
    """Return an array of any framework by its values, concrete ones only."""
    array = np.asarray(tree.map_leaves(lambda leaf: _by_value(leaf, what), value))
    if array.dtype.kind not in "iufc":
        raise InvalidTypeError(f"{what} holds an array of type {array.dtype}; only real and complex ones are written")
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{what} holds an array with NaN or infinity; only finite numbers are written")
    name = array.dtype.name if array.dtype.name in TYPES else "complex128" if array.dtype.kind == "c" else "float64"
    flat = array.astype(name).reshape(-1)
    values = [[value.real, value.imag] for value in flat.tolist()] if name.startswith("complex") else flat.tolist()
    return {"array": {"dtype": name, "shape": list(array.shape), "values": values}}


def read_array(record: Any, what: str) -> Any:
    """Return a NumPy array from its type, its shape and as many finite values as that has."""
    inner = entries_of(record, what, ["array"])["array"]
    dtype, sizes, values = entries_of(inner, f"the array of {what}", ["dtype", "shape", "values"]).values()
    if not isinstance(dtype, str) or dtype not in TYPES:
        raise InvalidValueError(f"the dtype of {what} is {reprlib.repr(dtype)}; give one of {', '.join(TYPES)}")
    shape, listed = read_integers(sizes, f"the shape of {what}"), check_list(values, f"the values of {what}")
    if any(size < 0 for size in shape) or math.prod(shape) != len(listed):
        raise InvalidValueError(
            f"{what} has {len(listed)} values for the shape {tuple(shape)}; give one for each place"
        )
    is_complex = dtype.startswith("complex")
    numbers = [complex(*_pair(item, what)) if is_complex else float(_real(item, what)) for item in listed]
    with np.errstate(over="ignore"):
        array = np.array(numbers, dtype).reshape(shape)
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{what} has a value beyond {dtype}; give smaller numbers, or a wider dtype")
    return array


def write_integers(values: Sequence[Any], what: str) -> list[int]:
    """Return qubits, bits or sizes as a list of Python's integers."""
    return [check_integer(value, f"{what} holds a value that") for value in values]


def read_integers(record: Any, what: str) -> list[int]:
    """Return a list of integers."""
    return [check_integer(value, f"{what} has a value that") for value in check_list(record, what)]


def _real(record: Any, what: str) -> int | float:
    if isinstance(record, bool) or not isinstance(record, int | float):
        raise InvalidTypeError(f"{what} has the value {reprlib.repr(record)}; give a real number")
    check_finite(record, what)
    return record


def _pair(record: Any, what: str) -> tuple[float, float]:
    if not isinstance(record, list | tuple) or len(record) != 2:
        raise InvalidTypeError(
            f"{what} has the value {reprlib.repr(record)}; give a complex number as [real, imaginary]"
        )
    real, imaginary = (float(_real(part, what)) for part in record)
    return real, imaginary


def _by_value(value: Any, what: str) -> Any:
    """Return a plain number or a NumPy array, also for a concrete array of the backend in force."""
    if isinstance(value, int | float | complex | np.generic | np.ndarray) and not isinstance(value, bool):
        return value
    backend = get_backend()
    if not backend.is_array(value):
        raise InvalidTypeError(
            f"{what} holds a {type(value).__module__.partition('.')[0]}.{type(value).__name__}, which is no number and "
            f"no array of the backend in force, {backend.name}; write it under kg.use_backend with the array's own"
        )
    if not backend.is_concrete(value):
        raise UnsupportedError(
            f"{what} holds a traced value, which has no number to write; write it outside of compiled and "
            "differentiated functions, or use symbols from kg.parameters"
        )
    return backend.to_numpy(value)

"""All numbers of a circuit, angles and channel parameters, as one array: constants, native arrays and symbols.

A number is a constant plus multiples of elements of some sources: the flat values of each declared array, and the
native 0-d arrays that were put straight into gates. So the whole circuit costs one `take` for each source, not one
tiny operation for each gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.checks import check_finite, is_number
from ketgrad.circuit.parameters import Declaration, Expression, as_expression, is_symbolic
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.placement import constants_like
from ketgrad.precision import COMPLEX_TYPES, REAL_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend

Values = Mapping[Declaration, Array]
"""The values of each declared array, flat: of shape (size,), or (batch, size)."""


@dataclass(frozen=True)
class Number:
    """One parameter of one gate, as it was given, and the gate's name for messages."""

    value: Any
    gate: str


Terms: TypeAlias = tuple[tuple[Any, Any], ...]
"""Places in a source and factors, NumPy arrays with an entry for each number.

Places are None where they are those of the whole source in order, factors where all are 1.
"""


@dataclass(frozen=True, eq=False)
class NumberPlan:
    """How all numbers of a circuit come from its sources; what depends on no values is worked out once."""

    numbers: tuple[Number, ...]
    expressions: tuple[Expression, ...]
    natives: tuple[Number, ...]
    """The native arrays, which make a source named None."""
    terms: Mapping[Any, Terms]
    """For each source as many terms as the longest expression has."""
    constants: Any

    def bind(
        self, backend: ArrayBackend, values: Values, precision: Precision, device: str | None = None
    ) -> Array | None:
        """Return the numbers as an array of shape (numbers,), or (batch, numbers); None where there are none.

        Numbers that no array takes part in are made on this device.
        """
        if not self.numbers:
            return None
        sources: dict[Any, Array] = dict(values)
        if self.natives:
            sources[None] = backend.asarray([_real(backend, number) for number in self.natives])
        _check_bound(set(self.terms), sources)
        _check_finite(backend, self.numbers, self.expressions, sources)
        total: Array | None = None
        for array, terms in self.terms.items():
            part = _weighted(backend, sources[array], terms, precision)
            total = part if total is None else total + part
        if total is not None and not self.constants.any():
            return total
        if total is None:
            return backend.asarray(self.constants, dtype=REAL_TYPE[precision], device=device)
        return total + constants_like(backend, self.constants, total)


def in_batch(
    backend: ArrayBackend, numbers: Array | None, precision: Precision, batch: int, device: str | None = None
) -> Array:
    """Return the numbers of a circuit for each element of a batch, of shape (batch, numbers).

    Where there are none it is one zero, on this device.
    """
    if numbers is None:
        return backend.zeros((batch, 1), dtype=REAL_TYPE[precision], device=device)
    return as_rows(backend, numbers, batch)


def as_rows(backend: ArrayBackend, array: Array, batch: int) -> Array:
    """Return an array of shape (size,) or (batch, size) as one of shape (batch, size)."""
    if len(tuple(array.shape)) == 2:
        return array
    if batch == 1:
        return backend.reshape(array, (1, -1))
    ones = constants_like(backend, np.ones(batch), array)
    return backend.einsum("z,m->zm", ones, array)


def plan_numbers(numbers: Sequence[Number]) -> NumberPlan:
    """Work out how these numbers come from their sources."""
    natives = [number for number in numbers if not is_number(number.value) and not is_symbolic(number.value)]
    expressions = _expressions(numbers)
    arrays = dict.fromkeys(array for expression in expressions for array, _, _ in expression.terms)
    terms = {array: _terms(array, expressions) for array in arrays}
    constants = np.array([expression.constant for expression in expressions])
    return NumberPlan(tuple(numbers), tuple(expressions), tuple(natives), terms, constants)


def _expressions(numbers: Sequence[Number]) -> list[Expression]:
    """Write every number as an affine expression; native arrays are elements of a source named None."""
    result, position = [], 0
    for number in numbers:
        if is_symbolic(number.value):
            result.append(as_expression(number.value))
        elif is_number(number.value):
            result.append(Expression((), float(number.value)))
        else:
            result.append(Expression(((None, position, 1.0),)))  # type: ignore[arg-type]
            position += 1
    return result


def _terms(array: Any, expressions: Sequence[Expression]) -> Terms:
    rows = [[(index, factor) for owner, index, factor in item.terms if owner == array] for item in expressions]
    terms = []
    for depth in range(max(map(len, rows))):
        places = [row[depth] if depth < len(row) else (0, 0.0) for row in rows]
        factors = np.array([factor for _, factor in places])
        indices = np.array([index for index, _ in places])
        is_whole = array is not None and np.array_equal(indices, np.arange(math.prod(array.shape)))
        terms.append((None if is_whole else indices, None if np.all(factors == 1.0) else factors))
    return tuple(terms)


def _weighted(backend: ArrayBackend, source: Array, terms: Terms, precision: Precision) -> Array:
    """Sum, for each expression, its terms in this source."""
    real = backend.astype(source, REAL_TYPE[precision])
    total: Array | None = None
    for places, factors in terms:
        part = real if places is None else backend.take(real, places, axis=-1)
        if factors is not None:
            part = part * backend.asarray(factors, dtype=REAL_TYPE[precision], device=backend.device(part))
        total = part if total is None else total + part
    return total


def _check_bound(used: set[Any], sources: Mapping[Any, Array]) -> None:
    missing = [array for array in used if array not in sources]
    if missing:
        names = ", ".join(sorted(f"{array.name} of shape {array.shape}" for array in missing))
        raise InvalidValueError(f"the circuit has parameters without values: {names}; call it by kg.function")


def _check_finite(
    backend: ArrayBackend,
    numbers: Sequence[Number],
    expressions: Sequence[Expression],
    sources: Mapping[Any, Array],
) -> None:
    """Refuse a NaN or an infinity where it can be seen, under the name of the first gate that it goes into."""
    columns = {
        array: backend.to_numpy(source).reshape(-1, tuple(source.shape)[-1])
        for array, source in sources.items()
        if backend.is_concrete(source)
    }
    if all(np.isfinite(column).all() for column in columns.values()):
        return
    for number, expression in zip(numbers, expressions, strict=True):
        for array, index, _ in expression.terms:
            for value in columns[array][:, index] if array in columns else ():
                check_finite(float(value), number.gate)


def _real(backend: ArrayBackend, number: Number) -> Array:
    array = backend.asarray(number.value)
    if backend.dtype(array) in COMPLEX_TYPES:
        raise InvalidTypeError(f"{number.gate} got a complex parameter; give a real one")
    return array

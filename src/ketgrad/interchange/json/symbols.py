"""Declared arrays, and gate parameters: numbers, or affine expressions of the arrays' elements."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ketgrad.checks import check_integer
from ketgrad.circuit.instructions import Instruction, declarations
from ketgrad.circuit.parameters import Declaration, Expression, declare
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.interchange.json.entries import check_list, entries_of
from ketgrad.interchange.json.numbers import read_integers, read_number, write_real

MAX_ELEMENTS = 1 << 24
"""What a declared array in a file may hold: there a large one is as short as a small one."""
MAX_AXES = 32

Declared: TypeAlias = Mapping[str, Declaration]


def write_declarations(instructions: Iterable[Instruction]) -> list[dict[str, Any]]:
    """Return the arrays whose elements stand in a circuit, in the order of their first use."""
    return [{"name": array.name, "shape": list(array.shape)} for array in declarations(instructions).values()]


def read_declarations(record: Any) -> Declared:
    """Return declared arrays by name."""
    found: dict[str, Declaration] = {}
    for item in check_list(record, "parameters"):
        name, shape = entries_of(item, "a declared array", ["name", "shape"]).values()
        array = declare(name, tuple(read_integers(shape, "the shape of a declared array")))
        if math.prod(array.shape) > MAX_ELEMENTS or len(array.shape) > MAX_AXES:
            raise InvalidValueError(
                f"{array.name} is declared with the shape {array.shape}; a file may declare {MAX_ELEMENTS} elements "
                f"at most, on {MAX_AXES} axes"
            )
        if found.setdefault(array.name, array) is not array:
            raise InvalidValueError(f"{array.name} is declared twice; declare each array once")
    return found


def write_parameter(value: Any, what: str) -> Any:
    """Return a number, or an expression as its terms (name, place in the flat array, factor) and its constant."""
    if not isinstance(value, Expression):
        return write_real(value, what)
    terms = [[array.name, index, write_real(factor, what)] for array, index, factor in value.terms]
    return {"terms": terms, "constant": write_real(value.constant, what)}


def read_parameter(record: Any, declared: Declared, what: str) -> Any:
    """Return an expression, and anything else as it is, for the gate's own check."""
    if not isinstance(record, dict):
        return record
    terms, constant = entries_of(record, f"a parameter of {what}", ["terms", "constant"]).values()
    parts = [_term(term, declared, what) for term in check_list(terms, f"the terms of {what}")]
    if len({(array.name, place) for array, place, _ in parts}) != len(parts):
        raise InvalidValueError(f"{what} has two terms of one symbol; give their sum as one")
    return Expression(tuple(parts), _real(constant, what))


def _term(record: Any, declared: Declared, what: str) -> tuple[Declaration, int, float]:
    if not isinstance(record, Sequence) or isinstance(record, str) or len(record) != 3:
        raise InvalidTypeError(f"{what} has a term {reprlib.repr(record)}; give [name, place, factor]")
    name, index, factor = record
    if not isinstance(name, str) or name not in declared:
        raise InvalidValueError(
            f"{what} has a term of {reprlib.repr(name)}; the declared arrays are {', '.join(declared) or 'none'}"
        )
    place, array = check_integer(index, f"the place of {name} in {what}"), declared[name]
    if not 0 <= place < math.prod(array.shape):
        raise InvalidValueError(f"{what} has element {place} of {name}, which has {math.prod(array.shape)} elements")
    return array, place, _real(factor, what)


def _real(record: Any, what: str) -> float:
    value = read_number(record, what)
    if isinstance(value, complex):
        raise InvalidTypeError(f"{what} has the complex number {value} in a parameter; give a real one")
    return float(value)

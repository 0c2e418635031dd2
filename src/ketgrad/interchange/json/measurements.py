"""Measurements: their kind, and the entries that are not left at their default, each with a writer and a reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from ketgrad import measurements
from ketgrad.circuit.checks import check_bits, check_qubits
from ketgrad.errors import InvalidTypeError, UnsupportedError
from ketgrad.interchange.json.entries import entries_of, kind_of
from ketgrad.interchange.json.numbers import read_array, read_number, write_array, write_integers, write_real
from ketgrad.interchange.json.observables import read_observable, write_observable
from ketgrad.measurements import Measurement, check_base
from ketgrad.simulate.sampling import check_order

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        measurements.expval,
        measurements.var,
        measurements.probs,
        measurements.sample,
        measurements.counts,
        measurements.state,
        measurements.density_matrix,
        measurements.purity,
        measurements.fidelity,
        measurements.entropy,
        measurements.mutual_info,
    )
}


class _Entry(NamedTuple):
    """How a field is written, `write(value)`, and read, `read(record, number of qubits)`."""

    write: Callable[[Any], Any]
    read: Callable[[Any, int], Any]


def write_measurement(measurement: Measurement) -> dict[str, Any]:
    """Return a measurement as a dictionary."""
    name = type(measurement).__name__
    if KINDS.get(name) is not type(measurement):
        raise UnsupportedError(f"{name} is no measurement of ketgrad's own; only {', '.join(KINDS)} are written")
    values = {field.name: getattr(measurement, field.name) for field in fields(KINDS[name])}
    return {
        "type": name,
        **{field: _ENTRIES[field].write(value) for field, value in values.items() if value is not None},
    }


def read_measurement(record: Any, num_qubits: int) -> Measurement:
    """Make a measurement whose qubits the circuit has."""
    kind = KINDS[kind_of(record, "a measurement", KINDS)]
    required = [field.name for field in fields(kind) if field.default is MISSING]
    optional = [field.name for field in fields(kind) if field.default is not MISSING]
    entries = entries_of(record, record["type"], ["type", *required], optional)
    del entries["type"]
    given = {name: value for name, value in entries.items() if value is not None or name in required}
    return kind(**{name: _ENTRIES[name].read(value, num_qubits) for name, value in given.items()})


def _qubits(record: Any, num_qubits: int) -> tuple[int, ...]:
    return check_qubits(record, num_qubits, "a measurement")


def _bits(record: Any, num_qubits: int) -> tuple[int, ...]:
    return check_bits(record, "a measurement")


def _base(record: Any, num_qubits: int) -> Any:
    check_base(read_number(record, "the base of the logarithm"))
    return record


def _order(record: Any, num_qubits: int) -> Any:
    if not isinstance(record, str):
        raise InvalidTypeError(f'order is {record!r}; give "big" or "little"')
    check_order(record)
    return record


def _text(value: Any) -> Any:
    check_order(value)
    return value


_QUBITS = _Entry(lambda value: write_integers(value, "a measurement"), _qubits)
_ENTRIES = {
    "observable": _Entry(write_observable, read_observable),
    "qubits": _QUBITS,
    "first": _QUBITS,
    "second": _QUBITS,
    "bits": _Entry(lambda value: write_integers(value, "a measurement"), _bits),
    "order": _Entry(_text, _order),
    "base": _Entry(lambda value: write_real(value, "the base of the logarithm"), _base),
    "target": _Entry(
        lambda value: write_array(value, "fidelity"), lambda record, num_qubits: read_array(record, "fidelity")
    ),
}

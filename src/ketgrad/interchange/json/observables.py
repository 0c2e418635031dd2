"""Observables: Pauli sums, Hermitian matrices, projectors."""

from __future__ import annotations

import reprlib
from typing import Any

from ketgrad.errors import InvalidTypeError
from ketgrad.interchange.json.entries import check_list, entries_of, kind_of
from ketgrad.interchange.json.numbers import read_array, read_number, write_array, write_integers, write_number
from ketgrad.observables.matrix import Hermitian, Observable, Projector
from ketgrad.observables.pauli import PauliSum, Word, parse_word, show_word
from ketgrad.simulate.results import check_observable

_ENTRIES = {"pauli_sum": ["terms"], "hermitian": ["matrix", "qubits"], "projector": ["bits", "qubits"]}


def write_observable(observable: Observable) -> dict[str, Any]:
    """Return an observable as a dictionary."""
    match observable:
        case PauliSum():
            terms = [[show_word(word), write_number(value, "a coefficient")] for word, value in observable.words]
            return {"type": "pauli_sum", "terms": terms}
        case Hermitian():
            qubits = write_integers(observable.qubits, "Hermitian")
            return {"type": "hermitian", "matrix": write_array(observable.matrix, "Hermitian"), "qubits": qubits}
        case Projector():
            qubits = write_integers(observable.qubits, "Projector")
            return {"type": "projector", "bits": observable.bits, "qubits": qubits}
    raise InvalidTypeError(f"got a {type(observable).__name__} as observable; only those of ketgrad are written")


def read_observable(record: Any, num_qubits: int) -> Observable:
    """Make an observable by its own checks, and check that the circuit has its qubits."""
    kind = kind_of(record, "an observable", _ENTRIES)
    _, *values = entries_of(record, kind, ["type", *_ENTRIES[kind]]).values()
    found: Observable
    if kind == "pauli_sum":
        found = PauliSum.from_words(_term(item) for item in check_list(values[0], "the terms of a Pauli sum"))
    elif kind == "hermitian":
        found = Hermitian(read_array(values[0], "Hermitian"), values[1])
    else:
        found = Projector(*values)
    check_observable(found, num_qubits)
    return found


def _term(record: Any) -> tuple[Word, Any]:
    if not isinstance(record, list | tuple) or len(record) != 2:
        raise InvalidTypeError(f"a Pauli sum has the term {reprlib.repr(record)}; give a word and its coefficient")
    return parse_word(record[0]), read_number(record[1], "a coefficient")

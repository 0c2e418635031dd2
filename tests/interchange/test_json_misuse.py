"""What is refused of a dictionary of a function that a person changed, or made up: each with its sentence."""

import copy

import pytest

import ketgrad as kg
from changed_records import RECORD, changed, check_refused

OBSERVABLE = ("measurements", 0, "observable")

# Where in the record, what is put there, which error, and its sentence.
REFUSED = {
    "another format": (
        ("format",), "picture", ValueError,
        "got 'picture' where a dictionary with \"format\": \"ketgrad.function\" is due; give what to_dict made",
    ),
    "a later version": (
        ("version",), 2, NotImplementedError,
        "the ketgrad.function is of version 2, and version 1 is read here; install the ketgrad that wrote it, or write "
        "it anew",
    ),
    "nothing to measure": (
        ("measurements",), [], ValueError,
        "function got nothing to measure; give at least one measurement, such as kg.expval(H)",
    ),
    "an unknown measurement": (
        ("measurements", 0, "type"), "Estimate", ValueError,
        "measurement 0: a measurement is of the type 'Estimate'; the types are expval, var, probs, sample, "
        "counts, state, "
        "density_matrix, purity, fidelity, entropy, mutual_info",
    ),
    "an unknown entry of a measurement": (
        ("measurements", 0, "shots"), 5, ValueError, 'measurement 0: expval has "shots"; give "type", "observable"',
    ),
    "an observable wider than the circuit": (
        (*OBSERVABLE, "terms"), [["Z2", 1.0]], ValueError,
        "measurement 0: the observable acts on qubit 2, but the circuit has qubits 0 to 1",
    ),
    "a word that is none": (
        (*OBSERVABLE, "terms"), [["Q0", 1.0]], ValueError,
        "measurement 0: 'Q0' is no Pauli word; write one such as \"Z0 Z1\", or \"I\" for the identity",
    ),
    "a word whose qubit has too many digits": (
        (*OBSERVABLE, "terms"), [["Z" + "9" * 5000, 1.0]], ValueError, "is no Pauli word; write one such as",
    ),
    "an infinite coefficient": (
        (*OBSERVABLE, "terms"), [["Z0", float("inf")]], ValueError,
        "measurement 0: a coefficient got the parameter inf; give a finite number",
    ),
    "a coefficient that is text": (
        (*OBSERVABLE, "terms"), [["Z0", "1"]], TypeError,
        "measurement 0: a coefficient has the value '1'; give a real number",
    ),
    "a matrix that is not Hermitian": (
        OBSERVABLE,
        {
            "type": "hermitian",
            "matrix": {"array": {"dtype": "float64", "shape": [2, 2], "values": [0.0, 1.0, 0.0, 0.0]}},
            "qubits": [0],
        },
        ValueError,
        "measurement 0: the matrix is not Hermitian: A − A† is as large as 1; give one for which it is below 1e-06",
    ),
    "a single number beyond its type": (
        ("measurements", 1, "target"),
        {"array": {"dtype": "float32", "shape": [2], "values": [1e300, 0.0]}},
        ValueError,
        "measurement 1: fidelity has a value beyond float32; give smaller numbers, or a wider dtype",
    ),
    "a base of 1": (
        ("measurements", 2, "base"), 1, ValueError,
        "measurement 2: the base of the logarithm is 1; give a number above 1",
    ),
    "an unknown method": (
        ("gradient", "type"), "magic", ValueError,
        "the gradient method is of the type 'magic'; the types are best, backprop, adjoint, parameter-shift, hadamard, "
        "finite-diff, spsa, device",
    ),
    "a step below zero": (
        ("gradient", "step"), -1, ValueError, "step is -1; give a positive number, or None for the default",
    ),
    "an unknown engine": (
        ("engine",), "fast", NotImplementedError, "engine 'fast' is not there; give one of auto, traced, compiled",
    ),
    "half a shot": (("shots",), 0.5, TypeError, "shots is 0.5; give an integer"),
    "a seed without shots": (
        ("seed",), 5, ValueError, "an exact function takes no seed; give shots or trajectories as well",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "value", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_wrong_entries_are_refused_with_a_sentence(path, value, error, sentence):
    check_refused(path, value, error, sentence)


def test_the_record_that_is_changed_here_is_good():
    assert kg.CircuitFunction.from_dict(RECORD).to_dict() == RECORD


@pytest.mark.parametrize("data", [None, 5, "text", [], {}, b"bytes"])
def test_what_is_no_record_is_refused(data):
    for kind, name in ((kg.Circuit, "circuit"), (kg.CircuitFunction, "function")):
        with pytest.raises(kg.InvalidValueError, match=f'is due; give what to_dict made|"ketgrad.{name}"'):
            kind.from_dict(data)


def every_place(record, path=()):
    yield path
    items = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    for key, child in items:
        yield from every_place(child, (*path, key))


@pytest.mark.parametrize("value", [None, True, -1, 10**30, 0.5, float("nan"), "x", [], [[]], {}, {"type": []}])
def test_whatever_stands_anywhere_the_error_is_one_of_ketgrad(value):
    """Nothing but ketgrad's own errors may come of a wrong value at any place of the record."""
    for path in every_place(RECORD):
        if not path:
            continue
        try:
            kg.CircuitFunction.from_dict(changed(path, value))
        except kg.KetgradError:
            continue


@pytest.mark.parametrize("path", [path for path in every_place(RECORD) if path and isinstance(path[-1], str)])
def test_a_missing_entry_is_refused_or_optional(path):
    record = copy.deepcopy(RECORD)
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    if path[-1] in ("controls", "conditions", "base") or path == ("measurements", 1, "qubits"):
        kg.CircuitFunction.from_dict(record)
        return
    with pytest.raises(kg.KetgradError):
        kg.CircuitFunction.from_dict(record)

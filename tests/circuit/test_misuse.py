"""What a circuit refuses: each with its sentence, its types, and the circuit left as it was."""

import os
import re
import warnings
from importlib.util import find_spec

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import GATES
from ketgrad.protocol import Capability

ALL_GATES = ", ".join(sorted(GATES))
NOT_UNITARY = "the matrix is not unitary: U†U differs from the identity by {}; give one that does by less than 1e-06"
SEED = "seed is {}; give an integer of zero or more, or None"

REFUSED = {
    "a boolean as qubit": (lambda c: c.h(True), TypeError, "h got a qubit that is True; give an integer"),
    "a NumPy boolean as qubit": (
        lambda c: c.h(np.True_), TypeError, f"h got a qubit that is {np.True_!r}; give an integer",
    ),
    "a float as qubit": (lambda c: c.h(1.0), TypeError, "h got a qubit that is 1.0; give an integer"),
    "a string as qubit": (lambda c: c.h("0"), TypeError, "h got a qubit that is '0'; give an integer"),
    "None as qubit": (lambda c: c.h(None), TypeError, "h got a qubit that is None; give an integer"),
    "a negative qubit": (
        lambda c: c.h(-1), ValueError, "h got qubit -1, but the circuit has qubits 0 to 2",
    ),
    "a qubit beyond the last": (
        lambda c: c.h(5), ValueError, "h got qubit 5, but the circuit has qubits 0 to 2",
    ),
    "the qubit after the last": (
        lambda c: c.cx(0, 3), ValueError, "cx got qubit 3, but the circuit has qubits 0 to 2",
    ),
    "one qubit twice": (
        lambda c: c.cx(0, 0), ValueError, "cx got the qubits (0, 0), but each may come only once",
    ),
    "one qubit twice under an alias": (
        lambda c: c.fredkin(0, 1, 0), ValueError, "cswap got the qubits (0, 1, 0), but each may come only once",
    ),
    "NaN as angle": (
        lambda c: c.rx(float("nan"), 0), ValueError, "rx got the parameter nan; give a finite number",
    ),
    "NaN of NumPy as angle": (
        lambda c: c.rx(np.float64("nan"), 0), ValueError, "rx got the parameter nan; give a finite number",
    ),
    "infinity as angle": (
        lambda c: c.rx(float("inf"), 0), ValueError, "rx got the parameter inf; give a finite number",
    ),
    "minus infinity as the last angle": (
        lambda c: c.cu(0.1, 0.2, 0.3, -float("inf"), 0, 1),
        ValueError,
        "cu got the parameter -inf; give a finite number",
    ),
    "a string as angle": (
        lambda c: c.rx("a", 0), TypeError, "rx got the parameter 'a'; give a real number or a 0-d array",
    ),
    "a complex angle": (
        lambda c: c.rx(1j, 0), TypeError, "rx got the parameter 1j; give a real number or a 0-d array",
    ),
    "a boolean as angle": (
        lambda c: c.rx(True, 0), TypeError, "rx got the parameter True; give a real number or a 0-d array",
    ),
    "None as angle": (
        lambda c: c.rx(None, 0), TypeError, "rx got the parameter None; give a real number or a 0-d array",
    ),
    "a list as angle": (
        lambda c: c.rx([0.1], 0), TypeError, "rx got the parameter [0.1]; give a real number or a 0-d array",
    ),
    "an object as angle": (
        lambda c: c.rx(os, 0), TypeError, "rx got a module as a parameter; give a real number or a 0-d array",
    ),
    "an array of two angles": (
        lambda c: c.rx(np.zeros(2), 0),
        ValueError,
        "rx got a parameter of shape (2,); give one number, and batches by kg.function or kg.vmap",
    ),
    "an array of one angle": (
        lambda c: c.rx(np.zeros((1, 1)), 0),
        ValueError,
        "rx got a parameter of shape (1, 1); give one number, and batches by kg.function or kg.vmap",
    ),
    "no angle": (lambda c: c.append("rx", (), (0,)), ValueError, "rx takes 1 parameter, got 0"),
    "an angle too many": (lambda c: c.append("h", (0.1,), (0,)), ValueError, "h takes no parameters, got 1"),
    "angles too few": (
        lambda c: c.append("cu", (0.1, 0.2), (0, 1)), ValueError, "cu takes 4 parameters, got 2",
    ),
    "qubits too few": (lambda c: c.append("cx", (), (0,)), ValueError, "cx takes 2 qubits, got 1"),
    "qubits too many": (lambda c: c.append("toffoli", (), range(4)), ValueError, "toffoli takes 3 qubits, got 4"),
    "a qubit too many for one": (lambda c: c.append("h", (), (0, 1)), ValueError, "h takes 1 qubit, got 2"),
    "an unknown gate": (
        lambda c: c.append("hadamard", (), (0,)),
        ValueError,
        f"gate 'hadamard' is not known; the gates are {ALL_GATES}",
    ),
    "a gate in capitals": (
        lambda c: c.append("H", (), (0,)), ValueError, f"gate 'H' is not known; the gates are {ALL_GATES}",
    ),
    "a matrix that is not unitary": (
        lambda c: c.unitary([[1, 1], [0, 1]], [0]), ValueError, NOT_UNITARY.format("1"),
    ),
    "a unitary matrix times 2": (
        lambda c: c.unitary(2 * np.eye(4), [2, 0]), ValueError, NOT_UNITARY.format("3"),
    ),
    "a matrix with NaN": (
        lambda c: c.unitary([[1, 0], [0, float("nan")]], [0]), ValueError, NOT_UNITARY.format("nan"),
    ),
    "a matrix too small": (
        lambda c: c.unitary(np.eye(2), [0, 1]),
        ValueError,
        "unitary on 2 qubits takes a matrix of shape (4, 4), got (2, 2)",
    ),
    "a matrix too large": (
        lambda c: c.unitary(np.eye(4), [0]),
        ValueError,
        "unitary on 1 qubit takes a matrix of shape (2, 2), got (4, 4)",
    ),
    "a vector as matrix": (
        lambda c: c.unitary([1, 0], [0]),
        ValueError,
        "unitary on 1 qubit takes a matrix of shape (2, 2), got (2,)",
    ),
    "a string as matrix": (
        lambda c: c.unitary("x", [0]), ValueError, "unitary on 1 qubit takes a matrix of shape (2, 2), got ()",
    ),
    "a unitary on a qubit twice": (
        lambda c: c.unitary(np.eye(4), [1, 1]),
        ValueError,
        "unitary got the qubits (1, 1), but each may come only once",
    ),
    "a unitary on a missing qubit": (
        lambda c: c.unitary(np.eye(2), [3]),
        ValueError,
        "unitary got qubit 3, but the circuit has qubits 0 to 2",
    ),
    "a marginal on a qubit twice": (
        lambda c: c.probabilities([0, 0]),
        ValueError,
        "probabilities got the qubits (0, 0), but each may come only once",
    ),
    "a marginal on a missing qubit": (
        lambda c: c.probabilities([7]),
        ValueError,
        "probabilities got qubit 7, but the circuit has qubits 0 to 2",
    ),
    "a marginal on a negative qubit": (
        lambda c: c.probabilities([-1]),
        ValueError,
        "probabilities got qubit -1, but the circuit has qubits 0 to 2",
    ),
    "a marginal on True": (
        lambda c: c.probabilities([True]),
        TypeError,
        "probabilities got a qubit that is True; give an integer",
    ),
    "one and a half shots": (
        lambda c: c.sample(1.5), TypeError, "the number of shots is 1.5; give an integer",
    ),
    "a whole float of shots": (
        lambda c: c.counts(100.0), TypeError, "the number of shots is 100.0; give an integer",
    ),
    "no shots": (lambda c: c.sample(0), ValueError, "the number of shots is 0; give at least 1"),
    "fewer than no shots": (lambda c: c.counts(-1), ValueError, "the number of shots is -1; give at least 1"),
    "True shots": (lambda c: c.counts(True), TypeError, "the number of shots is True; give an integer"),
    "None shots": (lambda c: c.counts(None), TypeError, "the number of shots is None; give an integer"),
    "a negative seed": (lambda c: c.sample(1, seed=-1), ValueError, SEED.format("-1")),
    "a fractional seed": (lambda c: c.counts(1, seed=1.5), TypeError, SEED.format("1.5")),
    "True as seed": (lambda c: c.counts(1, seed=True), TypeError, SEED.format("True")),
    "a string as seed": (lambda c: c.sample(1, seed="7"), TypeError, SEED.format("'7'")),
    "an unknown order": (
        lambda c: c.counts(10, order="middle"), ValueError, "order is 'middle'; give \"big\" or \"little\"",
    ),
    "a string as observable": (
        lambda c: c.expectation("Z0"),
        TypeError,
        "got a str as observable; give a Pauli sum such as kg.Z(0) @ kg.Z(1)",
    ),
    "a function as observable": (
        lambda c: c.expectation(kg.Z),
        TypeError,
        "got a function as observable; give a Pauli sum such as kg.Z(0) @ kg.Z(1)",
    ),
    "an observable on a missing qubit": (
        lambda c: c.expectation(kg.Z(0) @ kg.X(3)),
        ValueError,
        "the observable acts on qubit 3, but the circuit has qubits 0 to 2",
    ),
    "the variance of an observable on a missing qubit": (
        lambda c: c.variance(kg.Y(5)),
        ValueError,
        "the observable acts on qubit 5, but the circuit has qubits 0 to 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_its_sentence_and_the_circuit_as_it_was(case):
    call, builtin, sentence = REFUSED[case]
    circuit = kg.Circuit(3).h(0).rx(0.5, 2)
    before = circuit.operations
    with pytest.raises(kg.KetgradError) as caught:
        call(circuit)
    assert isinstance(caught.value, builtin)
    assert str(caught.value) == sentence
    assert circuit.operations == before


@pytest.mark.parametrize(
    ("size", "builtin", "sentence"),
    [
        (0, ValueError, "a circuit has at least one qubit, got 0"),
        (-2, ValueError, "a circuit has at least one qubit, got -2"),
        (2.5, TypeError, "the number of qubits is 2.5; give an integer"),
        (2.0, TypeError, "the number of qubits is 2.0; give an integer"),
        (True, TypeError, "the number of qubits is True; give an integer"),
        ("2", TypeError, "the number of qubits is '2'; give an integer"),
        (None, TypeError, "the number of qubits is None; give an integer"),
    ],
)
def test_a_circuit_of_no_sensible_size_is_refused(size, builtin, sentence):
    with pytest.raises(kg.KetgradError) as caught:
        kg.Circuit(size)
    assert isinstance(caught.value, builtin)
    assert str(caught.value) == sentence


UNPOLISHED = {
    "an integer for the qubits of a marginal": lambda c: c.probabilities(1),
    "an integer for the qubits of a unitary": lambda c: c.unitary(np.eye(2), 0),
    "a number for the parameters of append": lambda c: c.append("rx", 0.5, (0,)),
    "a number for the qubits of append": lambda c: c.append("h", (), 0),
    "a list as gate name": lambda c: c.append(["h"], (), (0,)),
    "a ragged matrix": lambda c: c.unitary([[1, 0], [0]], [0]),
    "a matrix of strings": lambda c: c.unitary(np.array([["1", "0"], ["0", "1"]]), [0]),
    "a matrix of objects": lambda c: c.unitary(np.array([[1, 0], [0, None]]), [0]),
    "an angle beyond all floats": lambda c: c.rx(10**400, 0),
    "a 0-d array of strings as angle": lambda c: c.rx(np.array("a"), 0),
}


@pytest.mark.parametrize("case", UNPOLISHED)
def test_refused_by_an_error_of_ketgrad_at_once_and_the_circuit_as_it_was(case):
    circuit = kg.Circuit(3).h(0)
    before = circuit.operations
    with pytest.raises(kg.KetgradError):
        UNPOLISHED[case](circuit)
    assert circuit.operations == before


def memory_sentence(num_qubits, precision, needed):
    return (
        rf"{num_qubits} qubits in {precision} precision need {re.escape(needed)} GiB, and this machine has [0-9.]+ GiB;"
        r' use fewer qubits, kg.set_precision\("single"\), which halves it, or kg.set_memory_limit to allow it'
    )


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="the machine's memory is not known here")
@pytest.mark.parametrize(
    ("call", "states"),
    [
        (lambda c: c.state(), 6),
        (lambda c: c.probabilities([0]), 6),
        (lambda c: c.expectation(kg.Z(0)), 1),
        (lambda c: c.variance(kg.Z(0)), 1),
        (lambda c: c.sample(1), 6),
        (lambda c: c.counts(1), 6),
    ],
    ids=["state", "probabilities", "expectation", "variance", "sample", "counts"],
)
def test_45_qubits_are_refused_by_a_memory_error_that_names_what_is_needed(backend, call, states):
    circuit = kg.Circuit(45).h(44)
    with pytest.raises(MemoryError) as caught:
        call(circuit)
    assert isinstance(caught.value, kg.KetgradError)
    # States of 2^45 numbers of 16 bytes: six on the compiled engine, or one for a Pauli sum; five on the traced one.
    count = states if Capability.HOST_FUNCTION in backend.capabilities else 5
    assert re.fullmatch(memory_sentence(45, "double", f"{count * 2**19:.3g}"), str(caught.value))


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="the machine's memory is not known here")
def test_45_qubits_need_half_as_much_in_single_precision():
    with kg.use_precision("single"), pytest.raises(MemoryError) as caught:
        kg.Circuit(45).state()
    assert str(caught.value).startswith("45 qubits in single precision need 1.57e+06 GiB, ")


@pytest.mark.parametrize("num_qubits", [64, 2000])
def test_more_qubits_than_any_number_of_bytes_are_refused_by_a_memory_error_too(num_qubits):
    with pytest.raises(MemoryError) as caught:
        kg.Circuit(num_qubits).state()
    assert isinstance(caught.value, kg.KetgradError)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_native_angle_that_is_not_finite_is_refused_when_the_state_is_asked_for(backend, value):
    circuit = kg.Circuit(2).h(0).rx(backend.asarray(float(value)), 1)
    with pytest.raises(kg.InvalidValueError) as caught:
        circuit.state()
    assert str(caught.value) == f"rx got the parameter {value}; give a finite number"
    assert len(circuit) == 2


@pytest.mark.parametrize("measure", [lambda c: c.expectation(kg.Z(0)), lambda c: c.counts(10)])
def test_a_native_nan_is_refused_whatever_is_measured(backend, measure):
    circuit = kg.Circuit(1).ry(backend.asarray(float("nan")), 0)
    with pytest.raises(kg.InvalidValueError, match="ry got the parameter nan; give a finite number"):
        measure(circuit)


def test_a_native_nan_in_a_composite_gate_is_refused_under_the_name_that_was_written(backend):
    circuit = kg.Circuit(1).u(0.1, backend.asarray(float("nan")), 0.2, 0)
    with pytest.raises(kg.InvalidValueError) as caught:
        circuit.state()
    assert str(caught.value) == "u got the parameter nan; give a finite number"


def test_a_native_complex_angle_is_refused_though_its_imaginary_part_is_zero(backend):
    circuit = kg.Circuit(1).h(0)
    with pytest.raises(kg.InvalidTypeError) as caught:
        circuit.rx(backend.asarray(0.5 + 0j), 0).state()
    assert str(caught.value) == "rx got a complex parameter; give a real one"


def test_a_native_array_of_two_angles_is_refused_and_the_circuit_as_it_was(backend):
    circuit = kg.Circuit(1).h(0)
    with pytest.raises(kg.InvalidValueError) as caught:
        circuit.rx(backend.asarray([0.1, 0.2]), 0)
    assert (
        str(caught.value) == "rx got a parameter of shape (2,); give one number, and batches by kg.function or kg.vmap"
    )
    assert len(circuit) == 1


def test_a_native_matrix_that_is_not_unitary_is_refused(backend):
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(1).unitary(backend.asarray([[1.0, 1.0], [0.0, 1.0]]), [0]).state()
    assert str(caught.value) == NOT_UNITARY.format("1")


def foreign_array(framework):
    """Make a 0-d array of a framework; torch is imported before TensorFlow, which has crashed the other way round."""
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if find_spec("torch") is not None:
            import torch
        if framework == "torch":
            return torch.tensor(0.5)
        if framework == "jax":
            import jax.numpy

            return jax.numpy.asarray(0.5)
        import tensorflow

        return tensorflow.constant(0.5)


FOREIGN = {
    "torch": ("pytorch", "a torch.Tensor"),
    "jax": ("jax", "a jaxlib."),
    "tensorflow": ("tensorflow", "a tensorflow."),
}


@pytest.mark.parametrize("framework", FOREIGN)
def test_an_angle_of_another_framework_is_refused(backend, framework):
    home, shown = FOREIGN[framework]
    if home == backend.name:
        pytest.skip("its own arrays")
    circuit = kg.Circuit(1).rx(foreign_array(framework), 0)
    with pytest.raises(kg.InvalidTypeError) as caught:
        circuit.state()
    assert str(caught.value).startswith(f"got {shown}")
    assert str(caught.value).endswith(
        f", but the backend in force is {backend.name}; give its own arrays, NumPy arrays, numbers, or lists of these, "
        "or choose another backend with kg.set_backend"
    )


def test_a_strict_array_is_refused_by_another_backend():
    with kg.use_backend("strict") as strict:
        angle = strict.asarray(0.5)
    with kg.use_backend("numpy"), pytest.raises(kg.InvalidTypeError) as caught:
        kg.Circuit(1).rx(angle, 0).state()
    assert str(caught.value).startswith("got a ketgrad_backends.StrictArray, but the backend in force is numpy; ")

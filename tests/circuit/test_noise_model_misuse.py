"""What noise models refuse, each with its sentence."""

import re

import numpy as np
import pytest

import ketgrad as kg

LIST = "a noise model got {} where a list is due; give one, such as [0, 1]"
REFUSED = {
    "an unknown gate": (lambda m: m.after("hadamard", "bit_flip", 0.1), ValueError, "gate 'hadamard' is not known"),
    "an unknown gate among known ones": (
        lambda m: m.after(["h", "hh"], "bit_flip", 0.1), ValueError, "gate 'hh' is not known; the gates are ccx, ",
    ),
    "a number as gate": (lambda m: m.after([5], "bit_flip", 0.1), ValueError, "gate 5 is not known"),
    "a number in place of gates": (lambda m: m.after(5, "bit_flip", 0.1), TypeError, "where a list is due"),
    "a measurement as gate": (lambda m: m.after("measure", "bit_flip", 0.1), ValueError, "gate 'measure' is not known"),
    "a channel as gate": (lambda m: m.after("reset", "bit_flip", 0.1), ValueError, "gate 'reset' is not known"),
    "an unknown channel": (
        lambda m: m.after("h", "bitflip", 0.1),
        ValueError,
        "channel 'bitflip' is not known; the channels are amplitude_damping, bit_flip, ",
    ),
    "a gate as channel": (lambda m: m.after("h", "x"), ValueError, "channel 'x' is not known"),
    "a probability of 2": (
        lambda m: m.after("h", "bit_flip", 2.0), ValueError, "bit_flip got the probability 2; give one from 0 to 1",
    ),
    "a negative probability": (
        lambda m: m.after("h", "depolarizing", -0.1),
        ValueError,
        "depolarizing got the probability -0.1; give one from 0 to 1",
    ),
    "NaN": (
        lambda m: m.after("h", "bit_flip", float("nan")),
        ValueError,
        "bit_flip got the parameter nan; give a finite number",
    ),
    "a string as probability": (
        lambda m: m.after("h", "bit_flip", "0.1"), TypeError, "bit_flip got the parameter '0.1'; give a real number",
    ),
    "no parameter": (
        lambda m: m.after("h", "bit_flip"), ValueError, "bit_flip takes 1 parameter and 1 qubit, got 0 and 1",
    ),
    "a parameter too many": (
        lambda m: m.after("h", "bit_flip", 0.1, 0.2), ValueError, "bit_flip takes 1 parameter and 1 qubit, got 2 and 1",
    ),
    "times that cannot be": (
        lambda m: m.after("h", "thermal_relaxation", 1.0, 2.5, 0.1, 0.0), ValueError, "give t1 and t2 above zero",
    ),
    "Kraus operators that lose": (
        lambda m: m.after("h", [[[1, 0], [0, 0.5]]]), ValueError, "the Kraus operators do not preserve the trace",
    ),
    "Kraus operators of NaN": (
        lambda m: m.after("h", [[[float("nan"), 0], [0, 1]]]), ValueError, "do not preserve the trace",
    ),
    "no Kraus operators": (
        lambda m: m.after("h", []), ValueError, "kraus got no operators; give at least one matrix",
    ),
    "Kraus operators of two sizes": (
        lambda m: m.after("h", [np.eye(2), np.eye(4)]),
        ValueError,
        "kraus on 2 qubits takes a matrix of shape (4, 4), got (2, 2)",
    ),
    "Kraus operators of three rows": (
        lambda m: m.after("h", [np.eye(3)]), ValueError, "kraus on 1 qubit takes a matrix of shape (2, 2), got (3, 3)",
    ),
    "numbers as Kraus operators": (lambda m: m.after("h", [1, 0]), (TypeError, ValueError), "give|takes"),
    "one matrix that is not in a list": (
        lambda m: m.after("h", np.eye(2)), ValueError, "kraus on 1 qubit takes a matrix of shape (2, 2), got (2,)",
    ),
    "no channel": (lambda m: m.after("h", None), TypeError, "after got None where a list is due"),
    "a string for qubits": (lambda m: m.after("h", "bit_flip", 0.1, qubits="01"), TypeError, LIST.format("'01'")),
    "one qubit for qubits": (lambda m: m.after("h", "bit_flip", 0.1, qubits=0), TypeError, LIST.format("0")),
    "no qubits": (lambda m: m.after("h", "bit_flip", 0.1, qubits=[]), ValueError, "got the qubits []; give at least"),
    "a negative qubit": (
        lambda m: m.after("h", "bit_flip", 0.1, qubits=[-1]), ValueError, "got the qubits [-1]; give at least one",
    ),
    "a boolean as qubit": (
        lambda m: m.after("h", "bit_flip", 0.1, qubits=[True]),
        TypeError,
        "a noise model got a qubit that is True; give an integer",
    ),
    "reading with probability 2": (lambda m: m.readout(2.0, 0.0), ValueError, "got the probability 2; give one from"),
    "reading with a negative probability": (lambda m: m.readout(0.0, -1), ValueError, "got the probability -1; give"),
    "reading with NaN": (lambda m: m.readout(float("nan"), 0), ValueError, "got the parameter nan; give a finite"),
    "reading a string of qubits": (lambda m: m.readout(0.1, 0.1, qubits="0"), TypeError, LIST.format("'0'")),
    "reading a negative qubit": (lambda m: m.readout(0.1, 0.1, qubits=[-2]), ValueError, "got the qubits [-2]; give"),
    "a string as circuit": (lambda m: m.apply("h 0"), TypeError, "apply takes a circuit, got a str"),
    "a function as circuit": (
        lambda m: m.apply(kg.function(kg.Circuit(1), kg.probs())),
        TypeError,
        "apply takes a circuit, got a CircuitFunction",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED.values(), ids=REFUSED)
def test_misuse_of_a_noise_model_is_refused_with_its_sentence(call, kind, sentence):
    with pytest.raises(kg.KetgradError, match=sentence if "|" in sentence else re.escape(sentence)) as caught:
        call(kg.NoiseModel())
    assert isinstance(caught.value, kind)


def test_an_error_of_reading_is_named_as_such():
    with pytest.raises(ValueError, match="readout"):
        kg.NoiseModel().readout(2.0, 0.0)


def test_a_probability_that_comes_as_an_array_is_checked_when_the_circuit_runs(backend):
    circuit = kg.NoiseModel().after("h", "bit_flip", backend.asarray(2.0)).apply(kg.Circuit(1).h(0))
    with pytest.raises(kg.InvalidValueError, match="bit_flip got the probability 2; give one from 0 to 1"):
        circuit.probabilities()


def test_kraus_operators_that_come_as_arrays_are_checked_at_the_latest_when_the_circuit_runs(backend):
    lossy = backend.asarray(np.diag([1.0, 0.5]))
    with pytest.raises(kg.InvalidValueError, match="do not preserve the trace"):
        kg.NoiseModel().after("h", [lossy]).apply(kg.Circuit(1).h(0)).probabilities()


def test_a_channel_on_two_qubits_after_a_gate_on_one_never_vanishes_silently():
    # A gate whose every use has one qubit never gets the noise that was asked for.
    with pytest.raises(kg.InvalidValueError):
        kg.NoiseModel().after("h", "depolarizing2", 0.1).apply(kg.Circuit(2).h(0).cx(0, 1))

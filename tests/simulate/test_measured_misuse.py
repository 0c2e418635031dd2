"""What circuits with measurements refuse: each with its sentence, and the circuit left as it was."""

import re

import numpy as np
import pytest

import ketgrad as kg

X = kg.Circuit(1).x(0)


def measured():
    return kg.Circuit(2).h(0).measure(0, 0)


AFTER = "prepare takes qubits in |0⟩, but {} acts on qubit 0 before it; prepare first, or put a reset between"
ONE_BIT = "but the circuit has bit 0 alone"
RANGE = "bits are counted from 0 to 65535"
OUTCOME = 'give a string with 0 or 1 for each, such as "01"'

BUILDING = {
    "measuring a qubit beyond the last": (
        lambda c: c.measure(2), ValueError, "measure got qubit 2, but the circuit has qubits 0 to 1",
    ),
    "measuring a negative qubit": (
        lambda c: c.measure(-1), ValueError, "measure got qubit -1, but the circuit has qubits 0 to 1",
    ),
    "measuring a boolean": (lambda c: c.measure(True), TypeError, "measure got a qubit that is True; give an integer"),
    "measuring a list": (
        lambda c: c.measure([0, 1]), TypeError, "measure got a qubit that is [0, 1]; give an integer",
    ),
    "a negative bit": (
        lambda c: c.measure(0, -1), ValueError, f"measure got the classical bit -1; {RANGE}",
    ),
    "a boolean bit": (
        lambda c: c.measure(0, False), TypeError, "measure got a classical bit that is False; give an integer",
    ),
    "a bit that is a float": (
        lambda c: c.measure(0, 1.0), TypeError, "measure got a classical bit that is 1.0; give an integer",
    ),
    "a huge bit": (
        lambda c: c.measure(0, 10**9), ValueError, f"measure got the classical bit 1000000000; {RANGE}",
    ),
    "a condition on a bit beyond the last": (
        lambda c: c.conditioned(X, [1], [0]), ValueError, f"conditioned got bit 1, {ONE_BIT}",
    ),
    "a condition on a negative bit": (
        lambda c: c.conditioned(X, [-1], [0]), ValueError, f"conditioned got the classical bit -1; {RANGE}",
    ),
    "a condition on a bit twice": (
        lambda c: c.conditioned(X, [0, 0], [0]), ValueError,
        "conditioned got the bits (0, 0), but each may come only once",
    ),
    "a condition on a number in place of a list": (
        lambda c: c.conditioned(X, 0, [0]), TypeError,
        "conditioned got 0 where a list is due; give one, such as [0, 1]",
    ),
    "a condition on too many values": (
        lambda c: c.conditioned(X, [0], [0], on="01"), ValueError,
        "conditions act on '01'; give 0, 1, or a string with one of these for each",
    ),
    "a condition on two": (
        lambda c: c.conditioned(X, [0], [0], on=2), ValueError,
        "conditions act on 2; give 0, 1, or a string with one of these for each",
    ),
    "a condition on True": (
        lambda c: c.conditioned(X, [0], [0], on=True), ValueError,
        "conditions act on True; give 0, 1, or a string with one of these for each",
    ),
    "a conditioned gate on a qubit beyond the last": (
        lambda c: c.conditioned(X, [0], [2]), ValueError,
        "conditioned got qubit 2, but the circuit has qubits 0 to 1",
    ),
    "a conditioned gate that is a name": (
        lambda c: c.conditioned("x", [0], [0]), TypeError, "got a str; give a circuit",
    ),
    "a conditioned reset": (
        lambda c: c.conditioned(kg.Circuit(1).reset(0), [0], [0]), kg.UnsupportedError,
        "reset is a channel, which has no conditioned form; condition gates alone",
    ),
    "a conditioned measurement": (
        lambda c: c.conditioned(kg.Circuit(1).x(0).measure(0), [0], [0]), kg.UnsupportedError,
        "Measure has no conditioned form; condition gates alone",
    ),
    "a controlled measurement": (
        lambda c: c.controlled(kg.Circuit(1).x(0).measure(0), [0], [1]), kg.UnsupportedError,
        "Measure has no controlled form; control gates alone",
    ),
    "a controlled post-selection": (
        lambda c: c.controlled(kg.Circuit(1).post_select("0", [0]), [0], [1]), kg.UnsupportedError,
        "PostSelect has no controlled form; control gates alone",
    ),
    "post-selecting the number one": (
        lambda c: c.post_select(1, [0]), ValueError, f"post_select got the outcome 1 for 1 qubit; {OUTCOME}",
    ),
    "post-selecting two": (
        lambda c: c.post_select("2", [0]), ValueError, f"post_select got the outcome '2' for 1 qubit; {OUTCOME}",
    ),
    "post-selecting too few values": (
        lambda c: c.post_select("1", [0, 1]), ValueError, f"post_select got the outcome '1' for 2 qubits; {OUTCOME}",
    ),
    "post-selecting one qubit twice": (
        lambda c: c.post_select("11", [0, 0]), ValueError,
        "post_select got the qubits (0, 0), but each may come only once",
    ),
    "a read-out error of a probability above one": (
        lambda c: c.readout_error(1.5, 0.0, 0), ValueError,
        "readout_error got the probability 1.5; give one from 0 to 1",
    ),
    "a negative read-out error": (
        lambda c: c.readout_error(0.0, -0.1, 0), ValueError,
        "readout_error got the probability -0.1; give one from 0 to 1",
    ),
    "preparing after a gate": (
        lambda c: kg.Circuit(2).h(0).prepare([0.6, 0.8], [0]), ValueError, AFTER.format("h 0"),
    ),
    "preparing after a measurement": (
        lambda c: kg.Circuit(2).measure(0, 0).prepare([0.6, 0.8], [0]), ValueError, AFTER.format("measure 0 -> c[0]"),
    ),
    "preparing a bitstring after a measurement": (
        lambda c: kg.Circuit(2).measure(0, 0).prepare("10"), ValueError, AFTER.format("measure 0 -> c[0]"),
    ),
    "preparing after a gate that a reset came before": (
        lambda c: kg.Circuit(2).reset(0).h(0).prepare([0.6, 0.8], [0]), ValueError, AFTER.format("h 0"),
    ),
    "composing a preparation on a measured qubit": (
        lambda c: c.compose(kg.Circuit(1).prepare([0.6, 0.8])), ValueError, AFTER.format("measure 0 -> c[0]"),
    ),
    "composing with too few bits": (
        lambda c: c.compose(kg.Circuit(1).measure(0, 0).measure(0, 1), bits=[0]), ValueError,
        "the circuit has 2 bits, but 1 were named for it",
    ),
    "composing two bits on one": (
        lambda c: c.compose(kg.Circuit(1).measure(0, 0).measure(0, 1), bits=[3, 3]), ValueError,
        "compose got the bits (3, 3), but each may come only once",
    ),
    "inverting": (
        lambda c: c.inverse(), kg.UnsupportedError, "Measure has no inverse; invert circuits of gates alone",
    ),
    "inverting a post-selection": (
        lambda c: kg.Circuit(1).post_select("0", [0]).inverse(), kg.UnsupportedError,
        "PostSelect has no inverse; invert circuits of gates alone",
    ),
    "inverting a read-out error": (
        lambda c: kg.Circuit(1).readout_error(0.1, 0.1, 0).inverse(), kg.UnsupportedError,
        "ReadoutError has no inverse; invert circuits of gates alone",
    ),
    "a negative power": (
        lambda c: c.power(-2), kg.UnsupportedError, "Measure has no inverse; invert circuits of gates alone",
    ),
    "a fractional power": (
        lambda c: kg.Circuit(1).measure(0).power(0.5), kg.UnsupportedError,
        "Measure has no power; raise gates alone",
    ),
}  # fmt: skip

NO_STATE = "a circuit with noise, measurements or resets has no state vector; ask for density_matrix"
IMPOSSIBLE = "post_select asks for the outcome {} of the qubits {}, which has probability zero; select another one"
ASKING = {
    "the state after a measurement at the end": (lambda c: c.state(), kg.UnsupportedError, NO_STATE),
    "the state after a measurement in the middle": (lambda c: c.h(0).state(), kg.UnsupportedError, NO_STATE),
    "the state after a reset": (lambda c: kg.Circuit(1).reset(0).state(), kg.UnsupportedError, NO_STATE),
    "the state of a function": (lambda c: kg.function(c, kg.state())(), kg.UnsupportedError, NO_STATE),
    "an impossible outcome": (
        lambda c: kg.Circuit(2).post_select("1", [1]).probabilities(), ValueError, IMPOSSIBLE.format("1", "[1]"),
    ),
    "an outcome that is impossible after another one": (
        lambda c: kg.Circuit(2).h(0).cx(0, 1).post_select("0", [0]).post_select("1", [1]).probabilities(),
        ValueError, IMPOSSIBLE.format("1", "[1]"),
    ),
    "an impossible outcome of a noisy circuit": (
        lambda c: kg.Circuit(2).bit_flip(0.3, 0).post_select("01", [0, 1]).density_matrix(),
        ValueError, IMPOSSIBLE.format("01", "[0, 1]"),
    ),
    "an impossible outcome of a measured qubit": (
        lambda c: c.conditioned(X, [0], [0]).post_select("1", [0]).expectation(kg.Z(0)),
        ValueError, IMPOSSIBLE.format("1", "[0]"),
    ),
    "a bit beyond the last": (
        lambda c: c.probabilities(bits=[1]), ValueError, f"a measurement got bit 1, {ONE_BIT}",
    ),
    "a bit of a circuit without bits": (
        lambda c: kg.Circuit(1).probabilities(bits=[0]), ValueError,
        "a measurement got bit 0, but the circuit has no classical bits; measure into one first",
    ),
    "a bit of a function beyond the last": (
        lambda c: kg.function(c, kg.probs(bits=[1])), ValueError, f"a measurement got bit 1, {ONE_BIT}",
    ),
    "a bit that was passed over": (
        lambda c: c.measure(1, 5).probabilities(bits=[3]), ValueError,
        "nothing was measured into bit 3; measure a qubit into it first",
    ),
    "a bit twice": (
        lambda c: c.probabilities(bits=[0, 0]), ValueError, "probs got the bits (0, 0), but each may come only once",
    ),
    "a boolean as a bit": (
        lambda c: c.probabilities(bits=[np.True_]), TypeError,
        f"probs got a classical bit that is {np.True_!r}; give an integer",
    ),
    "a negative bit": (
        lambda c: c.probabilities(bits=[-1]), ValueError, f"probs got the classical bit -1; {RANGE}",
    ),
    "bits as a string": (
        lambda c: c.probabilities(bits="0"), TypeError, "probs got '0' where a list is due; give one, such as [0, 1]",
    ),
    "bits and qubits at once": (
        lambda c: c.probabilities([0], bits=[0]), ValueError, "probs got qubits and bits; give one of the two",
    ),
}  # fmt: skip


def refuses(action, kind, sentence):
    circuit = measured()
    before = circuit.operations
    with pytest.raises(kind, match=f"^{re.escape(sentence)}$") as caught:
        action(circuit)
    assert isinstance(caught.value, kg.KetgradError)
    return before, circuit.operations


@pytest.mark.parametrize("name", BUILDING)
def test_building_refuses_with_its_sentence_and_leaves_the_circuit_as_it_was(name):
    before, after = refuses(*BUILDING[name])
    assert after == before


@pytest.mark.parametrize("name", ASKING)
def test_asking_refuses_with_its_sentence(name):
    refuses(*ASKING[name])


@pytest.mark.parametrize("bits", [[], ()])
def test_an_empty_list_of_bits_is_answered_or_refused_in_a_sentence_of_ketgrad(bits):
    """The probabilities of no qubits are [1.0]; those of no bits may be so too, or be refused."""
    try:
        found = measured().probabilities(bits=bits)
    except kg.KetgradError:
        return
    np.testing.assert_allclose(found, [1.0])


def test_an_initial_state_that_contradicts_a_prepared_qubit_is_never_answered_by_zeros():
    """`prepare` takes a qubit in |0⟩; an initial state may bring it in |1⟩: refused, or probabilities that sum to 1."""
    f = kg.function(kg.Circuit(1).prepare([0.6, 0.8]), kg.probs())
    try:
        found = f(initial_state=[0.0, 1.0])
    except kg.KetgradError:
        return
    np.testing.assert_allclose(found.sum(), 1)


def test_an_impossible_outcome_of_one_circuit_of_a_batch_is_refused(backend):
    theta = kg.parameters("theta")
    f = kg.function(kg.Circuit(1).ry(theta, 0).post_select("1", [0]), kg.probs())
    with pytest.raises(kg.InvalidValueError, match="probability zero"):
        f([0.3, 0.0])


def test_an_unlikely_outcome_is_selected_all_the_same(backend):
    """P(1) = sin²(10⁻⁴) ≈ 10⁻⁸ is no zero; what follows is exact."""
    circuit = kg.Circuit(2).ry(2e-4, 0).cx(0, 1).post_select("1", [0])
    np.testing.assert_allclose(backend.to_numpy(circuit.probabilities()), [0, 0, 0, 1], rtol=0, atol=1e-12)


def test_a_post_selected_circuit_of_gates_alone_has_a_state_vector(backend):
    found = backend.to_numpy(kg.Circuit(2).h(0).cx(0, 1).post_select("1", [0]).state())
    np.testing.assert_allclose(found, [0, 0, 0, 1], rtol=0, atol=1e-12)


def test_a_circuit_is_written_with_its_bits_and_conditions():
    circuit = kg.Circuit(2).h(0).measure(0, 1).conditioned(X, [1], [1], on=0).post_select("1", [0]).reset(1)
    shown = "Circuit(2): h 0; measure 0 -> c[1]; if c[1]==0 x 1; post_select(1) 0; reset 1"
    assert repr(circuit) == shown

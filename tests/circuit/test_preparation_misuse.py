"""What `Circuit.prepare` and `initial_state` refuse, each with its sentence."""

import numpy as np
import pytest

import ketgrad as kg

FREE = "prepare takes qubits in |0⟩, but {} before it; prepare first, or put a reset between"
SHAPE = "prepare on {} takes amplitudes of shape {}, got {}; pad them with zeros, or name other qubits"
REFUSED = {
    "all zeros": (
        lambda c: c.prepare([0, 0], [0]),
        "prepare got amplitudes that are all zero, which is no state; give at least one other",
    ),
    "an array of zeros": (
        lambda c: c.prepare(np.zeros(4, complex), [0, 1]),
        "prepare got amplitudes that are all zero, which is no state; give at least one other",
    ),
    "NaN": (
        lambda c: c.prepare([float("nan"), 1], [0]), "prepare got amplitudes that are not finite; give finite numbers",
    ),
    "an infinite imaginary part": (
        lambda c: c.prepare([complex(0, float("inf")), 1], [0]),
        "prepare got amplitudes that are not finite; give finite numbers",
    ),
    "too few": (lambda c: c.prepare([1, 0], [0, 1]), SHAPE.format("2 qubits", (4,), (2,))),
    "too many": (lambda c: c.prepare([1, 0, 0, 0], [1]), SHAPE.format("1 qubit", (2,), (4,))),
    "too few for all": (lambda c: c.prepare([1, 0]), SHAPE.format("3 qubits", (8,), (2,))),
    "no power of two": (lambda c: c.prepare([1, 0, 0], [0, 1]), SHAPE.format("2 qubits", (4,), (3,))),
    "a matrix": (lambda c: c.prepare(np.eye(2), [0, 1]), SHAPE.format("2 qubits", (4,), (2, 2))),
    "a number": (
        lambda c: c.prepare(5, [0]), "prepare got a int; give a list or an array of amplitudes, or a bitstring",
    ),
    "None": (
        lambda c: c.prepare(None), "prepare got a NoneType; give a list or an array of amplitudes, or a bitstring",
    ),
    "an array of booleans": (
        lambda c: c.prepare(np.array([True, False]), [0]),
        "prepare got amplitudes of type bool; give real or complex numbers",
    ),
    "a qubit twice": (
        lambda c: c.prepare([1, 0, 0, 0], [1, 1]), "prepare got the qubits (1, 1), but each may come only once",
    ),
    "a qubit that is not there": (
        lambda c: c.prepare([1, 0], [3]), "prepare got qubit 3, but the circuit has qubits 0 to 2",
    ),
    "after a gate": (lambda c: c.prepare([1, 0], [2]), FREE.format("h 2 acts on qubit 2")),
    "after a gate, by a bitstring": (lambda c: c.prepare("1", [2]), FREE.format("h 2 acts on qubit 2")),
    "after a preparation": (
        lambda c: c.prepare([1, 0], [0]).prepare([1, 0], [0]), FREE.format("prepare 0 acts on qubit 0"),
    ),
    "on the control of a gate": (
        lambda c: c.cx(1, 2).prepare([0, 1], [1]), FREE.format("cx 1 2 acts on qubit 1"),
    ),
    "under a control": (
        lambda c: c.controlled(kg.Circuit(1).prepare([0, 1]), [1], [0]),
        "Prepare has no controlled form; control gates alone",
    ),
    "inverted": (
        lambda c: kg.Circuit(1).prepare([0, 1]).inverse(), "Prepare has no inverse; invert circuits of gates alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_its_sentence(case):
    call, sentence = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        call(kg.Circuit(3).h(2))
    assert str(caught.value) == sentence


def test_a_refused_preparation_leaves_the_circuit_as_it_was():
    circuit = kg.Circuit(2).h(1)
    for given in ([1, 0, 0, 1], "01", [0, 0, 0, 0], [1, 0]):
        with pytest.raises(kg.InvalidValueError):
            circuit.prepare(given)
    assert len(circuit) == 1


BITSTRINGS = {"another letter": ("0+", [0, 1]), "too long": ("011", [0, 1]), "too short": ("1", [0, 1])}


@pytest.mark.parametrize("case", BITSTRINGS)
def test_a_wrong_bitstring_is_refused_under_the_name_of_prepare(case):
    bits, qubits = BITSTRINGS[case]
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(2).prepare(bits, qubits)
    assert str(caught.value).startswith(f"prepare got the outcome {bits!r}") or str(caught.value).startswith(
        f"prepare got the bitstring {bits!r}"
    )


@pytest.mark.parametrize(
    "given",
    [[10**400, 1], [True, False], ["1", "0"], [[1, 0], [0, 1]], {1: 0}, b"01"],
    ids=["beyond all floats", "booleans", "strings", "rows", "dictionary", "bytes"],
)
def test_what_holds_no_amplitudes_is_refused_by_an_error_of_ketgrad(given):
    with pytest.raises(kg.KetgradError):
        kg.Circuit(1).prepare(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [([0.0, 0.0], "all zero, which is no state"), ([float("nan"), 1.0], "not finite; give finite numbers")],
    ids=["zeros", "NaN"],
)
def test_native_amplitudes_without_a_direction_are_refused_when_the_state_is_asked_for(backend, given, words):
    with pytest.raises(kg.InvalidValueError, match=f"prepare got amplitudes that are {words}"):
        kg.Circuit(1).prepare(backend.asarray(given)).state()


def test_symbols_whose_values_are_all_zero_are_refused_in_one_element_of_a_batch_too(backend):
    function = kg.function(kg.Circuit(1).prepare(kg.parameters("a", (2,))), kg.state())
    with pytest.raises(kg.InvalidValueError, match="prepare got amplitudes that are all zero"):
        function([[1.0, 2.0], [0.0, 0.0]])


def test_traced_amplitudes_of_a_wrong_length_are_refused(autodiff_backend):
    evaluate = kg.jit(lambda start: kg.Circuit(2).prepare(start).expectation(kg.Z(0)))
    with pytest.raises(Exception, match=r"prepare on 2 qubits takes amplitudes of shape \(4,\), got \(2,\)"):
        evaluate(autodiff_backend.asarray([1.0, 1.0]))


def test_traced_amplitudes_that_are_all_zero_give_nan_and_no_state(autodiff_backend):
    evaluate = kg.jit(lambda start: kg.Circuit(1).prepare(start).expectation(kg.Z(0)))
    with np.errstate(all="ignore"):
        try:
            found = evaluate(autodiff_backend.asarray([0.0, 0.0]))
        except kg.InvalidValueError:
            return
    assert np.isnan(autodiff_backend.to_numpy(found))


STARTS = {
    "zeros": ([0, 0], "initial_state got amplitudes that are all zero, which is no state; give at least one other"),
    "zeros in a batch": (
        [[1, 0], [0, 0]], "initial_state got amplitudes that are all zero, which is no state; give at least one other",
    ),
    "NaN": ([float("nan"), 1], "initial_state got amplitudes that are not finite; give finite numbers"),
    "a wrong length": (
        [1, 0, 0], "initial_state got values of shape (3,); give shape (2,), with batch axes in front if wanted",
    ),
    "a number": (1.0, "initial_state got values of shape (); give shape (2,), with batch axes in front if wanted"),
}  # fmt: skip


@pytest.mark.parametrize("case", STARTS)
def test_a_wrong_initial_state_is_refused_with_its_sentence(backend, case):
    given, sentence = STARTS[case]
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.function(kg.Circuit(1), kg.state())(initial_state=given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("given", ["1", kg.Circuit(1), {0: 1}], ids=["string", "circuit", "dictionary"])
def test_an_initial_state_that_is_no_array_is_refused_by_an_error_of_ketgrad(given):
    with pytest.raises(kg.KetgradError):
        kg.function(kg.Circuit(1), kg.state())(initial_state=given)


def test_initial_states_that_do_not_broadcast_with_the_parameters_are_refused():
    function = kg.function(kg.Circuit(1).rx(kg.parameters("x"), 0), kg.state())
    with pytest.raises(kg.InvalidValueError, match=r"the batch axes \(3,\), \(2,\) do not broadcast"):
        function([0.1, 0.2, 0.3], initial_state=[[1, 0], [0, 1]])

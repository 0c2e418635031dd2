"""What noise channels refuse: each with its sentence, on numbers when appended, on arrays when run."""

import numpy as np
import pytest

import ketgrad as kg

PROBABILITY = "{} got the probability {}; give one from 0 to 1"
TIMES = (
    "thermal_relaxation got t1={}, t2={}, time={}; give t1 and t2 above zero with t2 ≤ 2·t1, and a time of zero or more"
)
TRACE = (
    "the Kraus operators do not preserve the trace: Σ K†K differs from the identity by {}; give ones for which it does "
    "by less than 1e-06"
)
KNOWN = (
    "amplitude_damping, bit_flip, depolarizing, depolarizing2, misread, phase_damping, phase_flip, reset, "
    "thermal_relaxation"
)
REFUSED = {
    "a negative probability": (lambda c: c.bit_flip(-0.1, 0), ValueError, PROBABILITY.format("bit_flip", "-0.1")),
    "a probability of 2": (lambda c: c.phase_flip(2.0, 0), ValueError, PROBABILITY.format("phase_flip", "2")),
    "depolarizing above 1": (
        lambda c: c.depolarizing(1.25, 0), ValueError, PROBABILITY.format("depolarizing", "1.25"),
    ),
    "depolarizing two above 1": (
        lambda c: c.depolarizing(1.25, 0, 1), ValueError, PROBABILITY.format("depolarizing2", "1.25"),
    ),
    "damping above 1": (
        lambda c: c.amplitude_damping(1.5, 0), ValueError, PROBABILITY.format("amplitude_damping", "1.5"),
    ),
    "dephasing below 0": (
        lambda c: c.phase_damping(-1, 0), ValueError, PROBABILITY.format("phase_damping", "-1"),
    ),
    "NaN": (
        lambda c: c.bit_flip(float("nan"), 0), ValueError, "bit_flip got the parameter nan; give a finite number",
    ),
    "a string": (
        lambda c: c.bit_flip("0.1", 0),
        TypeError,
        "bit_flip got the parameter '0.1'; give a real number or a 0-d array",
    ),
    "a boolean": (
        lambda c: c.bit_flip(True, 0), TypeError, "bit_flip got the parameter True; give a real number or a 0-d array",
    ),
    "a complex number": (
        lambda c: c.bit_flip(0.1j, 0), TypeError, "bit_flip got the parameter 0.1j; give a real number or a 0-d array",
    ),
    "an array of probabilities": (
        lambda c: c.bit_flip(np.zeros(2), 0),
        ValueError,
        "bit_flip got a parameter of shape (2,); give one number, and batches by kg.function or kg.vmap",
    ),
    "t2 above twice t1": (
        lambda c: c.thermal_relaxation(1.0, 2.5, 0.1, 0), ValueError, TIMES.format("1", "2.5", "0.1"),
    ),
    "t1 of zero": (lambda c: c.thermal_relaxation(0.0, 0.5, 0.1, 0), ValueError, TIMES.format("0", "0.5", "0.1")),
    "t2 of zero": (lambda c: c.thermal_relaxation(1.0, 0.0, 0.1, 0), ValueError, TIMES.format("1", "0", "0.1")),
    "a negative time": (lambda c: c.thermal_relaxation(1.0, 1.0, -1, 0), ValueError, TIMES.format("1", "1", "-1")),
    "an excited population above 1": (
        lambda c: c.thermal_relaxation(1.0, 1.0, 0.1, 0, excited=1.5),
        ValueError,
        PROBABILITY.format("thermal_relaxation", "1.5"),
    ),
    "a qubit beyond the last": (
        lambda c: c.reset(2), ValueError, "reset got qubit 2, but the circuit has qubits 0 to 1",
    ),
    "a boolean as qubit": (
        lambda c: c.reset(True), TypeError, "reset got a qubit that is True; give an integer",
    ),
    "one qubit twice": (
        lambda c: c.depolarizing(0.1, 1, 1),
        ValueError,
        "depolarizing2 got the qubits (1, 1), but each may come only once",
    ),
    "three qubits": (
        lambda c: c.depolarizing(0.1, 0, 1, 2), ValueError, "depolarizing takes 1 parameter and 1 qubit, got 1 and 3",
    ),
    "no qubit": (
        lambda c: c.depolarizing(0.1), ValueError, "depolarizing takes 1 parameter and 1 qubit, got 1 and 0",
    ),
    "an unknown channel": (
        lambda c: c.channel("bitflip", (0.1,), (0,)),
        ValueError,
        f"channel 'bitflip' is not known; the channels are {KNOWN}",
    ),
    "a gate as channel": (
        lambda c: c.channel("rx", (0.1,), (0,)), ValueError, f"channel 'rx' is not known; the channels are {KNOWN}",
    ),
    "Kraus operators that lose": (lambda c: c.kraus([0.9 * np.eye(2)], [0]), ValueError, TRACE.format("0.19")),
    "Kraus operators whose K K† is the identity, not K†K": (
        lambda c: c.kraus([[[0, 1], [0, 0]], [[1, 0], [0, 0]], [[0, 0], [0, 0]]][:2], [0]) and
        c.kraus([[[0, 0], [1, 0]], [[1, 0], [0, 0]]], [0]),
        ValueError,
        TRACE.format("1"),
    ),
    "no Kraus operators": (
        lambda c: c.kraus([], [0]), ValueError, "kraus got no operators; give at least one matrix",
    ),
    "a Kraus operator too large": (
        lambda c: c.kraus([np.eye(4)], [0]), ValueError, "kraus on 1 qubit takes a matrix of shape (2, 2), got (4, 4)",
    ),
    "one matrix instead of several": (
        lambda c: c.kraus(np.eye(2), [0]), ValueError, "kraus on 1 qubit takes a matrix of shape (2, 2), got (2,)",
    ),
    "a Kraus operator with NaN": (
        lambda c: c.kraus([np.diag([1, float("nan")])], [0]), ValueError, TRACE.format("nan"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_of_a_channel_is_refused_with_its_sentence(case):
    attempt, kind, sentence = REFUSED[case]
    with pytest.raises(kind) as caught:
        attempt(kg.Circuit(2))
    assert str(caught.value) == sentence
    assert isinstance(caught.value, kg.KetgradError)


def test_a_refused_channel_leaves_the_circuit_as_it_was():
    circuit = kg.Circuit(2).h(0)
    for attempt in (lambda: circuit.bit_flip(2, 0), lambda: circuit.kraus([2 * np.eye(2)], [0])):
        with pytest.raises(kg.InvalidValueError):
            attempt()
    assert repr(circuit) == "Circuit(2): h 0"


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_native_probability_out_of_range_is_refused_when_it_runs(backend, value):
    for circuit in (
        kg.Circuit(1).bit_flip(backend.asarray(value), 0),
        kg.Circuit(1).amplitude_damping(backend.asarray(value), 0),
    ):
        with pytest.raises(kg.InvalidValueError, match="; give one from 0 to 1"):
            circuit.probabilities()


def test_native_times_out_of_range_are_refused_when_it_runs(backend):
    circuit = kg.Circuit(1).thermal_relaxation(1.0, backend.asarray(2.5), 0.1, 0)
    with pytest.raises(kg.InvalidValueError) as caught:
        circuit.probabilities()
    assert str(caught.value) == TIMES.format("1", "2.5", "0.1")


def test_a_symbol_out_of_range_is_refused_at_the_call_also_within_a_batch(backend):
    p = kg.parameters("p")
    function = kg.function(kg.Circuit(2).phase_damping(2 * p, 1), kg.probs())
    for values, shown in ((0.75, "1.5"), ([0.1, 0.2, -0.5], "-1")):
        with pytest.raises(kg.InvalidValueError) as caught:
            function(backend.asarray(values))
        assert str(caught.value) == PROBABILITY.format("phase_damping", shown)


def test_a_probability_out_of_range_is_refused_inside_a_gradient(autodiff_backend):
    def mean(p):
        return kg.Circuit(1).depolarizing(p, 0).expectation(kg.Z(0))

    if autodiff_backend.name == "jax":
        pytest.skip("a traced value cannot be looked at; the contract says: where it can be seen")
    with pytest.raises(kg.InvalidValueError, match=r"depolarizing got the probability 1\.5; give one"):
        kg.grad(mean, fallback="error")(autodiff_backend.asarray(1.5))


def test_native_kraus_operators_that_lose_are_refused_when_they_run(backend):
    matrix = backend.asarray(0.9 * np.eye(2))
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(1).kraus([matrix], [0]).density_matrix()
    assert str(caught.value) == TRACE.format("0.19")


NO_STATE = "a circuit with noise, measurements or resets has no state vector; ask for density_matrix"


@pytest.mark.parametrize(
    "noise",
    [lambda c: c.bit_flip(0.0, 0), lambda c: c.reset(1), lambda c: c.kraus([np.eye(2)], [0])],
    ids=["bit_flip", "reset", "kraus"],
)
def test_a_noisy_circuit_has_no_state_vector(noise):
    for attempt in (
        lambda: noise(kg.Circuit(2).h(0)).state(),
        lambda: kg.function(noise(kg.Circuit(2).h(0)), kg.state())(),
    ):
        with pytest.raises(kg.UnsupportedError) as caught:
            attempt()
        assert str(caught.value) == NO_STATE
        assert isinstance(caught.value, NotImplementedError)


def test_a_density_matrix_too_large_for_the_machine_is_refused_before_it_is_made():
    with pytest.raises(MemoryError, match="25 qubits as density matrices, which noise takes, in double precision need"):
        kg.Circuit(25).bit_flip(0.1, 0).probabilities([0])

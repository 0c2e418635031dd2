"""Limits of memory: a refusal comes before anything large is made, and names what is needed and what is there."""

import re
import threading
import tracemalloc

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.protocol import Capability

MEBIBYTE = 2**20
X = kg.parameters("x")


@pytest.fixture(scope="module", autouse=True)
def kernels():
    """The kernels, loaded: what numba takes for itself is not what is measured here."""
    kg.Circuit(1).h(0).sample(1, seed=1)


@pytest.fixture
def limit():
    """A limit of 6 MiB, which is taken away again."""
    kg.set_memory_limit(6 * MEBIBYTE)
    yield 6 * MEBIBYTE
    kg.set_memory_limit(None)


def states_taken(backend, of_sums=False):
    """Return how many states a result takes, or small sums do, on the engine that runs circuits by default."""
    if Capability.HOST_FUNCTION not in backend.capabilities:
        return 5
    return 4 if of_sums else 6


def gibibytes(count):
    return f"{count / 2**30:.3g}"


def refusal(call):
    """Return the sentence of a refusal, and the most bytes that were in use on the way to it."""
    tracemalloc.start()
    try:
        with pytest.raises(MemoryError) as caught:
            call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(caught.value, kg.OutOfMemoryError), "not refused, but run out of"
    return str(caught.value), peak


def sentence(what, needed, trajectories=False, batch=False):
    there = "the limit set is 0.00586 GiB"
    ways = "run fewer at a time, " if batch else ""
    ways += 'use fewer qubits, kg.set_precision("single"), which halves it'
    if trajectories:
        ways += ", kg.function(..., trajectories=...), which takes state vectors"
    return f"{what} need {needed} GiB, and {there}; {ways}, or kg.set_memory_limit to allow it"


# Refusals


def test_a_state_vector_beyond_the_limit_is_refused_and_not_begun(backend, limit):
    words, peak = refusal(kg.Circuit(17).h(0).state)
    assert words == sentence("17 qubits in double precision", gibibytes(states_taken(backend) * 16 * 2**17))
    assert peak < MEBIBYTE


def test_a_state_vector_just_within_the_limit_runs(backend, limit):
    assert kg.memory_estimate(kg.Circuit(16)) <= limit
    value = kg.Circuit(16).h(0).expectation(kg.Z(1))
    assert abs(float(backend.to_numpy(value)) - 1) < 1e-12


def test_single_precision_is_within_a_limit_that_double_precision_is_beyond(limit):
    with pytest.raises(kg.OutOfMemoryError):
        kg.Circuit(17).state()
    with kg.use_precision("single"):
        assert kg.Circuit(17).state().shape == (2**17,)


def test_an_expectation_value_is_within_a_limit_that_the_state_and_the_traced_engine_are_beyond():
    # A state has 16 MiB.
    circuit = kg.Circuit(20).ry(0.3, 0)
    try:
        kg.set_memory_limit(4 * 16 * MEBIBYTE)
        assert abs(circuit.expectation(kg.Z(0)) - np.cos(0.3)) < 1e-12
        with pytest.raises(kg.OutOfMemoryError):
            circuit.probabilities([0])
        with kg.use_engine("traced"), pytest.raises(kg.OutOfMemoryError):
            circuit.expectation(kg.Z(0))
    finally:
        kg.set_memory_limit(None)


def test_a_density_matrix_beyond_the_limit_is_refused_and_not_begun(backend, limit):
    words, peak = refusal(lambda: kg.Circuit(9).bit_flip(0.1, 0).expectation(kg.Z(0)))
    what = "9 qubits as density matrices, which noise takes, in double precision"
    assert words == sentence(what, "0.0195", trajectories=True)
    assert peak < MEBIBYTE


def test_a_batch_beyond_the_limit_is_refused_and_not_begun(backend, limit):
    function = kg.function(kg.Circuit(10).rx(X, 0), kg.expval(kg.Z(0)))
    words, peak = refusal(lambda: function(np.zeros(1000)))
    needed = gibibytes(states_taken(backend, of_sums=True) * 1000 * 16 * 2**10)
    assert words == sentence("1000 times 10 qubits in double precision", needed, batch=True)
    assert peak < MEBIBYTE


def test_trajectories_beyond_the_limit_are_refused_and_not_begun(backend, limit):
    function = kg.function(kg.Circuit(10).bit_flip(0.1, 0), kg.expval(kg.Z(0)), trajectories=1000, seed=1)
    words, peak = refusal(function)
    assert words == sentence("1000 times 10 qubits in double precision", "0.0763", batch=True)
    assert peak < MEBIBYTE


def test_trajectories_run_where_the_density_matrix_is_beyond_the_limit(limit):
    function = kg.function(kg.Circuit(9).bit_flip(0.1, 0), kg.expval(kg.Z(1)), trajectories=4, seed=1)
    assert abs(function() - 1) < 1e-12


def test_one_initial_state_for_a_large_batch_is_not_spread_before_the_refusal(limit):
    start = np.eye(1, 2**10)[0]
    function = kg.function(kg.Circuit(10).rx(X, 0), kg.expval(kg.Z(0)))
    _, peak = refusal(lambda: function(np.zeros(1000), initial_state=start))
    assert peak < MEBIBYTE


def test_initial_states_for_many_trajectories_are_not_repeated_before_the_refusal(limit):
    starts = np.eye(2, 2**10)
    function = kg.function(kg.Circuit(10).bit_flip(0.1, 0), kg.expval(kg.Z(0)), trajectories=500, seed=1)
    _, peak = refusal(lambda: function(initial_state=starts))
    assert peak < MEBIBYTE


LARGE_RESULTS = {
    "the density matrix of a pure state": lambda: kg.Circuit(10).h(0).density_matrix(),
    "the purity of a pure state": lambda: kg.Circuit(10).h(0).purity(),
    "the entropy of all qubits": lambda: kg.Circuit(10).h(0).entropy(range(10)),
}


@pytest.mark.parametrize("case", LARGE_RESULTS)
def test_a_result_that_is_larger_than_the_state_is_refused_too_or_stays_within_the_limit(limit, case):
    # A matrix of 10 qubits takes 16 MiB, the state vector 16 KiB.
    tracemalloc.start()
    try:
        LARGE_RESULTS[case]()
    except kg.OutOfMemoryError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak <= limit


def test_a_reduced_density_matrix_of_60_gibibytes_is_refused_by_an_error_of_ketgrad(limit):
    # NumPy would ask the system for 64 GiB at once.
    with pytest.raises(kg.OutOfMemoryError):
        kg.Circuit(16).density_matrix()


def test_a_sum_of_words_with_many_bases_takes_one_after_the_other():
    circuit = kg.Circuit(14).h(0)
    observable = kg.PauliSum({f"X{qubit}": 1.0 for qubit in range(14)})
    circuit.expectation(observable)
    tracemalloc.start()
    circuit.expectation(observable)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * kg.memory_estimate(circuit)


def test_more_shots_than_there_is_memory_for_are_refused(limit):
    _, peak = refusal(lambda: kg.Circuit(2).h(0).sample(2_000_000, seed=1))
    assert peak < 6 * MEBIBYTE


def test_wires_for_measurements_count_too():
    # Each reset takes a further wire, so that 4 qubits become 16.
    circuit = kg.Circuit(4)
    for _ in range(3):
        for qubit in range(4):
            circuit.h(qubit).reset(qubit)
    try:
        kg.set_memory_limit(1000)
        with pytest.raises(kg.OutOfMemoryError) as caught:
            circuit.probabilities()
        assert caught.value.args[0].startswith(("16 qubits", "4 qubits as density matrices"))
    finally:
        kg.set_memory_limit(None)


def test_a_refusal_under_vmap_jit_and_grad_is_the_same(autodiff_backend, limit):
    def energy(theta):
        return kg.Circuit(17).rx(theta, 0).expectation(kg.Z(0))

    for call in (kg.grad(energy), kg.jit(energy)):
        with pytest.raises(kg.OutOfMemoryError, match="17 qubits in double precision need"):
            call(autodiff_backend.asarray(0.3))


# The limit


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (0, kg.InvalidValueError, "the memory limit is 0; give a number of bytes, or None for all there is"),
        (-1, kg.InvalidValueError, "the memory limit is -1; give a number of bytes, or None for all there is"),
        (True, kg.InvalidTypeError, "the memory limit is True; give an integer"),
        (1e9, kg.InvalidTypeError, "the memory limit is 1000000000.0; give an integer"),
        ("8GB", kg.InvalidTypeError, "the memory limit is '8GB'; give an integer"),
    ],
    ids=repr,
)
def test_a_wrong_limit_is_refused_and_the_one_before_stays(limit, given, error, words):
    with pytest.raises(error) as caught:
        kg.set_memory_limit(given)
    assert str(caught.value) == words
    with pytest.raises(kg.OutOfMemoryError, match=r"the limit set is 0\.00586 GiB"):
        kg.Circuit(17).state()


def test_a_limit_above_what_the_machine_has_allows_to_try():
    # Beyond the machine's memory the refusal is the user's to take away; a small circuit runs as before.
    try:
        kg.set_memory_limit(2**62)
        assert abs(kg.Circuit(2).h(0).expectation(kg.X(0)) - 1) < 1e-12
    finally:
        kg.set_memory_limit(None)


def test_after_a_refusal_everything_runs_as_before(backend, limit):
    circuit = kg.Circuit(17).h(0)
    with pytest.raises(kg.OutOfMemoryError):
        circuit.expectation(kg.X(0))
    kg.set_memory_limit(None)
    assert abs(float(backend.to_numpy(circuit.expectation(kg.X(0)))) - 1) < 1e-12
    assert len(circuit) == 1


def test_without_a_limit_the_sentence_names_the_machine():
    words, peak = refusal(kg.Circuit(50).state)
    assert re.fullmatch(
        r"50 qubits in double precision need 1\.01e\+08 GiB, and this machine has [0-9.]+ GiB; .*", words
    )
    assert peak < MEBIBYTE


def test_a_limit_holds_in_every_thread(limit):
    caught = []

    def work():
        try:
            kg.Circuit(17).state()
        except kg.OutOfMemoryError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(caught) == 1

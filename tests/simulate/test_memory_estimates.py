"""What a simulation needs of memory: as many states of 2^n amplitudes of 16 bytes, or of 4^n elements."""

import os
import re
import tracemalloc

import pytest

import ketgrad as kg

MEBIBYTE = 2**20
X = kg.parameters("x")


@pytest.fixture(params=["traced", "compiled"])
def engine(request):
    """Each engine in force, on the NumPy backend, with the number of states that a result takes on it."""
    with kg.use_engine(request.param):
        yield {"traced": 5, "compiled": 6}[request.param]


@pytest.mark.parametrize("num_qubits", [1, 10, 30, 100])
def test_a_state_takes_five_vectors_on_the_traced_engine_and_six_on_the_compiled_one(engine, num_qubits):
    assert kg.memory_estimate(kg.Circuit(num_qubits).h(0)) == engine * 16 * 2**num_qubits


def test_the_engine_is_the_one_named_else_the_one_in_force_else_the_one_that_suits():
    circuit, one = kg.Circuit(10).h(0), 16 * 2**10
    assert kg.memory_estimate(circuit, engine="traced") == 5 * one
    assert kg.memory_estimate(circuit, engine="compiled") == kg.memory_estimate(circuit, engine="auto") == 6 * one
    with kg.use_engine("traced"):
        assert kg.memory_estimate(circuit) == 5 * one
        assert kg.memory_estimate(circuit, engine="auto") == 6 * one
    with kg.use_backend("strict"):
        assert kg.memory_estimate(circuit) == 5 * one


def test_single_precision_takes_half(engine):
    with kg.use_precision("single"):
        assert kg.memory_estimate(kg.Circuit(10).h(0)) == engine * 8 * 2**10


def test_a_batch_takes_as_many_times(engine):
    assert kg.memory_estimate(kg.Circuit(10).h(0), batch=7) == 7 * engine * 16 * 2**10


def test_a_density_matrix_takes_the_square():
    assert kg.memory_estimate(kg.Circuit(6).h(0).depolarizing(0.1, 0)) == 5 * 16 * 4**6


def test_each_reset_takes_a_further_wire(engine):
    assert kg.memory_estimate(kg.Circuit(10).h(0).reset(0).h(1).reset(1)) == engine * 16 * 2**12


def test_a_gradient_by_the_traced_engine_keeps_the_state_after_every_gate():
    circuit = kg.Circuit(10).h(0).rx(0.3, 1).cx(0, 1)
    assert kg.memory_estimate(circuit, "best", engine="traced") == (5 + 3 + 3) * 16 * 2**10
    assert kg.memory_estimate(circuit, "backprop") == (5 + 3 + 3) * 16 * 2**10


@pytest.mark.parametrize("measurement", [kg.expval(kg.Z(0) + kg.X(1)), kg.var(kg.Z(0))])
def test_sums_by_the_compiled_engine_take_one_state_and_one_more_for_a_gradient_however_deep(measurement):
    # A state of 26 qubits has 1 GiB, too much for it to be kept for the backward sweep.
    for depth in (1, 100):
        circuit = kg.Circuit(26)
        for _ in range(depth):
            circuit.rx(X, 0).cx(0, 1)
        assert kg.memory_estimate(circuit, measurements=[measurement]) == 2**30
        assert kg.memory_estimate(circuit, "best", measurements=[measurement]) == 2 * 2**30


def test_runs_that_are_kept_for_backward_sweeps_count_too():
    # Up to four, of 256 MiB together.
    def estimate(num_qubits, gradient=None):
        return kg.memory_estimate(kg.Circuit(num_qubits).h(0), gradient, measurements=[kg.expval(kg.X(0))]) / 2**20

    assert [estimate(20), estimate(20, "best")] == [4 * 16, 5 * 16]
    assert [estimate(23), estimate(23, "best")] == [256, 256 + 128]
    assert [estimate(24), estimate(24, "best")] == [256, 256 + 256]


def test_what_is_more_than_sums_takes_the_state():
    circuit, one = kg.Circuit(26).h(0), 2**30
    sums = kg.expval(kg.Z(0))
    assert kg.memory_estimate(circuit, measurements=[sums, kg.probs([0])]) == 6 * one
    assert kg.memory_estimate(circuit, measurements=[kg.expval(kg.Projector("0", [0]))]) == 6 * one
    misread = kg.Circuit(26).h(0).readout_error(0.1, 0.1, 0)
    assert kg.memory_estimate(misread, measurements=[sums]) == 6 * one
    measured = kg.Circuit(26).h(0).measure(0)
    assert kg.memory_estimate(measured, measurements=[sums]) == 6 * one


def test_the_depth_takes_nothing_on_the_compiled_engine():
    def layers(count):
        circuit = kg.Circuit(10)
        for _ in range(count):
            circuit.rx(X, 0).cx(0, 1)
        return circuit

    assert kg.memory_estimate(layers(1), "best") == kg.memory_estimate(layers(100), "best")
    assert kg.memory_estimate(layers(1), "best") < kg.memory_estimate(layers(100), "backprop")


MEASURED = """
    import gc
    from pathlib import Path
    import numpy as np
    import ketgrad as kg

    def resident(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

    def peak(call):
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak begins anew
        before = resident("VmRSS")
        call()
        return resident("VmHWM") - before

    def of(n, gradient, *measurements):
        circuit = kg.templates.hardware_efficient(kg.parameters("theta", (2, n, 2)))
        f = kg.function(circuit, *measurements)
        def total(x):
            results = f(x)
            return sum(kg.backend.sum(item) for item in (results if isinstance(results, tuple) else (results,)))
        def call():
            for seed in range(5):
                f(np.random.default_rng(seed).normal(size=(2, n, 2)))
            if gradient:
                kg.grad(total)(np.zeros((2, n, 2)))
        return call, kg.memory_estimate(circuit, "best" if gradient else None, measurements=measurements)

    kg.set_engine("compiled")
    found = []
    for gradient in (False, True):
        for asked in ([kg.expval(kg.Z(0) + kg.X(1))], [kg.expval(kg.Z(0)), kg.probs()]):
            of(5, gradient, *asked)[0]()
            call, estimate = of(21, gradient, *asked)
            found.append([peak(call), estimate])
    print(json.dumps(found))
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the system doesn't tell the peak")
def test_estimates_are_not_below_the_memory_that_a_process_takes_nor_far_above(in_new_process):
    """For values and a gradient after them, of a sum, and of a sum and probabilities, at 21 qubits."""
    for measured, estimate in in_new_process(MEASURED):
        assert measured <= estimate + 8 * MEBIBYTE  # what the interpreter takes meanwhile
        assert estimate <= 3 * measured


def test_an_estimate_makes_nothing_large():
    kg.memory_estimate(kg.Circuit(1))  # imports numba
    tracemalloc.start()
    kg.memory_estimate(kg.Circuit(60).h(0), "backprop", batch=1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEBIBYTE


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"gradient": "adjoint-shift"},
            kg.UnsupportedError,
            "the memory of the gradient 'adjoint-shift' is not known; give None",
        ),
        ({"batch": 0}, kg.InvalidValueError, "the batch is 0; give at least 1"),
        ({"batch": -3}, kg.InvalidValueError, "the batch is -3; give at least 1"),
        ({"batch": 1.5}, kg.InvalidTypeError, "the batch is 1.5; give an integer"),
        ({"batch": True}, kg.InvalidTypeError, "the batch is True; give an integer"),
        ({"engine": "fast"}, kg.InvalidValueError, "engine 'fast' is not known; give one of auto, traced, compiled"),
        (
            {"gradient": "backprop", "engine": "compiled"},
            kg.UnsupportedError,
            "the compiled engine has a backward sweep of its own",
        ),
    ],
    ids=str,
)
def test_wrong_options_of_an_estimate_are_refused_with_their_sentence(options, error, words):
    with pytest.raises(error, match=re.escape(words)):
        kg.memory_estimate(kg.Circuit(2), **options)


@pytest.mark.parametrize("given", ["circuit", None, 20, kg.function(kg.Circuit(1), kg.state())], ids=str)
def test_an_estimate_of_what_is_no_circuit_is_refused_by_an_error_of_ketgrad(given):
    with pytest.raises(kg.KetgradError):
        kg.memory_estimate(given)


@pytest.mark.parametrize("measurement", [kg.state(), kg.expval(kg.Z(0)), kg.probs([1])])
def test_a_limit_of_exactly_what_is_needed_is_enough(engine, measurement):
    function = kg.function(kg.Circuit(10).h(0), measurement)
    needed = kg.memory_estimate(kg.Circuit(10).h(0), measurements=[measurement])
    try:
        kg.set_memory_limit(needed)
        function()
        kg.set_memory_limit(needed - 1)
        with pytest.raises(kg.OutOfMemoryError):
            function()
    finally:
        kg.set_memory_limit(None)

"""The compiled engine in many threads, forked processes, callbacks, and at the end of a process.

Each test runs a scenario in a process of its own, so that an abort or a hang is a failure. What is expected, and how it
is compared, stands with the scenarios.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from installed import AUTODIFF, installed_backends

LIMIT = 300
"""Seconds after which a process is taken to hang; the longest of them takes some 20, and 40 more to compile."""
TESTS = Path(__file__).parents[1]
INSTALLED = [name for name in installed_backends() if name in AUTODIFF]
CORES = ["one", "all"] if hasattr(os, "sched_setaffinity") else ["all"]
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def needs(name):
    return pytest.mark.skipif(name not in INSTALLED, reason=f"{name} is not among the backends")


def run_apart(folder, code, *words, limit=LIMIT):
    """Run Python code in a process, return what it printed; kill it with its children when it hangs."""
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            cwd=TESTS,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            ended = process.wait(limit)
        except subprocess.TimeoutExpired:
            ended = "a hang"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert ended == 0, f"ended with {ended}: {log.read_text()}"
    return log.read_text()


@pytest.fixture
def play(tmp_path):
    """Run a scenario in a process of its own."""
    code = "import sys, compiled_stress; compiled_stress.main(*sys.argv[1:])"

    def run(scenario, backend, cores="all", module="compiled_stress"):
        return run_apart(tmp_path, code, module, scenario, backend, cores)

    return run


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os; os.abort()", "ended with -6"),
        ("import time; print('before', flush=True); time.sleep(600)", "a hang: before"),
        ("raise AssertionError('wrong')", "AssertionError: wrong"),
        # A child that outlives its parent's patience goes with it.
        ("import os, time; os.fork(); time.sleep(600)", "a hang"),
    ],
    ids=["abort", "hang", "error", "child"],
)
@FORKS
def test_a_process_that_aborts_or_hangs_or_raises_is_a_failure(tmp_path, code, message):
    with pytest.raises(AssertionError, match=message):
        run_apart(tmp_path, code, limit=3)


@pytest.mark.parametrize("backend_name", INSTALLED)
def test_many_threads_call_different_functions_at_once(play, backend_name):
    play("threads", backend_name)


@pytest.mark.parametrize("backend_name", INSTALLED)
def test_many_threads_call_one_function_at_once(play, backend_name):
    play("one_function", backend_name)


@FORKS
@pytest.mark.parametrize("scenario", ["forked", "forked_at_first", "forked_while_busy"])
@pytest.mark.parametrize("backend_name", [name for name in INSTALLED if name in ("numpy", "pytorch")])
def test_forked_processes_run_forward_and_backward(play, backend_name, scenario):
    # JAX and TensorFlow are multithreaded themselves, and do not survive a fork.
    play(scenario, backend_name)


@FORKS
@needs("pytorch")
def test_workers_of_a_data_loader_run_forward_and_backward(play):
    play("data_loader", "pytorch")


@pytest.mark.parametrize("backend_name", INSTALLED)
def test_a_compiled_function_runs_when_the_interpreter_ends(play, backend_name):
    assert play("at_exit", backend_name).splitlines()[-1] == "right to the end"


def test_a_process_ends_well_while_daemon_threads_are_in_the_kernels(play):
    # PyTorch and JAX abort by themselves when the interpreter ends under their feet.
    assert play("ended_while_busy", "numpy").splitlines()[-1] == "right to the end"


@needs("jax")
@pytest.mark.parametrize("cores", CORES)
@pytest.mark.parametrize("scenario", ["jitted_from_threads", "jax_transformed", "in_callbacks"])
def test_jax_calls_back_from_its_own_threads(play, scenario, cores):
    # With one core JAX has one thread to run computations and callbacks alike.
    play(scenario, "jax", cores, "compiled_in_frameworks")


@needs("tensorflow")
@pytest.mark.parametrize("cores", CORES)
def test_graphs_of_tensorflow_run_from_threads(play, cores):
    play("graphs_from_threads", "tensorflow", cores, "compiled_in_frameworks")


@needs("pytorch")
@pytest.mark.parametrize("cores", CORES)
@pytest.mark.parametrize("scenario", ["backward_from_threads", "torch_transformed"])
def test_torch_runs_backward_from_threads(play, scenario, cores):
    play(scenario, "pytorch", cores, "compiled_in_frameworks")

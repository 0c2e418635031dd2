"""Compiled functions in threads and forked processes: scenarios, each for a process of its own.

What a scenario does may abort or hang the process, which is then a failure of the test that began it. Expected numbers
are those of the traced engine over NumPy, computed one after another before anything else, or a closed form.
"""

from __future__ import annotations

import atexit
import faulthandler
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np

import ketgrad as kg
from random_circuits import (
    amplitudes,
    build,
    dyadic,
    gradients,
    mixture,
    random_terms,
    random_weights,
    split,
)

HANG = 240
"""Seconds after which a scenario tells where its threads are."""
POINTS = 3


class Job:
    """A random circuit, two results of it, and a few points with the values and gradients expected there."""

    def __init__(self, seed: int, n: int, precision: str = "double") -> None:
        rng, self.precision = np.random.default_rng([seed, n]), precision
        circuit = build(n, mixture(rng, n, 25))
        measurements = kg.expval(kg.PauliSum(random_terms(rng, n, 4))), kg.probs([0])
        self.functions = {
            engine: kg.function(circuit, *measurements, engine=engine) for engine in ("compiled", "traced")
        }
        self.points, self.start = dyadic(rng, (POINTS, 7)), amplitudes(rng, 2**n)
        self.weights = random_weights(rng, [np.zeros(()), np.zeros(2)])
        with kg.use_backend("numpy"):
            self.expected = [self._run(point, "traced", "double") for point in range(POINTS)]

    def _run(self, point: int, engine: str, precision: str) -> list[Any]:
        real, whole = ("float64", "complex128") if precision == "double" else ("float32", "complex64")
        f = self.functions[engine]
        with kg.use_precision(precision):
            return gradients(
                lambda a, b, start: f(a=a, b=b, initial_state=start),
                (*split(self.points[point], real), self.start.astype(whole)),
                [weight.astype(real) for weight in self.weights],
            )

    def run(self, point: int) -> list[Any]:
        """Return the value and the gradients by the compiled engine, forward and backward."""
        return self._run(point, "compiled", self.precision)

    def check(self, point: int, found: list[Any]) -> None:
        tolerance = 1e-12 if self.precision == "double" else 1e-5
        for one, other in zip(found, self.expected[point], strict=True):
            scale = max(1.0, float(np.abs(other).max()))
            np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale)


def jobs(backend: str) -> list[Job]:
    """Return circuits of all sizes for NumPy, and few for frameworks that compile each operation."""
    sizes = (1, 2, 3, 5, 8, 10, 12, 13, 14, 16) if backend == "numpy" else (3, 14)
    made = [Job(seed, n) for seed, n in enumerate(sizes)]
    return made + [Job(100 + seed, n, "single") for seed, n in enumerate(sizes[1::2])]


def together(tasks: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run each task on a thread of its own, all from one moment on; raise what they raise."""
    tasks = list(tasks)
    barrier = threading.Barrier(len(tasks))

    def begin(task: Callable[[], Any]) -> Any:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        futures = [pool.submit(begin, task) for task in tasks]
    return [future.result() for future in futures]


def threads(backend: str) -> None:
    """Call the same functions, at first for the first time, from eight threads at other points and in other orders."""
    made = jobs(backend)

    def task(place: int) -> Callable[[], None]:
        def work() -> None:
            for step in range(3):
                for index in np.random.default_rng([place, step]).permutation(len(made)):
                    point = (place + step) % POINTS
                    made[index].check(point, made[index].run(point))

        return work

    together(task(place) for place in range(8))


def one_function(backend: str) -> None:
    """Call one function of 13 qubits, and its gradient, from many threads: nobody's vectors are another's."""
    job = Job(7, 13)

    def task(place: int) -> Callable[[], None]:
        def work() -> None:
            for _ in range(6):
                job.check(place % POINTS, job.run(place % POINTS))

        return work

    together(task(place) for place in range(8))


# Forked processes

_made: list[Job] = []
"""What children inherit."""


def _in_child(place: int) -> tuple[int, list[Any]]:
    return os.getpid(), _made[place // POINTS].run(place % POINTS)


def _threads_in_child(place: int) -> tuple[int, list[Any]]:
    """Run in two threads of a child, so that a pool of threads that was left in the parent is begun again."""
    first, _ = together([lambda: _in_child(place), lambda: _in_child(place)])
    return first


def _run_in_children(work: Callable[[int], tuple[int, list[Any]]]) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("fork")) as pool:
        for place, (process, found) in enumerate(pool.map(work, range(len(_made) * POINTS))):
            assert process != os.getpid()
            _made[place // POINTS].check(place % POINTS, found)


def forked(backend: str) -> None:
    """Fork after the parent has run everything, on its main thread and on others; go on in the parent."""
    _made.extend(jobs(backend))
    for job in _made:
        job.check(0, job.run(0))
    together([lambda: _made[-1].run(1), lambda: _made[0].run(1)])
    _run_in_children(_in_child)
    _run_in_children(_threads_in_child)
    for job in _made:
        job.check(1, job.run(1))


def forked_at_first(backend: str) -> None:
    """Fork before any kernel has run."""
    _made.extend(jobs(backend))
    _run_in_children(_in_child)


def forked_while_busy(backend: str) -> None:
    """Fork while other threads are in the kernels."""
    _made.extend(jobs(backend)[-4:])
    theta = kg.parameters("theta", (16,))
    circuit = kg.Circuit(16)
    for step in range(6):
        for qubit in range(16):
            circuit.ry(theta[qubit], qubit).cx(qubit, (qubit + 1 + step) % 16)
    busy = kg.function(circuit, kg.expval(kg.hamiltonians.transverse_field_ising(16)), engine="compiled")
    values = np.linspace(-1, 1, 16)
    expected, ended = float(kg.backend.to_numpy(busy(kg.backend.asarray(values)))), threading.Event()

    def work() -> None:
        while not ended.is_set():
            assert abs(float(kg.backend.to_numpy(busy(kg.backend.asarray(values)))) - expected) < 1e-12

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(work) for _ in range(2)]
        try:
            _run_in_children(_in_child)
        finally:
            ended.set()
    for future in futures:
        future.result()


def data_loader(backend: str) -> None:
    """Let the workers of a DataLoader call a compiled function of 16 qubits while the parent trains with another.

    ⟨Z⟩ of a qubit turned about X is cos x, whatever stands on the others.
    """
    import torch
    from torch.utils.data import DataLoader, Dataset

    x = kg.parameters("x", (16,))
    circuit = kg.Circuit(16)
    for qubit in range(16):
        circuit.rx(x[qubit], qubit).rz(0.5, qubit)
    f = kg.function(circuit, *[kg.expval(kg.Z(qubit)) for qubit in (0, 7, 15)], engine="compiled")
    points = torch.linspace(-2, 2, 12 * 16, dtype=torch.float64).reshape(12, 16)

    def loss(values: Any) -> Any:
        return sum(f(values))

    def checked(values: Any) -> None:
        leaf = values.clone().requires_grad_()
        loss(leaf).backward()
        torch.testing.assert_close(leaf.grad[[0, 7, 15]], -torch.sin(values[[0, 7, 15]]), rtol=0, atol=1e-12)

    class Computed(Dataset):
        def __len__(self) -> int:
            return len(points)

        def __getitem__(self, index: int) -> Any:
            checked(points[index])
            return index, torch.stack(f(points[index]))

    checked(points[0])
    for _ in range(2):
        seen = []
        for indices, found in DataLoader(Computed(), batch_size=2, num_workers=2, multiprocessing_context="fork"):
            torch.testing.assert_close(found, torch.cos(points[indices][:, [0, 7, 15]]), rtol=0, atol=1e-12)
            checked(points[int(indices[0])])
            seen += indices.tolist()
        assert seen == list(range(len(points)))


# The end of the process


def at_exit(backend: str) -> None:
    """Evaluate once more when the interpreter ends, as loggers do; the last line is checked by the test."""
    job = Job(8, 14)
    job.check(0, job.run(0))

    def last() -> None:
        job.check(1, job.run(1))
        print("right to the end")

    atexit.register(last)


def ended_while_busy(backend: str) -> None:
    """End the process while daemon threads are in the kernels."""
    job, begun = Job(9, 14), threading.Semaphore(0)

    def work() -> None:
        while True:
            job.run(0)
            begun.release()

    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(6):
        begun.acquire()
    print("right to the end")


def main(module: str, scenario: str, backend: str, cores: str) -> None:
    """Run a scenario in this process, on one core or on all."""
    if cores == "one":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    faulthandler.enable()
    faulthandler.dump_traceback_later(HANG, exit=False)
    # Threads change over as often as they can.
    sys.setswitchinterval(1e-5)
    kg.set_backend(backend)
    getattr(import_module(module), scenario)(backend)

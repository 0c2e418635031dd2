"""Compiled functions in the threads, graphs and callbacks of frameworks: scenarios, each for a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import ketgrad as kg
from compiled_stress import POINTS, Job, together
from random_circuits import split, weighted

SIZES = (3, 8, 14)


def scalar(job: Job, engine: str = "compiled") -> Callable[..., Any]:
    """Return the weighted sum of a job's results as a function of a and b, and of the initial state."""
    f = job.functions[engine]
    return lambda a, b, start: weighted(f(a=a, b=b, initial_state=start), job.weights)


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=1e-12)


def natives(job: Job, point: int) -> list[Any]:
    return [kg.backend.asarray(array) for array in (*split(job.points[point]), job.start)]


def stacked(job: Job) -> list[Any]:
    """Return a and b of all points."""
    return [kg.backend.asarray(array) for array in split(job.points)]


# JAX


def jitted_from_threads(backend: str) -> None:
    """Dispatch two jitted functions from two threads, many times before anybody waits for a result."""
    import jax

    made = [Job(20 + n, n) for n in (*SIZES, 16)]
    compiled = [jax.jit(jax.value_and_grad(scalar(job), (0, 1))) for job in made]

    def task(index: int) -> Callable[[], None]:
        def work() -> None:
            for first in (index, (index + 2) % len(made)):
                arguments = [natives(made[first], point) for point in range(POINTS)]
                found = [(point, compiled[first](*arguments[point])) for point in (*range(POINTS), 0, 1)]
                for point, (value, slopes) in found:
                    for one, other in zip((value, *slopes), made[first].expected[point], strict=False):
                        near(one, other)

        return work

    together(task(index) for index in (0, 1))
    # More threads than JAX has, with states of 256 kB and more.
    together(task(2 + index % 2) for index in range(8))


def jax_transformed(backend: str) -> None:
    """Map value and gradient over points by jax.vmap, jitted and not, and in two jitted steps in a row."""
    import jax

    for job in (Job(30 + n, n) for n in SIZES):
        start = kg.backend.asarray(job.start)
        both = jax.value_and_grad(scalar(job), (0, 1))
        mapped = jax.vmap(both, in_axes=(0, 0, None))
        for f in (mapped, jax.jit(mapped)):
            value, slopes = f(*stacked(job), start)
            for index, found in enumerate((value, *slopes)):
                near(found, [expected[index] for expected in job.expected])
        energy = scalar(job)
        chained = jax.jit(lambda a, b, start, f=energy: f(a, b, start) + f(a, b, start * (2 + f(a, b, start))))
        # An initial state is divided by its norm.
        near(chained(*natives(job, 0)), 2 * job.expected[0][0])


def in_callbacks(backend: str) -> None:
    """Call compiled functions over NumPy from JAX's own callbacks, at once and under jit and vmap, from threads too.

    The initial state comes from the host: arrays of 100 kB and more that are handed to `pure_callback` hang JAX itself
    once all of its threads are in callbacks.
    """
    import jax

    for job in (Job(40 + n, n) for n in SIZES):

        def on_host(a: Any, b: Any, job: Job = job) -> Any:
            with kg.use_backend("numpy"):
                value, slope = kg.value_and_grad(scalar(job))(np.asarray(a), np.asarray(b), job.start)
                return np.asarray(value), slope

        def called(a: Any, b: Any, on_host: Any = on_host) -> Any:
            shapes = jax.ShapeDtypeStruct((), "float64"), jax.ShapeDtypeStruct((2, 3), "float64")
            return jax.pure_callback(on_host, shapes, a, b, vmap_method="sequential")

        for f in (called, jax.jit(called)):
            together(_at_point(f, job, place % POINTS) for place in range(4))
        for f in (jax.vmap(called), jax.jit(jax.vmap(called))):
            for index, found in enumerate(f(*stacked(job))):
                near(found, [expected[index] for expected in job.expected])


def _at_point(f: Callable[..., Any], job: Job, point: int) -> Callable[[], None]:
    def work() -> None:
        for one, other in zip(f(*natives(job, point)[:2]), job.expected[point], strict=False):
            near(one, other)

    return work


# TensorFlow


def graphs_from_threads(backend: str) -> None:
    """Call tf.functions, each traced before or in the threads themselves, with a GradientTape inside."""
    import tensorflow as tf

    made = [Job(50 + n, n) for n in SIZES]

    def with_gradient(job: Job) -> Any:
        f = scalar(job)

        @tf.function
        def run(a: Any, b: Any, start: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch([a, b])
                value = f(a, b, start)
            return value, *tape.gradient(value, [a, b])

        return run

    graphs = [with_gradient(job) for job in made]
    graphs[0](*natives(made[0], 0))

    def task(place: int) -> Callable[[], None]:
        def work() -> None:
            for step in range(4):
                index, point = (place + step) % len(made), step % POINTS
                found = graphs[index](*natives(made[index], point))
                for one, other in zip(found, made[index].expected[point], strict=False):
                    near(one, other)

        return work

    together(task(place) for place in range(6))


# PyTorch


def backward_from_threads(backend: str) -> None:
    """Run forward on one thread and backward on another, several at once."""
    import torch

    made = [Job(60 + n, n) for n in (*SIZES, 16)]
    prepared = []
    for place in range(8):
        job, point = made[place % len(made)], place % POINTS
        leaves = [array.clone().requires_grad_() for array in natives(job, point)]
        prepared.append((job, point, leaves, scalar(job)(*leaves)))

    def task(job: Job, point: int, leaves: list[Any], loss: Any) -> Callable[[], None]:
        def work() -> None:
            torch.autograd.backward(loss)
            for leaf, expected in zip(leaves, job.expected[point][1:], strict=True):
                near(leaf.grad, expected)

        return work

    together(task(*item) for item in prepared)


def torch_transformed(backend: str) -> None:
    """Map the gradient over points by torch.func, on the main thread and on others."""
    import torch

    made = [Job(70 + n, n) for n in SIZES]

    def task(job: Job) -> Callable[[], None]:
        def work() -> None:
            mapped = torch.func.vmap(torch.func.grad_and_value(scalar(job), (0, 1)), in_dims=(0, 0, None))
            slopes, value = mapped(*stacked(job), kg.backend.asarray(job.start))
            for index, found in enumerate((value, *slopes)):
                near(found, [expected[index] for expected in job.expected])

        return work

    for job in made:
        task(job)()
    together(task(job) for job in made * 2)

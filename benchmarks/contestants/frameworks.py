"""Value and gradient of a function of arrays, as each framework's users write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.contestants.base import Prepared, arguments, read_arrays
from benchmarks.recipes import Recipe

Function = Callable[..., Any]
"""Takes weights, and samples if there are any; returns a real number."""


def with_torch(function: Function, recipe: Recipe, is_gradient: bool) -> Prepared:
    """Eager, with `backward`."""
    import torch

    leaves = [torch.tensor(array, requires_grad=is_gradient) for array in arguments(recipe)]

    def run() -> Any:
        for leaf in leaves:
            leaf.grad = None
        value = function(*leaves)
        if is_gradient:
            value.backward()
        return value.detach(), [leaf.grad for leaf in leaves if is_gradient]

    return Prepared(run, read_arrays)


def with_jax(function: Function, recipe: Recipe, is_gradient: bool) -> Prepared:
    """Under `jax.jit`, in double precision."""
    import jax

    jax.config.update("jax_enable_x64", True)
    leaves = [jax.numpy.asarray(array) for array in arguments(recipe)]
    argnums = tuple(range(len(leaves)))
    compiled = jax.jit(jax.value_and_grad(function, argnums) if is_gradient else lambda *given: (function(*given), ()))
    return Prepared(lambda: jax.block_until_ready(compiled(*leaves)), read_arrays)


def with_tensorflow(function: Function, recipe: Recipe, is_gradient: bool) -> Prepared:
    """In a `tf.function`, with a tape."""
    import tensorflow as tf

    leaves = [tf.Variable(array) for array in arguments(recipe)]

    def once() -> Any:
        if not is_gradient:
            return function(*map(tf.convert_to_tensor, leaves)), []
        with tf.GradientTape() as tape:
            value = function(*map(tf.convert_to_tensor, leaves))
        return value, tape.gradient(value, leaves)

    return Prepared(tf.function(once), read_arrays)

"""Value and gradient of a function of arrays, as each framework's users write it.

A function takes weights and, if there are any, samples; then it returns one number for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contestants.base import Prepared, arguments, averaged, check_untrained, read_arrays
from benchmarks.recipes import Recipe

Function = Callable[..., Any]


def with_torch(function: Function, recipe: Recipe, is_gradient: bool) -> Prepared:
    """Eager, with `backward`."""
    if recipe.is_training:
        return _torch_training(function, recipe)
    import torch

    leaves = [torch.tensor(array, requires_grad=is_gradient) for array in arguments(recipe)]
    chosen = averaged(function, recipe)

    def run() -> Any:
        for leaf in leaves:
            leaf.grad = None
        value = chosen(*leaves)
        if is_gradient:
            value.backward()
        return value.detach(), [leaf.grad for leaf in leaves if is_gradient]

    return Prepared(run, read_arrays)


def _torch_training(function: Function, recipe: Recipe) -> Prepared:
    """A step of Adam on a model that all contestants begin with in the same place."""
    import torch

    weights, samples = map(torch.tensor, arguments(recipe))
    before = torch.nn.Linear(recipe.num_inputs, recipe.num_inputs, dtype=torch.float64)
    after = torch.nn.Linear(1, 1, dtype=torch.float64)
    parameters = [torch.nn.Parameter(weights), *before.parameters(), *after.parameters()]
    numbers = np.random.default_rng(9)
    for parameter in parameters[1:]:
        parameter.data = torch.tensor(numbers.normal(size=tuple(parameter.shape)))
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    wanted = torch.sign(samples[:, :1])

    def run() -> Any:
        optimizer.zero_grad()
        found = after(function(parameters[0], before(samples)).reshape(-1, 1))
        loss = torch.nn.functional.mse_loss(found, wanted)
        loss.backward()
        optimizer.step()
        return loss.detach(), [parameter.grad for parameter in parameters]

    return Prepared(run, read_arrays)


def with_jax(function: Function, recipe: Recipe, is_gradient: bool) -> Prepared:
    """Under `jax.jit`, in double precision."""
    check_untrained(recipe)
    import jax

    jax.config.update("jax_enable_x64", True)
    leaves = [jax.numpy.asarray(array) for array in arguments(recipe)]
    argnums = tuple(range(len(leaves)))
    chosen = averaged(function, recipe)
    compiled = jax.jit(jax.value_and_grad(chosen, argnums) if is_gradient else lambda *given: (chosen(*given), ()))
    return Prepared(lambda: jax.block_until_ready(compiled(*leaves)), read_arrays)


def with_tensorflow(function: Function, recipe: Recipe, is_gradient: bool) -> Prepared:
    """In a `tf.function`, with a tape."""
    check_untrained(recipe)
    import tensorflow as tf

    leaves = [tf.Variable(array) for array in arguments(recipe)]
    chosen = function if recipe.batch is None else lambda *given: tf.reduce_mean(function(*given))

    def once() -> Any:
        if not is_gradient:
            return chosen(*map(tf.convert_to_tensor, leaves)), []
        with tf.GradientTape() as tape:
            value = chosen(*map(tf.convert_to_tensor, leaves))
        return value, tape.gradient(value, leaves)

    return Prepared(tf.function(once), read_arrays)

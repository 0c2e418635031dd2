"""What an adapter returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.recipes import Gate, Numbers, Recipe


class CannotRunError(Exception):
    """The library can't do this; the message says why."""


STORED_BYTES = 4 << 30


def check_stored(recipe: Recipe) -> None:
    """Refuse a recipe of which backpropagation, which keeps about two states for each gate, would fill the memory."""
    needed = 2 * len(recipe.gates) * recipe.state_bytes
    if needed > STORED_BYTES:
        raise CannotRunError(f"backpropagation keeps about {needed / (1 << 30):.0f} GiB of states")


def check_untrained(recipe: Recipe) -> None:
    """Refuse a recipe whose model is PyTorch's."""
    if recipe.is_training:
        raise CannotRunError("the model's linear layers and its optimizer are PyTorch's")


@dataclass(frozen=True)
class Prepared:
    """A recipe in a library's own terms, with arrays of its own."""

    run: Callable[[], Any]
    """Computes, and returns when all is there."""
    read: Callable[[Any], tuple[float, Numbers]]
    """The value and the flat gradient, which is empty where it was not asked for."""


def read_arrays(output: Any) -> tuple[float, Numbers]:
    """Read a pair of a value and a sequence of gradients, of any library that NumPy understands."""
    value, gradients = output
    flat = [np.asarray(gradient, dtype=float).reshape(-1) for gradient in gradients]
    return float(value), np.concatenate([np.zeros(0), *flat])


def angle_of(gate: Gate, vector: Any) -> Any:
    """Return a rotation's angle, from an array with slots on its last axis."""
    return gate.scale if gate.slot is None else gate.scale * vector[..., gate.slot]


def angle_of_parts(gate: Gate, recipe: Recipe, parts: Sequence[Any]) -> Any:
    """Return a rotation's angle from weights, and samples behind them if there are any."""
    if gate.slot is None or gate.slot < recipe.num_weights:
        return angle_of(gate, parts[0])
    return gate.scale * parts[1][..., gate.slot - recipe.num_weights]


def averaged(function: Callable[..., Any], recipe: Recipe) -> Callable[..., Any]:
    """Return a function's mean over samples, if there are any."""
    return function if recipe.batch is None else lambda *parts: function(*parts).mean()


def arguments(recipe: Recipe) -> tuple[Numbers, ...]:
    """Return the arrays that a contestant differentiates by."""
    samples = recipe.samples()
    return (recipe.weights(),) if samples is None else (recipe.weights(), samples)

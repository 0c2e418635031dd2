"""The random numbers of optimizers: each step has its own, which follow from one seed, on every backend the same."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.placement import constants_like
from ketgrad.protocol import ArrayBackend
from ketgrad.randomness import Key, random_key, uniform


def resolved_seed(seed: int | None) -> int:
    """Return a seed, or a new one where it is None, for the state to hold."""
    return secrets.randbits(31) if seed is None else random_key(seed).seed  # frameworks take states of 32-bit integers


def step_key(seed: int, step: int) -> Key:
    """Return the key of one step."""
    return Key(seed, (step,))


def seed_of_step(seed: int, *places: int) -> int:
    """Return the seed of one step, or of one of its parts: independent of the others, and the same in each run."""
    return int(np.random.SeedSequence(seed, spawn_key=places).generate_state(1, np.uint64)[0])


def random_signs(backend: ArrayBackend, key: Key, x: Any) -> Any:
    """Return +1 or −1, each with probability ½, for each element of parameters, in their structure."""
    leaves, _, rebuild = tree.flatten(x)
    return rebuild([_signs(backend, own, leaf) for own, leaf in zip(key.split(len(leaves)), leaves, strict=True)])


def _signs(backend: ArrayBackend, key: Key, leaf: Any) -> Any:
    drawn = np.where(uniform(key, tuple(leaf.shape)) < 0.5, -1.0, 1.0)
    return constants_like(backend, drawn, leaf)

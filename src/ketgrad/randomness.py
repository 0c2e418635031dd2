"""Random numbers that are the same on every backend: an explicit key, counted out by NumPy's Philox generator.

Reference: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.settings import Setting

drawing: Setting[bool] = Setting("ketgrad_drawing", True)
"""Whether outcomes may be drawn: not under finite differences, which of drawn outcomes are zero or noise."""


@dataclass(frozen=True)
class Key:
    """Where a stream of random numbers begins: a seed, and the branch taken at each split.

    A key is a value: the same key gives the same numbers each time, so split it for independent ones.
    """

    seed: int
    branch: tuple[int, ...] = ()
    is_fresh: bool = field(default=False, compare=False)
    """Whether nobody chose the seed."""

    def split(self, count: int) -> tuple[Key, ...]:
        """Return `count` keys whose streams are independent of one another and of this one's."""
        return tuple(Key(self.seed, (*self.branch, index), self.is_fresh) for index in range(count))

    def generator(self) -> np.random.Generator:
        """Return NumPy's generator at the beginning of this key's stream."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(self.seed, spawn_key=self.branch)))


def random_key(seed: int | None) -> Key:
    """Make a key from an integer seed, or from the operating system's entropy where it is None.

    Raises
    ------
    InvalidTypeError
        If the seed is no integer.
    InvalidValueError
        If it is negative.
    """
    if seed is None:
        return Key(secrets.randbits(128), is_fresh=True)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InvalidTypeError(f"seed is {seed!r}; give an integer of zero or more, or None")
    if seed < 0:
        raise InvalidValueError(f"seed is {seed}; give an integer of zero or more, or None")
    return Key(int(seed))


def uniform(key: Key, shape: tuple[int, ...]) -> Any:
    """Return float64 numbers in [0, 1) as a NumPy array."""
    return key.generator().random(shape)


def normal(key: Key, shape: tuple[int, ...]) -> Any:
    """Return standard normal float64 numbers as a NumPy array."""
    return key.generator().standard_normal(shape)

"""Wrong at random numbers."""

import numpy as np

import ketgrad as kg
from conformance_mutants.registry import caught_by
from ketgrad import randomness
from ketgrad_backends.numpy import NumpyBackend


@caught_by("test_a_seed_gives_the_uniform_numbers_of_philox")
class KeyIgnored(NumpyBackend):
    """Every key gives the numbers of key zero."""

    def random_uniform(self, key, shape, /, *, dtype=None):
        return super().random_uniform(randomness.Key(0), shape, dtype=dtype)


@caught_by("test_split_keys_have_streams_of_their_own")
class SplitsAlike(NumpyBackend):
    """Splitting gives the same key again and again."""

    def random_split(self, key, count, /):
        return (key,) * count


@caught_by("test_a_seed_gives_the_normal_numbers_of_philox")
class AnotherGenerator(NumpyBackend):
    """Normal numbers come from NumPy's default generator."""

    def random_normal(self, key, shape, /, *, dtype=None):
        numbers = np.random.default_rng(key.seed).standard_normal(tuple(shape))
        return self.asarray(numbers, dtype=dtype or kg.precision.real_type())


@caught_by("test_no_seed_takes_a_new_one_each_time")
class NoSeedIsZero(NumpyBackend):
    """No seed counts as seed zero."""

    def random_key(self, seed, /):
        return super().random_key(0 if seed is None else seed)

"""Keys and seeds. The literals are those of NumPy's Philox generator, seeded by SeedSequence."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad import randomness
from ketgrad.randomness import Key, random_key

UNIFORM_7 = [0.46881748695593284, 0.42614583623918467, 0.3629817008336008]
UNIFORM_7_1 = [0.27499624951633417, 0.890933072662108, 0.26646541261737866]
UNIFORM_7_1_0 = [0.36478510483227833, 0.3447651268239035, 0.509148454513884]
NORMAL_7 = [-1.4035643350339762, 0.8484195143593849, 1.3086802652913172]


def test_a_seed_begins_the_stream_of_philox():
    assert randomness.uniform(random_key(7), (3,)).tolist() == UNIFORM_7
    assert randomness.normal(random_key(7), (3,)).tolist() == NORMAL_7


def test_a_split_key_begins_a_stream_of_its_own():
    second = random_key(7).split(2)[1]
    assert randomness.uniform(second, (3,)).tolist() == UNIFORM_7_1
    assert randomness.uniform(second.split(1)[0], (3,)).tolist() == UNIFORM_7_1_0


def test_a_seed_of_more_than_64_bits_is_used_to_the_last():
    # SeedSequence cuts nothing off: 2⁶⁴ + 7 is another seed than 7.
    assert randomness.uniform(random_key(2**64 + 7), (2,)).tolist() == [0.5538787883783044, 0.588497945261394]


def test_keys_are_values():
    assert random_key(7) == random_key(np.int64(7)) == Key(7)
    assert random_key(7).split(3) == random_key(7).split(4)[:3]
    assert len({random_key(7), random_key(8), *random_key(7).split(2), random_key(7)}) == 4


def test_no_branch_of_one_key_equals_a_branch_of_another():
    keys = [key for root in Key(1).split(12) for key in (root, *root.split(12))]
    assert len({randomness.uniform(key, ()).item() for key in keys}) == len(keys)


def test_no_seed_takes_a_new_one_each_time():
    assert random_key(None) != random_key(None)


@pytest.mark.parametrize("wrong", [True, 1.0, "7", [7], np.float64(7), np.True_, 1j], ids=repr)
def test_a_seed_that_is_no_integer_is_refused(wrong):
    with pytest.raises(kg.InvalidTypeError, match="give an integer of zero or more, or None"):
        random_key(wrong)


@pytest.mark.parametrize("wrong", [-1, np.int64(-3)], ids=repr)
def test_a_negative_seed_is_refused(wrong):
    with pytest.raises(kg.InvalidValueError, match="give an integer of zero or more, or None"):
        random_key(wrong)


def test_a_seed_gives_the_same_samples_on_every_backend(backend):
    # The outcome is the number of thresholds 1/4, 1/2, 3/4 that 0.469, 0.426, 0.363, 0.237, 0.139, 0.512 pass.
    samples = kg.Circuit(2).h(0).h(1).sample(6, seed=7)
    assert backend.to_numpy(samples).tolist() == [[0, 1], [0, 1], [0, 1], [0, 0], [0, 0], [1, 0]]


def test_a_seed_gives_the_same_samples_in_either_precision(backend):
    with kg.use_precision("single"):
        samples = kg.Circuit(2).h(0).h(1).sample(6, seed=7)
    assert backend.to_numpy(samples).tolist() == [[0, 1], [0, 1], [0, 1], [0, 0], [0, 0], [1, 0]]


def test_numpy_s_global_seed_is_neither_read_nor_moved():
    np.random.seed(5)
    before = str(np.random.get_state())
    first = kg.Circuit(1).h(0).sample(20).tolist()
    assert str(np.random.get_state()) == before
    assert kg.Circuit(1).h(0).sample(20).tolist() != first

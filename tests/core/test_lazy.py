"""Properties that are computed once, without a lock that all instances share."""

import threading
from concurrent.futures import ThreadPoolExecutor

from ketgrad.lazy import lazy


class Counted:
    def __init__(self, value):
        self.value = value
        self.computed = 0

    @lazy
    def doubled(self):
        """Twice the value."""
        self.computed += 1
        return 2 * self.value


def test_a_value_is_computed_once_for_each_instance():
    first, second = Counted(3), Counted(5)
    assert [first.doubled, first.doubled, second.doubled] == [6, 6, 10]
    assert (first.computed, second.computed) == (1, 1)


def test_the_class_shows_the_property_and_its_words():
    assert isinstance(Counted.doubled, lazy)
    assert Counted.doubled.__doc__ == "Twice the value."


def test_threads_compute_values_of_different_instances_at_once():
    """With one lock for all, one would wait outside, and a process forked in between for ever."""
    inside = threading.Barrier(2, timeout=20)

    class Meeting:
        @lazy
        def party(self):
            return inside.wait()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda meeting: meeting.party, [Meeting(), Meeting()])) == [0, 1]


def test_threads_that_compute_one_value_at_once_get_the_same_one():
    inside = threading.Barrier(2, timeout=20)

    class Shared:
        @lazy
        def thing(self):
            inside.wait()
            return object()

    shared = Shared()
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: shared.thing, range(2))
    assert one is other is shared.thing

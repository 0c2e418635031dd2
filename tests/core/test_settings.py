"""A setting: a default for the process, and overrides that end with their block."""

import threading

import pytest

from ketgrad.settings import Setting


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_a_setting_has_its_default_until_it_is_set():
    setting = Setting("example", 1)
    assert setting.get() == 1
    setting.set(2)
    assert setting.get() == 2


def test_an_override_ends_with_its_block():
    setting = Setting("example", 1)
    with setting.override(2) as value:
        assert value == setting.get() == 2
    assert setting.get() == 1


def test_an_override_ends_with_an_exception():
    setting = Setting("example", 1)
    with pytest.raises(KeyError), setting.override(2):
        raise KeyError
    assert setting.get() == 1


def test_a_value_set_inside_an_override_ends_with_its_block():
    setting = Setting("example", 1)
    with setting.override(2):
        setting.set(3)
        assert setting.get() == 3
        assert in_thread(setting.get) == 1
    assert setting.get() == 1


def test_an_override_is_not_seen_by_threads_and_a_set_value_is():
    setting = Setting("example", 1)
    with setting.override(2):
        assert in_thread(setting.get) == 1
    setting.set(3)
    assert in_thread(setting.get) == 3


def test_a_thread_sets_the_value_of_all_threads_even_inside_an_override():
    setting = Setting("example", 1)
    with setting.override(2):
        in_thread(lambda: setting.set(3))
        assert setting.get() == 2
    assert setting.get() == 3


def test_two_settings_of_one_name_are_two():
    first, second = Setting("example", 1), Setting("example", 1)
    with first.override(2):
        assert second.get() == 1

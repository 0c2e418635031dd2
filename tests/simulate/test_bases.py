"""Grouping Pauli words into settings that measure them together."""

from hypothesis import given
from hypothesis import strategies as st

from ketgrad.simulate.bases import group_words

WORDS = st.lists(
    st.dictionaries(st.integers(0, 5), st.sampled_from("XYZ"), min_size=1).map(
        lambda word: tuple(sorted(word.items()))
    ),
    max_size=25,
)


@given(WORDS)
def test_every_word_is_in_exactly_one_setting_which_measures_it(words):
    groups = group_words(words)
    assert sorted(word for _, members in groups for word in members) == sorted(set(words))
    assert all(set(word) <= set(setting) for setting, members in groups for word in members)


@given(WORDS)
def test_a_setting_has_one_basis_for_each_qubit_and_none_that_nobody_needs(words):
    for setting, members in group_words(words):
        assert len(dict(setting)) == len(setting)
        assert set(setting) == {pair for word in members for pair in word}


@given(WORDS)
def test_two_settings_always_disagree_somewhere(words):
    settings = [dict(setting) for setting, _ in group_words(words)]
    for place, first in enumerate(settings):
        for second in settings[place + 1 :]:
            assert any(first[qubit] != second[qubit] for qubit in first.keys() & second.keys())

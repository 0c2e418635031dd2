"""Nested containers, taken apart and put together again."""

from collections import OrderedDict
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketgrad import tree


class Pair(NamedTuple):
    """A named tuple."""

    first: object
    second: object


LEAVES = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3), st.just(frozenset({1})))
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.tuples(st.integers()))


def containers(children):
    return st.one_of(
        st.lists(children, max_size=3),
        st.lists(children, max_size=3).map(tuple),
        st.dictionaries(KEYS, children, max_size=3),
        st.builds(Pair, children, children),
    )


TREES = st.recursive(LEAVES, containers, max_leaves=12)


def structure(value):
    """Describe containers and their types, by hand."""
    if isinstance(value, dict):
        return type(value), {key: structure(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [structure(child) for child in value]
    return None


@given(TREES)
def test_what_is_taken_apart_and_put_together_is_the_same(value):
    leaves, paths, rebuild = tree.flatten(value)
    rebuilt = rebuild(leaves)
    assert rebuilt == value
    assert structure(rebuilt) == structure(value)
    assert len(leaves) == len(paths)


@given(TREES)
def test_a_path_leads_to_its_leaf(value):
    leaves, paths, _ = tree.flatten(value, "value")
    assert len(set(paths)) == len(paths)
    for leaf, path in zip(leaves, paths, strict=True):
        assert eval(path, {"value": value}) is leaf


@given(TREES)
def test_no_leaf_is_a_container(value):
    assert not any(isinstance(leaf, list | tuple | dict) for leaf in tree.flatten(value)[0])


@given(TREES)
def test_leaves_are_replaced_in_order(value):
    leaves, _, rebuild = tree.flatten(value)
    numbered = rebuild(list(range(len(leaves))))
    assert structure(numbered) == structure(value)
    assert tree.flatten(numbered)[0] == list(range(len(leaves)))


@given(TREES)
def test_mapping_the_leaves_of_two_containers_pairs_them(value):
    paired = tree.map_leaves(lambda left, right: frozenset({(id(left), id(right))}), value, value)
    leaves = tree.flatten(value)[0]
    assert tree.flatten(paired)[0] == [frozenset({(id(leaf), id(leaf))}) for leaf in leaves]


def test_a_container_that_is_rebuilt_twice_is_made_anew():
    value = {"w": [1, 2]}
    leaves, _, rebuild = tree.flatten(value)
    first, second = rebuild(leaves), rebuild(leaves)
    first["w"].append(3)
    assert second == value == {"w": [1, 2]}


@pytest.mark.parametrize("empty", [[], (), {}, {"a": []}, [(), {}]], ids=repr)
def test_empty_containers_have_no_leaves_and_come_back(empty):
    leaves, paths, rebuild = tree.flatten(empty)
    assert (leaves, paths, rebuild([])) == ([], [], empty)


def test_dictionaries_keep_their_order():
    leaves, paths, rebuild = tree.flatten({"b": 1, "a": 2})
    assert (leaves, paths) == ([1, 2], ["['b']", "['a']"])
    assert list(rebuild(leaves)) == ["b", "a"]


def test_dictionaries_of_other_order_are_paired_by_key():
    assert tree.map_leaves(lambda x, y: x + y, {"a": 1, "b": 2}, {"b": 20, "a": 10}) == {"a": 11, "b": 22}


def test_an_ordered_dictionary_stays_one():
    value = OrderedDict(a=1, b=OrderedDict(c=2))
    rebuilt = tree.map_leaves(lambda leaf: leaf, value)
    assert type(rebuilt) is OrderedDict
    assert type(rebuilt["b"]) is OrderedDict


def test_a_named_tuple_keeps_its_names():
    rebuilt = tree.map_leaves(lambda leaf: 2 * leaf, Pair(1, Pair(2, 3)))
    assert rebuilt == Pair(2, Pair(4, 6))
    assert type(rebuilt) is type(rebuilt.second) is Pair


def test_containers_of_different_sizes_are_not_paired():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        tree.map_leaves(lambda *_: None, [1, 2], [1])

"""A function whose circuit goes on."""

import math

import pytest

import ketgrad as kg


def test_a_circuit_goes_on_with_its_parameters_behind_those_before():
    first, second = kg.parameters("first", ()), kg.parameters("second", ())
    before = kg.function(kg.Circuit(1).ry(first, 0), kg.expval(kg.Z(0)))
    after = before.followed_by(kg.Circuit(1).ry(second, 0))
    assert [array.name for array in after.parameters] == ["first", "second"]
    assert float(after(0.3, 0.4)) == pytest.approx(math.cos(0.7))
    assert float(before(0.3)) == pytest.approx(math.cos(0.3))


def test_shots_and_seed_stay():
    function = kg.function(kg.Circuit(1).h(0), kg.expval(kg.Z(0)), shots=10, seed=3)
    assert float(function.followed_by(kg.Circuit(1).h(0))()) == 1.0
    assert function.followed_by(kg.Circuit(1).z(0)).seed == 3


def test_a_larger_circuit_and_what_is_none_are_refused():
    function = kg.function(kg.Circuit(1).h(0), kg.expval(kg.Z(0)))
    with pytest.raises(kg.InvalidTypeError, match="got a str; give a circuit"):
        function.followed_by("h")
    with pytest.raises(kg.InvalidValueError, match="compose got qubit 1, but the circuit has qubits 0 to 0"):
        function.followed_by(kg.Circuit(2).h(1))

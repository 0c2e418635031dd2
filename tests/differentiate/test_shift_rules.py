"""General shift rules against the closed form of Wierichs et al. and against sums of sines and cosines."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ketgrad as kg
from ketgrad.gradients import frequencies_of, shift_rule


def derivative(function, rule, point):
    return sum(coefficient * function(point + shift) for shift, coefficient in rule)


@pytest.mark.parametrize(
    ("eigenvalues", "frequencies"),
    [
        ((1.0, -1.0), (1.0,)),
        ((0.0, -2.0), (1.0,)),
        ((0.0, 1.0, -1.0), (0.5, 1.0)),
        ((3.0, 1.0, -1.0, -3.0), (1.0, 2.0, 3.0)),
        ((2.0, 2.0 + 1e-12, 0.0), (1.0,)),
        ((5.0,), ()),
    ],
)
def test_frequencies_are_half_the_differences_of_eigenvalues(eigenvalues, frequencies):
    assert frequencies_of(eigenvalues) == pytest.approx(frequencies, abs=1e-9)


@pytest.mark.parametrize("unit", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_equal_distances_have_the_coefficients_of_the_closed_form(count, unit):
    # Wierichs et al., Theorem 1: at (2μ−1)π/2R the coefficient is (−1)^(μ−1) / (4R sin²((2μ−1)π/4R)), over ± shifts.
    found = dict(shift_rule(tuple(unit * np.arange(1, count + 1))))
    for mu in range(1, count + 1):
        shift = (2 * mu - 1) * math.pi / (2 * count) / unit
        coefficient = unit * (-1) ** (mu - 1) / (4 * count * math.sin((2 * mu - 1) * math.pi / (4 * count)) ** 2)
        (near,) = [value for key, value in found.items() if abs(key - shift) < 1e-9]
        assert near == pytest.approx(coefficient, abs=1e-12)


@given(
    st.lists(
        st.sampled_from([0.25, 0.5, 1.0, 1.3, 1.7, 2.0, math.sqrt(5), math.pi]), min_size=1, max_size=4, unique=True
    ),
    st.integers(0, 1000),
)
def test_a_rule_is_exact_for_every_sum_of_its_frequencies(frequencies, seed):
    rng = np.random.default_rng(seed)
    cosines, sines, constant = rng.normal(size=len(frequencies)), rng.normal(size=len(frequencies)), rng.normal()
    omega, point = np.array(frequencies), rng.uniform(-3, 3)

    def function(x):
        return constant + cosines @ np.cos(omega * x) + sines @ np.sin(omega * x)

    expected = omega @ (sines * np.cos(omega * point) - cosines * np.sin(omega * point))
    assert derivative(function, shift_rule(tuple(frequencies)), point) == pytest.approx(expected, abs=1e-9)


def test_a_rule_for_fewer_frequencies_is_wrong():
    rule = shift_rule((1.0,))
    assert abs(derivative(lambda x: math.sin(x / 2), rule, 0.0) - 0.5) > 0.1


def test_a_list_of_frequencies_is_taken_too():
    assert shift_rule([1, 2]) == shift_rule((1.0, 2.0))


@pytest.mark.parametrize("frequencies", ["ab", 1.0])
def test_frequencies_are_several(frequencies):
    with pytest.raises(kg.InvalidTypeError, match=r"shift_rule got .* where a list is due"):
        shift_rule(frequencies)


@pytest.mark.parametrize("frequencies", [(), (0.0,), (-1.0,), (1.0, 1.0), ("a",), (math.nan,)])
def test_frequencies_are_positive_and_different(frequencies):
    with pytest.raises(kg.InvalidValueError, match="give positive numbers, all different"):
        shift_rule(frequencies)

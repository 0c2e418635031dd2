"""What is said of finite differences: the warning where they are taken, the error where they are ruled out."""

import inspect
import warnings
from typing import NamedTuple

import numpy as np
import pytest

import ketgrad as kg
from cut_functions import cut_square, square

FOUND_NO_PATH = (
    "automatic differentiation found no path from it to the result (unused, detached, rebuilt on the way, or by way of "
    "samples, for which there is kg.gradients.score_function)"
)


class Point(NamedTuple):
    """Two coordinates."""

    x: object
    y: object


@pytest.fixture
def caught():
    """The warnings of the test, as a list."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield found


# What is said


def test_the_warning_names_arguments_reason_and_cost(autodiff_backend, caught):
    def function(p, q, r):
        return square(p["w"][0]) + cut_square(p["w"][1]) + cut_square(q) + square(r)

    kg.grad(function, argnums=(0, 1, 2))({"w": [1.0, np.ones(3)]}, 2.0, 3.0)
    (warning,) = caught
    assert warning.category is kg.GradientFallbackWarning
    assert str(warning.message) == (
        f"gradient for argument 0['w'][1], argument 1 by finite differences, 8 evaluations more: {FOUND_NO_PATH}"
    )


def test_the_warning_counts_four_evaluations_for_a_complex_number(autodiff_backend, caught):
    kg.grad(lambda x, z: square(x), argnums=(0, 1))(1.0, 1.0 + 1.0j)
    (warning,) = caught
    assert "argument 1 by finite differences, 4 evaluations more" in str(warning.message)


@pytest.mark.parametrize("name", ["strict", "autoray:numpy"])
def test_the_warning_says_where_a_backend_has_no_automatic_differentiation(name, caught):
    with kg.use_backend(name):
        kg.grad(square)(np.ones(3))
    (warning,) = caught
    assert str(warning.message) == (
        f"gradient for argument 0 by finite differences, 6 evaluations more: the {name} backend has no automatic "
        "differentiation"
    )


def test_a_field_of_a_named_tuple_is_named(autodiff_backend, caught):
    kg.grad(lambda p: square(p.x))(Point(1.0, 2.0))
    (warning,) = caught
    assert str(warning.message).startswith("gradient for argument 0[1] by") or "argument 0.y" in str(warning.message)


@pytest.mark.parametrize("transform", ["value_and_grad", "grad", "jacobian"])
def test_the_warning_points_to_the_line_that_called(autodiff_backend, caught, transform):
    derivative = getattr(kg, transform)(cut_square)
    derivative(2.0)
    line = inspect.currentframe().f_lineno - 1
    (warning,) = caught
    assert (warning.filename, warning.lineno) == (__file__, line)


def test_the_warning_of_a_hessian_points_to_the_line_that_called(autodiff_backend, caught):
    derivative = kg.hessian(cut_square)
    derivative(2.0)
    line = inspect.currentframe().f_lineno - 1
    assert {(warning.filename, warning.lineno) for warning in caught} == {(__file__, line)}


def test_a_warning_comes_at_every_call(autodiff_backend, caught):
    derivative = kg.grad(cut_square)
    for _ in range(3):
        derivative(2.0)
    assert len(caught) == 3


# fallback="error"


def test_finite_differences_are_ruled_out_in_one_sentence(autodiff_backend):
    calls = []

    def function(p, q):
        calls.append(1)
        return square(p["w"]) + cut_square(p["b"]) + cut_square(q)

    with pytest.raises(kg.GradientError) as refused:
        kg.value_and_grad(function, argnums=(0, 1), fallback="error")({"w": 1.0, "b": 2.0}, 3.0)
    assert str(refused.value) == (
        f"no gradient for argument 0['b'], argument 1: {FOUND_NO_PATH}; keep it in the framework's own operations, or "
        'allow fallback="finite-diff"'
    )
    assert isinstance(refused.value, ValueError)
    assert len(calls) == 1


@pytest.mark.parametrize("transform", ["grad", "jacobian", "hessian", "value_and_grad"])
def test_every_derivative_rules_them_out(autodiff_backend, transform):
    with pytest.raises(kg.GradientError, match="no gradient for argument 0: automatic differentiation found no path"):
        getattr(kg, transform)(cut_square, fallback="error")(2.0)


@pytest.mark.parametrize("name", ["strict", "autoray:numpy"])
def test_a_backend_without_automatic_differentiation_says_so(name):
    with kg.use_backend(name), pytest.raises(kg.GradientError) as refused:
        kg.grad(square, fallback="error")(2.0)
    assert f"no gradient for argument 0: the {name} backend has no automatic differentiation" in str(refused.value)


@pytest.mark.parametrize("wrong", ["finite_diff", "Error", None, True, 0, ["error"]], ids=repr)
@pytest.mark.parametrize("transform", ["grad", "jacobian", "hessian", "value_and_grad"])
def test_an_unknown_fallback_is_refused(transform, wrong):
    with pytest.raises(kg.InvalidValueError) as refused:
        getattr(kg, transform)(square, fallback=wrong)(2.0)
    assert str(refused.value) == f'fallback is {wrong!r}; give "finite-diff" or "error"'

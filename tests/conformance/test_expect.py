"""What compares also asserts: each helper of the kit fails on what it is there to catch."""

import warnings

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import refused

NUMPY = kg.registry.resolve("numpy")
STRICT = kg.registry.resolve("strict")


def test_close_passes_on_the_right_values():
    expect.close(NUMPY, np.array([1.0, 2.0]), [1.0, 2.0 + 1e-13])
    expect.close(NUMPY, np.array([1, 2]), [1, 2], dtype="int64")


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        ([1.0, 2.0], "got a builtins.list"),
        (np.array([1.0, 2.0], "float32"), "expected float64, got float32"),
        (np.array([[1.0, 2.0]]), "expected shape"),
        (np.array([1.0, 2.0 + 1e-11]), "within 1e-12"),
        (np.array([1.0, np.nan]), "within 1e-12"),
    ],
    ids=["kind", "type", "shape", "value", "not a number"],
)
def test_close_fails_on_another(actual, words):
    with pytest.raises(AssertionError, match=words):
        expect.close(NUMPY, actual, [1.0, 2.0])


def test_near_fails_on_a_shape_that_would_broadcast():
    with pytest.raises(AssertionError, match="shape"):
        expect.near(np.array([1.0, 1.0]), 1.0, 1e-12)


def test_forward_and_backward_fails_on_a_wrong_value():
    with pytest.raises(AssertionError, match="expected 5"):
        expect.forward_and_backward(NUMPY, lambda x: x * x, [2.0], 5.0, [4.0])


def test_forward_and_backward_fails_on_a_wrong_gradient():
    with pytest.raises(AssertionError, match="expected 5"):
        expect.forward_and_backward(NUMPY, lambda x: x * x, [2.0], 4.0, [5.0])


def test_forward_and_backward_tells_the_elements_of_a_gradient_apart():
    with pytest.raises(AssertionError):
        expect.forward_and_backward(NUMPY, lambda x: x * 1.0, [[2.0, 3.0]], [2.0, 3.0], [[2.0, 1.0]])


def test_pullback_fails_on_a_conjugated_gradient():
    leaf = np.array([1.0 + 2.0j])
    with pytest.raises(AssertionError, match="within"):
        expect.pullback(NUMPY, lambda z: z * z, [leaf], [-3.0 + 4.0j], [1.0], [[2.0 + 4.0j]], dtype="complex128")


def test_differentiation_lets_the_warning_pass_where_there_is_nothing_better():
    _, gradient = expect.value_and_grad(STRICT, lambda x: x * x, 3.0)
    expect.close(STRICT, gradient, 6.0, tolerance=1e-8)


def test_fallback_warning_fails_without_a_warning():
    with pytest.raises(AssertionError, match="expected one GradientFallbackWarning"), expect.fallback_warning():
        pass


def test_fallback_warning_fails_on_other_words():
    with pytest.raises(AssertionError, match="argument 1"), expect.fallback_warning("argument 1"):
        warnings.warn("argument 0", kg.GradientFallbackWarning, stacklevel=1)


def test_fallback_warning_lets_an_exception_through():
    with pytest.raises(ZeroDivisionError), expect.fallback_warning():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("message", "words"),
    [("", "says nothing"), ("two\nlines", "one sentence"), ("about something else", "in 'about")],
)
def test_refusal_fails_on_an_error_that_does_not_say_what_is_wrong(message, words):
    with pytest.raises(AssertionError, match=words), expect.refusal(ValueError, "qubit"):
        raise ValueError(message)


def test_refusal_fails_where_nothing_is_raised():
    with pytest.raises(pytest.fail.Exception), expect.refusal(ValueError):
        pass


def test_refusal_lets_an_unsupported_error_through():
    with pytest.raises(kg.UnsupportedError), expect.refusal(kg.InvalidValueError):
        raise kg.UnsupportedError("no such capability")


def test_some_error_fails_where_nothing_is_raised():
    with pytest.raises(AssertionError, match="went through"), expect.some_error():
        pass


def test_ramp_counts_with_the_last_axis_fastest():
    assert expect.ramp((2, 3)) == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert expect.ramp(()) == 1.0


@pytest.mark.parametrize("error", [AttributeError, ValueError, AssertionError])
def test_a_refusal_by_another_error_than_unsupported_fails(error):
    with pytest.raises(AssertionError, match="must raise UnsupportedError"), refused(("vmap",), kg.UnsupportedError):
        raise error("no such thing")


def test_working_undeclared_fails():
    with pytest.raises(AssertionError, match="not declared, but works"), refused(("vmap",), kg.UnsupportedError):
        pass


def test_a_refusal_passes():
    with refused(("vmap",), kg.UnsupportedError):
        raise kg.UnsupportedError("no such capability")

"""Exceptions of a function that is differentiated are the user's, and come through every transformation."""

import numpy as np
import pytest

import ketgrad as kg
from cut_functions import cut_square, square


class OwnError(Exception):
    """An exception of the user's own."""


RAISED = [ValueError, TypeError, AttributeError, NotImplementedError, RuntimeError, KeyError, OwnError]


@pytest.mark.parametrize("kind", RAISED)
def test_an_exception_comes_through_as_the_same_object(backend, kind):
    error, calls = kind("mine"), []

    def fails(x):
        calls.append(1)
        raise error

    with pytest.raises(kind) as raised:
        kg.value_and_grad(fails)(1.0)
    assert raised.value is error
    assert len(calls) == 1
    assert not any("ketgrad" in note for note in getattr(error, "__notes__", ()))


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("kind", RAISED)
def test_an_exception_in_a_finite_difference_is_the_same_object_with_a_note(backend, kind):
    error, calls = kind("mine"), []

    def fails(p):
        calls.append(1)
        if len(calls) > 1:
            raise error
        return square(p["w"]) + cut_square(p["b"])

    with pytest.raises(kind) as raised:
        kg.value_and_grad(fails)({"w": 1.0, "b": 2.0})
    assert raised.value is error
    assert any("while ketgrad took finite differences for argument 0['" in note for note in error.__notes__)


def test_an_exception_that_shows_the_argument_is_the_user_s_too(autodiff_backend):
    def fails(x):
        raise ValueError(f"too large: {x!r} of {type(x)}")

    with pytest.raises(ValueError, match=r"^too large"):
        kg.grad(fails)(1.0)


def test_an_exception_that_shows_the_argument_calls_the_function_once(autodiff_backend):
    calls = []

    def fails(x):
        calls.append(1)
        if len(calls) == 1:
            raise ValueError(f"too large: {x!r} of {type(x)}")
        return square(x)

    with pytest.raises(ValueError, match=r"^too large"):
        kg.grad(fails)(1.0)
    assert len(calls) == 1


class DetailedError(Exception):
    """An exception that can't be made again from its text."""

    def __init__(self, code, detail):
        super().__init__(code, detail)
        self.code = code


@pytest.mark.parametrize("transform", ["grad", "jacobian", "hessian", "vmap"])
def test_an_exception_comes_through_every_transformation(autodiff_backend, transform):
    error = DetailedError(7, "mine")

    def fails(x):
        raise error

    with pytest.raises(DetailedError) as raised:
        getattr(kg, transform)(fails)(np.ones(2))
    assert raised.value is error


def test_ketgrad_s_own_errors_come_through(autodiff_backend):
    with pytest.raises(kg.InvalidValueError, match="qubit 3"):
        kg.grad(lambda x: kg.Circuit(2).rx(x, 3).expectation(kg.Z(0)))(0.1)


def test_an_interrupt_comes_through(autodiff_backend):
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kg.grad(interrupted)(1.0)

"""The second path: finite differences for what automatic differentiation leaves out, and for nothing else."""

import inspect
import math
import warnings
from typing import NamedTuple

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

FOUND_NO_PATH = (
    "automatic differentiation found no path from it to the result (unused, detached, rebuilt on the way, or by way of "
    "samples, for which there is kg.gradients.score_function)"
)


class Point(NamedTuple):
    """Two coordinates."""

    x: object
    y: object


def square(x):
    return kg.backend.sum(x * x)


def cut_square(x):
    return square(kg.backend.detach(x))


@pytest.fixture
def caught():
    """The warnings of the test, as a list."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield found


@pytest.fixture
def quiet():
    """Finite differences without the warning, which other tests are about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kg.GradientFallbackWarning)
        yield


# Only what has to be


@pytest.mark.usefixtures("quiet")
def test_only_the_argument_without_a_gradient_is_varied(autodiff_backend):
    seen = []

    def function(a, b):
        seen.append((autodiff_backend.is_concrete(a) and autodiff_backend.to_numpy(a).tolist(),
                     autodiff_backend.is_concrete(b) and autodiff_backend.to_numpy(b).tolist()))  # fmt: skip
        return square(a) + cut_square(b)

    first, second = kg.grad(function, argnums=(0, 1))(np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0]))
    # One evaluation on the first path, then two for each of the two numbers of b.
    assert len(seen) == 1 + 2 * 2
    assert all(a == [1.0, 2.0, 3.0] for a, _ in seen[1:])
    expect.close(autodiff_backend, first, [2.0, 4.0, 6.0])
    expect.close(autodiff_backend, second, [10.0, 14.0], tolerance=1e-9)


@pytest.mark.usefixtures("quiet")
def test_the_native_gradient_is_not_replaced_by_a_difference(autodiff_backend):
    # Central differences of x³ are off by h², about 4e-11 here.
    first, _ = kg.grad(lambda a, b: a * a * a + cut_square(b), argnums=(0, 1))(1.0, 2.0)
    assert autodiff_backend.to_numpy(first) == 3.0


@pytest.mark.usefixtures("quiet")
def test_only_the_leaf_without_a_gradient_is_varied(autodiff_backend):
    calls = []

    def function(p):
        calls.append(1)
        return square(p["used"]) + cut_square(p["cut"][0])

    gradient = kg.grad(function)({"used": np.ones(4), "cut": [3.0]})
    assert len(calls) == 1 + 2
    expect.close(autodiff_backend, gradient["cut"][0], 6.0, tolerance=1e-9)


@pytest.mark.usefixtures("quiet")
def test_every_evaluation_gets_native_arrays(autodiff_backend):
    seen = []

    def function(a, b):
        seen.append(autodiff_backend.is_array(a) and autodiff_backend.is_array(b))
        return cut_square(a) * b

    kg.grad(function, argnums=(0, 1))(np.array([1.0, 2.0]), 3.0)
    assert seen == [True] * 5


@pytest.mark.usefixtures("quiet")
def test_without_automatic_differentiation_every_number_costs_two_evaluations():
    calls = []

    def function(a, b):
        calls.append(1)
        return square(a) * b

    with kg.use_backend("strict") as strict:
        first, second = kg.grad(function, argnums=(0, 1))(np.array([1.0, 2.0]), 3.0)
    assert len(calls) == 1 + 2 * 3
    assert strict.to_numpy(first) == pytest.approx([6.0, 12.0], abs=1e-8)
    assert strict.to_numpy(second) == pytest.approx(5.0, abs=1e-8)


# How good they are


@pytest.mark.usefixtures("quiet")
def test_single_precision_arguments_are_differenced_in_double(backend):
    gradient = kg.grad(cut_square)(np.float32([1.0, 2.0, 3.0]))
    expect.close(backend, gradient, [2.0, 4.0, 6.0], dtype="float32", tolerance=1e-6)


@pytest.mark.usefixtures("quiet")
def test_single_precision_in_force_is_differenced_in_double(backend):
    def energy(theta):
        return kg.Circuit(1).ry(kg.backend.detach(theta), 0).expectation(kg.Z(0))

    with kg.use_precision("single"):
        expect.close(backend, kg.grad(energy)(0.3), -math.sin(0.3), dtype="float32", tolerance=2e-7)
        assert kg.get_precision() == "single"


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x", [1e6, -1e6, 1e-6, 0.0])
def test_the_step_grows_with_the_argument(backend, dtype, x):
    gradient = kg.grad(cut_square)(np.array(x, dtype))
    expect.close(backend, gradient, 2.0 * float(np.array(x, dtype)), dtype=dtype, tolerance=1e-6)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "combine",
    [
        lambda weights, x: weights * kg.backend.transpose(x, (1, 0)),
        lambda weights, x: kg.backend.matmul(weights, x),
        lambda weights, x: kg.backend.einsum("ij,jk->ik", weights, x),
    ],
    ids=["product", "matmul", "einsum"],
)
def test_a_single_precision_constant_beside_the_argument_is_no_hindrance(autodiff_backend, combine):
    # The argument comes in double precision while it is varied; what the function closes over does not.
    weights = autodiff_backend.asarray([[2.0, 3.0]], dtype="float32")

    def function(x):
        return kg.backend.sum(combine(weights, kg.backend.detach(x)))

    gradient = kg.grad(function)(np.float32([[1.0], [1.0]]))
    expect.close(autodiff_backend, gradient, [[2.0], [3.0]], dtype="float32", tolerance=1e-4)


@pytest.mark.usefixtures("quiet")
def test_a_complex_argument_is_differenced_up_the_steepest_way(backend):
    # Im z³ has the gradient i·conj(3z²).
    gradient = kg.grad(lambda z: kg.backend.imag(z * z * z))(kg.backend.detach(backend.asarray(1.0 + 2.0j)))
    expect.close(backend, gradient, 3j * (1 - 2j) ** 2, dtype="complex128", tolerance=1e-8)


@pytest.mark.usefixtures("quiet")
def test_an_unused_argument_has_a_gradient_of_zeros(backend):
    _, gradient = kg.grad(lambda a, b: square(a), argnums=(0, 1))(1.0, np.ones((2, 3)))
    expect.close(backend, gradient, [[0.0] * 3] * 2)


@pytest.mark.usefixtures("quiet")
def test_a_function_that_uses_no_argument_has_a_gradient_of_zeros(backend):
    value, gradient = kg.value_and_grad(lambda x: 5.0)(np.ones(2))
    expect.close(backend, value, 5.0)
    expect.close(backend, gradient, [0.0, 0.0])


@pytest.mark.usefixtures("quiet")
def test_an_unused_array_without_elements_has_an_empty_gradient(backend):
    _, gradient = kg.grad(lambda a, b: square(a), argnums=(0, 1))(1.0, np.zeros((0, 3)))
    assert (backend.dtype(gradient), tuple(gradient.shape)) == ("float64", (0, 3))


@pytest.mark.usefixtures("quiet")
def test_values_taken_out_of_the_framework_have_their_true_gradient(backend):
    def function(x):
        return float(kg.backend.to_numpy(x)) ** 3

    value, gradient = kg.value_and_grad(function)(2.0)
    expect.close(backend, value, 8.0)
    expect.close(backend, gradient, 12.0, tolerance=1e-8)


@pytest.mark.usefixtures("quiet")
def test_finite_differences_are_mapped(autodiff_backend):
    mapped = kg.vmap(kg.grad(cut_square))
    expect.close(autodiff_backend, mapped(np.array([1.0, 2.0, 3.0])), [2.0, 4.0, 6.0], tolerance=1e-8)


@pytest.mark.usefixtures("quiet")
def test_the_precision_in_force_is_restored_when_a_difference_fails(backend):
    calls = []

    def function(x):
        calls.append(1)
        if len(calls) > 1:
            raise KeyError
        return cut_square(x)

    with kg.use_precision("single"):
        with pytest.raises(KeyError):
            kg.grad(function)(1.0)
        assert kg.get_precision() == "single"


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


# Exceptions of the function are the user's


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


@pytest.mark.usefixtures("quiet")
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

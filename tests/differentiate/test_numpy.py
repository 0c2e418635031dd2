"""What only NumPy has: autograd's boxes under NumPy's own functions, plain numbers, and threads."""

import math
import threading

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect


@pytest.fixture(autouse=True)
def in_numpy():
    """NumPy in force."""
    with kg.use_backend("numpy") as backend:
        yield backend


def test_autograd_s_numpy_is_followed():
    gradient = kg.grad(lambda x: anp.sum(anp.sin(x) * anp.exp(-x) + anp.where(x > 0.5, x, 0.0)), fallback="error")(
        np.array([0.3, 0.7])
    )
    expected = [math.exp(-x) * (math.cos(x) - math.sin(x)) + (x > 0.5) for x in (0.3, 0.7)]
    expect.near(gradient, expected, 1e-12)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: (x**2).sum(), [2.0, 4.0]),
        (lambda x: x @ x, [2.0, 4.0]),
        (lambda x: x[0] * x[1] ** 2, [4.0, 4.0]),
        (lambda x: x.reshape(2, 1).T.mean(), [0.5, 0.5]),
        (lambda x: sum(x), [1.0, 1.0]),
        (lambda x: x @ x if x[0] > 0 else 0.0, [2.0, 4.0]),
    ],
    ids=["power", "matmul", "indices", "methods", "sum", "branch"],
)
def test_operators_and_methods_of_an_array_are_followed(function, expected):
    expect.near(kg.grad(function, fallback="error")(np.array([1.0, 2.0])), expected, 1e-12)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: np.sum(np.sin(x)), [math.cos(1.0), math.cos(2.0)]),
        (lambda x: math.sin(x[0]) * x[1], [2 * math.cos(1.0), math.sin(1.0)]),
        (lambda x: float(x[0]) ** 2 + x[1], [2.0, 1.0]),
        (lambda x: np.linalg.norm(x) ** 2, [2.0, 4.0]),
        (lambda x: np.einsum("i,i->", x, x), [2.0, 4.0]),
    ],
    ids=["ufunc", "math", "float", "norm", "einsum"],
)
def test_what_autograd_cannot_follow_is_right_with_a_warning_or_followed(function, expected, recwarn):
    gradient = kg.grad(function)(np.array([1.0, 2.0]))
    expect.near(gradient, expected, 1e-8)
    assert {warning.category for warning in recwarn} <= {kg.GradientFallbackWarning}


def test_writing_into_an_array_is_differentiated_by_differences_and_leaves_the_argument(recwarn):
    def function(x):
        y = x * 1.0
        y[0] = y[0] * 3.0
        return (y**2).sum()

    x = np.array([1.0, 2.0])
    gradient = kg.grad(function)(x)
    expect.near(gradient, [18.0, 4.0], 1e-8)
    assert [warning.category for warning in recwarn] == [kg.GradientFallbackWarning]
    assert "autograd can't follow the function" in str(recwarn[0].message)
    assert x.tolist() == [1.0, 2.0]


def test_an_array_rebuilt_from_its_elements_has_its_true_gradient(recwarn):
    gradient = kg.grad(lambda x: np.array([x[0], x[1] * 2.0]).sum())(np.array([1.0, 2.0]))
    expect.near(gradient, [1.0, 2.0], 1e-8)
    assert {warning.category for warning in recwarn} <= {kg.GradientFallbackWarning}


def test_an_array_rebuilt_by_autograd_s_numpy_is_followed():
    gradient = kg.grad(lambda x: anp.array([x[0], x[1] * 2.0]).sum(), fallback="error")(np.array([1.0, 2.0]))
    expect.near(gradient, [1.0, 2.0], 1e-12)


def test_a_missing_rule_of_autograd_s_is_filled_by_differences():
    with pytest.warns(kg.GradientFallbackWarning):
        gradient = kg.grad(lambda x: anp.sum(anp.nan_to_num(anp.cbrt(x))) if hasattr(anp, "cbrt") else x)(
            np.array([1.0, 8.0])
        )
    # The cube root has the derivative x^(−2/3) / 3.
    expect.near(gradient, [1 / 3, 1 / 12], 1e-8)


def test_results_are_numpy_s_own_and_no_boxes():
    (value, aux), gradient = kg.value_and_grad(lambda x: (x * x, {"box": [x, (x,)]}), has_aux=True)(3.0)
    for found in (value, gradient, aux["box"][0], aux["box"][1][0]):
        assert type(found).__module__ == "numpy"
        assert found.dtype == np.float64


def test_numpy_s_numbers_are_arguments():
    value, gradient = kg.value_and_grad(lambda x: x * x)(np.float64(3.0))
    assert (float(value), float(gradient)) == (9.0, 6.0)
    _, gradient = kg.value_and_grad(lambda x: x * x)(np.float32(3.0))
    assert gradient.dtype == np.float32


def test_autograd_s_own_gradient_goes_through_a_circuit():
    gradient = autograd.grad(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(0.3)
    expect.near(gradient, -math.sin(0.3), 1e-12)


def test_autograd_s_and_ketgrad_s_derivatives_nest_in_either_order():
    expect.near(autograd.grad(kg.grad(lambda x: x**3, fallback="error"))(2.0), 12.0, 1e-12)
    expect.near(kg.grad(autograd.grad(lambda x: x**3), fallback="error")(2.0), 12.0, 1e-12)


def test_autograd_works_as_before_after_ketgrad_used_it():
    for _ in range(3):
        kg.grad(lambda x: x**3)(2.0)
        with pytest.raises(ZeroDivisionError):
            kg.grad(lambda x: 1 / 0)(2.0)
        expect.near(autograd.grad(autograd.grad(lambda x: x**3))(2.0), 12.0, 1e-12)


def test_the_error_state_of_numpy_is_the_user_s():
    with np.errstate(all="raise"):
        before = np.geterr()
        kg.hessian(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(0.3)
        assert np.geterr() == before


# Threads


def in_threads(count, work):
    """Run `work(place)` in many threads at once, and return what each found."""
    together, found = threading.Barrier(count), [None] * count

    def run(place):
        together.wait(30)
        try:
            found[place] = work(place)
        except Exception as mishap:  # noqa: BLE001 - whatever it is, the test shows it
            found[place] = mishap

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_eight_threads_take_nested_derivatives_at_once():
    def work(place):
        factor = place + 1.0
        second = kg.grad(kg.grad(lambda x: anp.sin(factor * x), fallback="error"), fallback="error")
        return [float(second(0.1 * step)) for step in range(100)]

    found = in_threads(8, work)
    for place, numbers in enumerate(found):
        factor = place + 1.0
        expect.near(numbers, [-(factor**2) * math.sin(factor * 0.1 * step) for step in range(100)], 1e-12)


def test_eight_threads_share_one_derivative():
    derivative = kg.value_and_grad(lambda t: kg.Circuit(2).ry(t, 0).cx(0, 1).expectation(kg.Z(1)))

    def work(place):
        return [tuple(map(float, derivative(0.1 * place + 0.01 * step))) for step in range(20)]

    for place, pairs in enumerate(in_threads(8, work)):
        angles = [0.1 * place + 0.01 * step for step in range(20)]
        expect.near(pairs, [(math.cos(angle), -math.sin(angle)) for angle in angles], 1e-12)

"""The second path: finite differences for what automatic differentiation leaves out, and for nothing else."""

import math

import numpy as np
import pytest

import ketgrad as kg
from cut_functions import cut_square, square
from ketgrad_conformance import expect

pytestmark = pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")


# Only what has to be


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


def test_the_native_gradient_is_not_replaced_by_a_difference(autodiff_backend):
    # Central differences of x³ are off by h², about 4e-11 here.
    first, _ = kg.grad(lambda a, b: a * a * a + cut_square(b), argnums=(0, 1))(1.0, 2.0)
    assert autodiff_backend.to_numpy(first) == 3.0


def test_only_the_leaf_without_a_gradient_is_varied(autodiff_backend):
    calls = []

    def function(p):
        calls.append(1)
        return square(p["used"]) + cut_square(p["cut"][0])

    gradient = kg.grad(function)({"used": np.ones(4), "cut": [3.0]})
    assert len(calls) == 1 + 2
    expect.close(autodiff_backend, gradient["cut"][0], 6.0, tolerance=1e-9)


def test_every_evaluation_gets_native_arrays(autodiff_backend):
    seen = []

    def function(a, b):
        seen.append(autodiff_backend.is_array(a) and autodiff_backend.is_array(b))
        return cut_square(a) * b

    kg.grad(function, argnums=(0, 1))(np.array([1.0, 2.0]), 3.0)
    assert seen == [True] * 5


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


def test_single_precision_arguments_are_differenced_in_double(backend):
    gradient = kg.grad(cut_square)(np.float32([1.0, 2.0, 3.0]))
    expect.close(backend, gradient, [2.0, 4.0, 6.0], dtype="float32", tolerance=1e-6)


def test_single_precision_in_force_is_differenced_in_double(backend):
    def energy(theta):
        return kg.Circuit(1).ry(kg.backend.detach(theta), 0).expectation(kg.Z(0))

    with kg.use_precision("single"):
        expect.close(backend, kg.grad(energy)(0.3), -math.sin(0.3), dtype="float32", tolerance=2e-7)
        assert kg.get_precision() == "single"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x", [1e6, -1e6, 1e-6, 0.0])
def test_the_step_grows_with_the_argument(backend, dtype, x):
    gradient = kg.grad(cut_square)(np.array(x, dtype))
    expect.close(backend, gradient, 2.0 * float(np.array(x, dtype)), dtype=dtype, tolerance=1e-6)


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


def test_a_complex_argument_is_differenced_up_the_steepest_way(backend):
    # Im z³ has the gradient i·conj(3z²).
    gradient = kg.grad(lambda z: kg.backend.imag(z * z * z))(kg.backend.detach(backend.asarray(1.0 + 2.0j)))
    expect.close(backend, gradient, 3j * (1 - 2j) ** 2, dtype="complex128", tolerance=1e-8)


def test_an_unused_argument_has_a_gradient_of_zeros(backend):
    _, gradient = kg.grad(lambda a, b: square(a), argnums=(0, 1))(1.0, np.ones((2, 3)))
    expect.close(backend, gradient, [[0.0] * 3] * 2)


def test_a_function_that_uses_no_argument_has_a_gradient_of_zeros(backend):
    value, gradient = kg.value_and_grad(lambda x: 5.0)(np.ones(2))
    expect.close(backend, value, 5.0)
    expect.close(backend, gradient, [0.0, 0.0])


def test_an_unused_array_without_elements_has_an_empty_gradient(backend):
    _, gradient = kg.grad(lambda a, b: square(a), argnums=(0, 1))(1.0, np.zeros((0, 3)))
    assert (backend.dtype(gradient), tuple(gradient.shape)) == ("float64", (0, 3))


def test_values_taken_out_of_the_framework_have_their_true_gradient(backend):
    def function(x):
        return float(kg.backend.to_numpy(x)) ** 3

    value, gradient = kg.value_and_grad(function)(2.0)
    expect.close(backend, value, 8.0)
    expect.close(backend, gradient, 12.0, tolerance=1e-8)


def test_finite_differences_are_mapped(autodiff_backend):
    mapped = kg.vmap(kg.grad(cut_square))
    expect.close(autodiff_backend, mapped(np.array([1.0, 2.0, 3.0])), [2.0, 4.0, 6.0], tolerance=1e-8)


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

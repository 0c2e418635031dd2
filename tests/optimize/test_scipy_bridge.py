"""minimize_scipy: the same minimum by each method, Hessians where they are used, containers, what is told."""

import math

import numpy as np
import pytest

import ketgrad as kg
from optimizer_checks import numbers

pytest.importorskip("scipy")

START = [0.4, 0.3]


def energy(num_qubits=2):
    """Return ⟨Z₀Z₁ + X₀/2 + X₁/2⟩ of two rotations about Y: cos a cos b + (sin a + sin b)/2."""
    theta = kg.parameters("theta", (2,))
    observable = kg.Z(0) @ kg.Z(1) + 0.5 * kg.X(0) + 0.5 * kg.X(1)
    return kg.function(kg.Circuit(num_qubits).ry(theta[0], 0).ry(theta[1], 1), kg.expval(observable))


def lowest():
    angles = np.linspace(0, 2 * math.pi, 2001)
    first, second = np.meshgrid(angles, angles)
    return (np.cos(first) * np.cos(second) + (np.sin(first) + np.sin(second)) / 2).min()


@pytest.mark.parametrize("method", ["BFGS", "CG", "SLSQP", "TNC", "Newton-CG", "trust-ncg"])
def test_methods_reach_the_minimum(method):
    assert kg.optimize.minimize_scipy(energy(), START, method, tol=1e-10).fun == pytest.approx(lowest(), abs=2e-6)


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-exact"])
def test_the_minimum_is_the_same_on_every_backend(autodiff_backend, method):
    result = kg.optimize.minimize_scipy(energy(), START, method, tol=1e-10)
    assert result.fun == pytest.approx(lowest(), abs=2e-6)
    assert autodiff_backend.is_array(result.x)
    assert tuple(result.x.shape) == (2,)


@pytest.mark.parametrize("method", ["Nelder-Mead", "Powell", "COBYLA"])
def test_methods_without_a_gradient_run_too(method):
    assert kg.optimize.minimize_scipy(energy(), START, method).fun == pytest.approx(lowest(), abs=1e-5)


def test_the_gradient_and_the_hessian_are_exact():
    result = kg.optimize.minimize_scipy(energy(), START, "trust-exact", options={"maxiter": 1})
    a, b = result.x
    slope = [-math.sin(a) * math.cos(b) + math.cos(a) / 2, -math.cos(a) * math.sin(b) + math.cos(b) / 2]
    mixed = math.sin(a) * math.sin(b)
    own = [-math.cos(a) * math.cos(b) - math.sin(each) / 2 for each in (a, b)]
    np.testing.assert_allclose(result.jac, slope, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.hess, [[own[0], mixed], [mixed, own[1]]], rtol=0, atol=1e-9)


def test_parameters_in_containers_come_back_in_their_structure(autodiff_backend):
    def loss(x, scale):
        first, second = x["pair"]
        return autodiff_backend.sum((first - scale) * (first - scale)) + autodiff_backend.sum(second * second)

    start = {"pair": (np.ones((2, 2)), np.array(3.0))}
    for method in ("L-BFGS-B", "trust-exact"):
        result = kg.optimize.minimize_scipy(loss, start, method, args=(2.0,))
        first, second = result.x["pair"]
        np.testing.assert_allclose(numbers(autodiff_backend, first), np.full((2, 2), 2.0), rtol=0, atol=1e-6)
        np.testing.assert_allclose(numbers(autodiff_backend, second), 0.0, rtol=0, atol=1e-6)


def test_a_single_number_and_bounds():
    result = kg.optimize.minimize_scipy(lambda x: (x - 3.0) ** 2, 0.5, bounds=[(0.0, 2.0)])
    assert result.x.shape == ()
    assert float(result.x) == 2.0


def test_the_hessian_is_left_out_where_it_is_not_wanted():
    with_one = kg.optimize.minimize_scipy(energy(), START, "Newton-CG")
    without = kg.optimize.minimize_scipy(energy(), START, "Newton-CG", hessian=False)
    assert with_one.nhev > 0
    assert without.nhev == 0


def test_wrong_input_is_told():
    run = kg.optimize.minimize_scipy
    with pytest.raises(kg.InvalidValueError, match="method is 'Adam'; give one of SciPy's, nelder-mead"):
        run(energy(), START, "Adam")
    with pytest.raises(
        kg.InvalidValueError, match="BFGS takes no Hessian; leave hessian out, or give one of newton-cg"
    ):
        run(energy(), START, "BFGS", hessian=True)
    with pytest.raises(kg.InvalidValueError, match="dogleg needs the Hessian"):
        run(energy(), START, "dogleg", hessian=False)
    for option in ({"seed": 3}, {"steps": 10}):
        with pytest.raises(
            kg.InvalidTypeError,
            match="takes no (seed|steps), but hessian and what SciPy takes: bounds, constraints, tol, callback, options"
            r'; a number of steps is options={"maxiter": 100}, and a seed belongs to the function',
        ):
            run(energy(), START, **option)
    with pytest.raises(kg.InvalidTypeError, match="jac is made from f by differentiating it; leave jac out"):
        run(energy(), START, jac="2-point")


def test_scipy_missing_is_told_in_one_sentence(in_new_process):
    found = in_new_process(
        """
        hide("scipy")
        import ketgrad as kg

        try:
            kg.optimize.minimize_scipy(lambda x: x * x, 1.0)
        except kg.MissingFrameworkError as error:
            print(json.dumps(str(error)))
        """
    )
    assert found == (
        "ketgrad.optimize.minimize_scipy needs scipy, which is not installed; run: pip install 'ketgrad[scipy]'"
    )


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", "Powell"])
def test_a_loss_for_each_sample_is_told_to_be_a_mean(method):
    with pytest.raises(kg.InvalidValueError, match=r"an array of shape \(3,\) and type float64; .*: take the mean"):
        kg.optimize.minimize_scipy(lambda x: x * x, np.ones(3), method)

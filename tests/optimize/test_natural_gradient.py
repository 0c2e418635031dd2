"""Natural gradient: the results of reference_values.json, and the linear algebra of its steps."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.optimize.natural_gradient import precondition
from ketgrad_conformance import expect
from reference_circuits import AFTER_200_STEPS, THREAD, thread

NAMES = {None: "qng_full", "block-diag": "qng_block_diagonal", "diag": "qng_diagonal"}


@pytest.mark.parametrize("approximation", NAMES)
def test_two_hundred_steps_of_natural_gradient(autodiff_backend, approximation):
    optimizer = kg.optimize.NaturalGradient(0.01, approximation=approximation)
    result = optimizer.minimize(thread(), THREAD["p"], steps=200)
    expected = AFTER_200_STEPS[NAMES[approximation]]
    assert result.value == pytest.approx(expected["cost"], abs=1e-9)
    if "params" in expected:
        expect.close(autodiff_backend, result.x, expected["params"], tolerance=1e-9)


def test_a_regularized_step_solves_with_the_shifted_tensor(backend):
    metric, gradient = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0])
    found = precondition(backend, backend.asarray(metric), backend.asarray(gradient), 0.5)
    expect.close(backend, found, [(3.5 - 2.0) / 7.75, (5.0 - 1.0) / 7.75])  # by Cramer's rule


def test_without_regularization_directions_without_a_length_are_left_alone(backend):
    metric = np.array([[[[1.0, 1.0]], [[1.0, 1.0]]]]).reshape(2, 2)  # eigenvalue 2 along (1, 1), 0 along (1, −1)
    found = precondition(backend, backend.asarray(metric), backend.asarray(np.array([3.0, 1.0])))
    expect.close(backend, found, [1.0, 1.0])
    nothing = precondition(backend, backend.asarray(0.0 * metric), backend.asarray(np.array([3.0, 1.0])))
    expect.close(backend, nothing, [0.0, 0.0])


def test_a_parameter_without_effect_stays_where_it_is(autodiff_backend):
    x = kg.parameters("x", (2,))
    energy = kg.function(kg.Circuit(1).rz(x[0], 0).ry(x[1], 0), kg.expval(kg.Z(0)))  # rz on |0⟩ is a phase
    result = kg.optimize.NaturalGradient(0.1).minimize(energy, [0.3, 0.4], steps=1)
    expect.close(autodiff_backend, result.x, [0.3, 0.4 + 0.1 * 4 * np.sin(0.4)])  # g = 1/4, ∇ = −sin


def test_a_given_metric_takes_the_arguments_too(autodiff_backend):
    x, inputs = kg.parameters("x", ()), kg.parameters("inputs", ())
    f = kg.function(kg.Circuit(1).ry(inputs, 0).ry(x, 0), kg.expval(kg.Z(0)))

    def loss(value, data):
        return kg.backend.sum(f(inputs=data, x=value)) / 3

    seen = []

    def metric(value, data):
        seen.append(data)
        return kg.metric_tensor(lambda value, data: f.measuring(kg.state())(inputs=data, x=value), average=True)(
            value, data
        )

    data = np.array([0.0, 0.1, 0.2])
    result = kg.optimize.NaturalGradient(0.1, metric=metric).minimize(loss, 0.4, args=(data,), steps=1)
    expect.close(autodiff_backend, result.x, 0.4 + 0.4 * np.sin(0.4 + data).mean())
    assert seen[0] is data


def test_momentum_adds_up_natural_gradients(autodiff_backend):
    x = kg.parameters("x", ())
    energy = kg.function(kg.Circuit(1).ry(x, 0), kg.expval(kg.Z(0)))
    result = kg.optimize.MomentumNaturalGradient(0.1, momentum=0.5).minimize(energy, 0.4, steps=2)
    first = 0.4 + 0.4 * np.sin(0.4)
    expect.close(autodiff_backend, result.x, first + 0.4 * np.sin(first) + 0.5 * 0.4 * np.sin(0.4))


@pytest.mark.parametrize("make", [kg.optimize.NaturalGradient, kg.optimize.MomentumNaturalGradient])
def test_a_parameter_whose_metric_is_none_keeps_its_ordinary_gradient(autodiff_backend, make):
    def loss(x):
        return autodiff_backend.cos(x["angle"]) + 0.5 * autodiff_backend.sum(x["scale"] * x["scale"])

    def metric(x):
        return {"scale": None, "angle": autodiff_backend.asarray(0.25)}

    start = {"angle": 0.4, "scale": np.array([1.0, -2.0])}
    once = make(0.1, metric=metric).step(loss, start)
    expect.close(autodiff_backend, once["angle"], 0.4 + 0.4 * np.sin(0.4))
    expect.close(autodiff_backend, once["scale"], [0.9, -1.8])


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (lambda: kg.optimize.NaturalGradient(approximation="full"), "approximation is 'full'; give None"),
        (lambda: kg.optimize.NaturalGradient(regularization=-1), "regularization is -1; give a number of zero or more"),
        (lambda: kg.optimize.NaturalGradient(metric=3), "metric is a int; give a function"),
        (lambda: kg.optimize.NaturalGradient().step(lambda x: x**2, 1.0), "give metric=kg.metric_tensor"),
        (
            lambda: kg.optimize.NaturalGradient(metric=lambda x: np.eye(3)).step(lambda x: x[0] ** 2, [1.0, 2.0]),
            r"shape \(3, 3\), and the gradient \(2,\); give one of shape \(2, 2\)",
        ),
        (
            lambda: kg.optimize.NaturalGradient(metric=lambda x: None).step(lambda x: x**2, 1.0),
            "metric returned None for all parameters; return a tensor for one at least, or take GradientDescent",
        ),
        (
            lambda: kg.optimize.NaturalGradient(metric=lambda x: 0.25).step(lambda x: x**2, 1.0),
            "metric returned a float for x; give an array of numpy",
        ),
        (
            lambda: kg.optimize.NaturalGradient(metric=lambda x: np.eye(1)).step(lambda x: x["a"] ** 2, {"a": 1.0}),
            r"metric returned tensors for x, and the parameters are x\['a'\]; give one array for each",
        ),
    ],
)
def test_misuse_has_its_sentence(run, sentence):
    with pytest.raises(kg.KetgradError, match=sentence):
        run()

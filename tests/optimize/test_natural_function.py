"""Functions with natural gradients, against closed forms, in every framework and under its transformations."""

import json
import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect
from reference_circuits import AFTER_200_STEPS, THREAD, thread

DATA, U, V = np.array([0.3, 1.2, 2.0]), 0.4, 0.8


def rotations():
    """Return cos x cos v − sin x cos u sin v as a function."""
    x, u, v = (kg.parameters(name) for name in "xuv")
    return kg.function(kg.Circuit(1).ry(x, 0).rz(u, 0).ry(v, 0), kg.expval(kg.Z(0)))


def by_inputs():
    return -np.sin(DATA) * math.cos(V) - np.cos(DATA) * math.cos(U) * math.sin(V)


def by_parameters(regularization=0.0):
    """Return the natural gradient by u and v of the mean over the data."""
    y, z = np.sin(DATA) * math.sin(U), np.cos(DATA)
    metric = np.array([[(np.sin(DATA) ** 2).mean(), -(z * y).mean()], [-(z * y).mean(), (1 - y**2).mean()]]) / 4
    slopes = np.sin(DATA) * math.sin(U) * math.sin(V), -z * math.sin(V) - np.sin(DATA) * math.cos(U) * math.cos(V)
    return np.linalg.solve(metric + regularization * np.eye(2), [each.mean() for each in slopes])


def mean_of(function):
    return lambda x, u, v: kg.backend.sum(function(x, u, v)) / len(DATA)


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("method", [None, kg.gradients.ParameterShift()], ids=["best", "parameter-shift"])
def test_gradients_by_parameters_are_natural_and_others_stay(autodiff_backend, is_compiled, method):
    function = kg.optimize.natural(rotations().with_method(method), ["u", "v"])
    slope = kg.value_and_grad(mean_of(function), (0, 1, 2), fallback="error")
    points = [autodiff_backend.asarray(value) for value in (DATA, np.array(U), np.array(V))]
    value, found = (kg.jit(slope) if is_compiled else slope)(*points)
    expect.close(
        autodiff_backend, value, np.mean(np.cos(DATA) * math.cos(V) - np.sin(DATA) * math.cos(U) * math.sin(V))
    )
    expect.close(autodiff_backend, found[0], (by_inputs() / 3).tolist())
    expect.close(autodiff_backend, found[1], by_parameters()[0])
    expect.close(autodiff_backend, found[2], by_parameters()[1])


def test_regularization_is_added(autodiff_backend):
    function = kg.optimize.natural(rotations(), ("v", "u"), regularization=0.1)
    found = kg.grad(mean_of(function), (1, 2), fallback="error")(DATA, U, V)
    for each, expected in zip(found, by_parameters(0.1), strict=True):
        expect.close(autodiff_backend, each, expected)


def test_one_of_several_parameters_has_its_own_metric_alone(autodiff_backend):
    found = kg.grad(mean_of(kg.optimize.natural(rotations(), "u")), (1, 2), fallback="error")(DATA, U, V)
    ordinary = kg.grad(mean_of(rotations()), (1, 2), fallback="error")(DATA, U, V)
    by_u = np.mean(np.sin(DATA) * math.sin(U) * math.sin(V)) / (np.mean(np.sin(DATA) ** 2) / 4)
    expect.close(autodiff_backend, found[0], by_u)
    expect.close(autodiff_backend, found[1], float(autodiff_backend.to_numpy(ordinary[1])))


@pytest.mark.parametrize(
    ("approximation", "name"), [(None, "qng_full"), ("block-diag", "qng_block_diagonal"), ("diag", "qng_diagonal")]
)
def test_two_hundred_steps_of_gradient_descent_are_those_of_natural_gradient(autodiff_backend, approximation, name):
    function = kg.optimize.natural(thread(), "p", approximation)
    result = kg.optimize.GradientDescent(0.01).minimize(function, THREAD["p"], steps=200)
    assert result.value == pytest.approx(AFTER_200_STEPS[name]["cost"], abs=1e-9)


def test_single_precision(autodiff_backend):
    with kg.use_precision("single"):
        points = [autodiff_backend.asarray(value, dtype="float32") for value in (DATA, np.array(U), np.array(V))]
        found = kg.grad(mean_of(kg.optimize.natural(rotations(), ["u", "v"])), 2, fallback="error")(*points)
    assert autodiff_backend.dtype(found) == "float32"
    expect.near(autodiff_backend.to_numpy(found), by_parameters()[1], 1e-4)


def test_as_a_layer_of_any_framework(autodiff_backend):
    init, apply = kg.nn.functional(kg.optimize.natural(rotations(), ["u", "v"]), "x", initial={"u": U, "v": V})

    def loss(params):
        return kg.backend.sum(apply(params, autodiff_backend.asarray(DATA))) / len(DATA)

    found = kg.grad(loss, fallback="error")(init(0))
    expect.close(autodiff_backend, found["u"], by_parameters()[0])
    expect.close(autodiff_backend, found["v"], by_parameters()[1])


def test_other_results_of_the_circuit_have_ordinary_gradients(autodiff_backend):
    function = kg.optimize.natural(rotations(), ["u", "v"])
    slope = kg.grad(lambda v: function.measuring(kg.expval(kg.Z(0)))(0.0, 0.0, v), fallback="error")(0.5)
    expect.close(autodiff_backend, slope, -math.sin(0.5))
    expect.close(autodiff_backend, kg.metric_tensor(function, 2)(0.0, 0.0, 0.5), 0.25)


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda f: kg.optimize.natural(abs, "u"), kg.InvalidTypeError, "natural takes a function made by kg.function"),
        (lambda f: kg.optimize.natural(f, "w"), kg.InvalidValueError, "the function has no array 'w'; it has x, u, v"),
        (lambda f: kg.optimize.natural(f, []), kg.InvalidValueError, "natural got no parameters; name some of x, u, v"),
        (lambda f: kg.optimize.natural(f, 1), kg.InvalidTypeError, 'parameters is 1; give a name such as "theta"'),
        (lambda f: kg.optimize.natural(f, "u", "half"), kg.InvalidValueError, "approximation is 'half'; give None"),
        (lambda f: kg.optimize.natural(f, "u", None, -1.0), kg.InvalidValueError, "regularization is -1.0; give a"),
        (
            lambda f: kg.optimize.natural(f, "u")(0.1, np.zeros(3), 0.2),
            kg.InvalidValueError,
            r"u has the shape \(3,\), and natural gradients are by one set of parameters; give shape \(\)",
        ),
        (
            lambda f: kg.optimize.natural(f, "u")(0.1, 0.2, 0.2, initial_state=[1.0, 0.0]),
            kg.UnsupportedError,
            "natural gradients are of circuits that begin with",
        ),
    ],
)
def test_what_has_no_natural_gradient(call, kind, sentence):
    with pytest.raises(kind, match=sentence):
        call(rotations())


def test_a_backend_without_automatic_differentiation_is_refused():
    with kg.use_backend("strict"), pytest.raises(kg.UnsupportedError, match="strict has no automatic differentiation"):
        kg.optimize.natural(rotations(), "u")(0.1, 0.2, 0.3)


def test_what_is_written_and_read_again_has_natural_gradients_still():
    written = json.loads(json.dumps(kg.optimize.natural(rotations(), ["u", "v"], regularization=0.1).to_dict()))
    found = kg.grad(mean_of(kg.CircuitFunction.from_dict(written)), (1, 2), fallback="error")(DATA, U, V)
    np.testing.assert_allclose(found, by_parameters(0.1), rtol=1e-12)


def test_what_was_written_is_read_by_the_same_checks():
    written = kg.optimize.natural(rotations(), "u").to_dict()
    with pytest.raises(kg.KetgradError, match="'w'"):
        kg.CircuitFunction.from_dict({**written, "parameters": ["w"]})
    with pytest.raises(kg.KetgradError, match="regularization is -1"):
        kg.CircuitFunction.from_dict({**written, "regularization": -1})
    with pytest.raises(kg.KetgradError, match="has natural gradients already"):
        kg.CircuitFunction.from_dict({**written, "function": written})


def test_a_circuit_behind_it_is_in_the_metric_too(autodiff_backend):
    w = kg.parameters("w", ())
    longer = kg.optimize.natural(rotations(), ["u", "v"]).followed_by(kg.Circuit(1).rz(0.3, 0).rx(w, 0))
    assert [array.name for array in longer.parameters] == ["x", "u", "v", "w"]
    # Behind the last of u and v nothing changes their metric, and with w = 0 nor does it change the value.
    found = kg.grad(lambda u, v: kg.backend.sum(longer(DATA, u, v, 0.0)) / 3, (0, 1), fallback="error")(U, V)
    for each, expected in zip(found, by_parameters(), strict=True):
        expect.close(autodiff_backend, each, expected)


def test_from_shots_the_metric_stays_exact():
    function = kg.optimize.natural(rotations(), ["u", "v"]).with_shots(10)
    plain = rotations().with_shots(10)
    slopes = kg.grad(lambda u, v: kg.backend.sum(plain(DATA, u, v, seed=5)) / 3, (0, 1), fallback="error")(U, V)
    found = kg.grad(lambda u, v: kg.backend.sum(function(DATA, u, v, seed=5)) / 3, (0, 1), fallback="error")(U, V)
    y, z = np.sin(DATA) * math.sin(U), np.cos(DATA)
    metric = np.array([[(np.sin(DATA) ** 2).mean(), -(z * y).mean()], [-(z * y).mean(), (1 - y**2).mean()]]) / 4
    np.testing.assert_allclose(found, np.linalg.solve(metric, slopes), rtol=1e-10)

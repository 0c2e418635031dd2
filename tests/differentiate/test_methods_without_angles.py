"""Gradient methods by what is no angle, where some have no rule and say so, and with options that do not fit."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect
from three_angles import EXACT, POINT, W, page_circuit

# What is no angle


@pytest.mark.parametrize("method", ["backprop", "parameter-shift"])
@pytest.mark.parametrize(
    ("channel", "slope"),
    # On |0⟩ under ry(0.8): the factor by which ⟨Z⟩ shrinks is 1 − 2p, 1 − 4p/3.
    [("bit_flip", -2.0), ("depolarizing", -4 / 3)],
)
def test_probabilities_of_mixtures(autodiff_backend, method, channel, slope):
    p = kg.parameters("p")
    circuit = getattr(kg.Circuit(1).ry(0.8, 0), channel)(p, 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), gradient=method)
    expect.close(autodiff_backend, kg.grad(function, fallback="error")(0.25), slope * math.cos(0.8))


@pytest.mark.parametrize("method", ["parameter-shift", "finite-diff"])
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_probabilities_at_their_ends(autodiff_backend, method, p):
    function = kg.function(kg.Circuit(1).bit_flip(kg.parameters("p"), 0), kg.expval(kg.Z(0)), gradient=method)
    expect.close(autodiff_backend, kg.grad(function, fallback="error")(p), -2.0)


@pytest.mark.parametrize("method", ["backprop", "parameter-shift", "finite-diff"])
def test_errors_of_reading(autodiff_backend, method):
    p = kg.parameters("p", (2,))
    circuit = kg.Circuit(1).ry(0.8, 0).readout_error(p[0], p[1], 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), gradient=method)
    # ⟨Z⟩ read is (1 − 2 p01) cos² 0.4 − (1 − 2 p10) sin² 0.4.
    expected = [-2 * math.cos(0.4) ** 2, 2 * math.sin(0.4) ** 2]
    found = kg.grad(function, fallback="error")(np.array([0.1, 0.2]))
    expect.close(autodiff_backend, found, expected, tolerance=1e-8)


@pytest.mark.parametrize("method", ["parameter-shift", "finite-diff"])
def test_measurements_in_the_middle(autodiff_backend, method):
    circuit = kg.Circuit(2).ry(W[0], 0).measure(0, 0).rx(W[1], 0).cx(0, 1)
    function = kg.function(circuit, kg.probs(bits=[0]), gradient=method)
    found = kg.jacobian(function, fallback="error")(np.array([0.5, 0.2, 0.0]))
    slope = math.sin(0.5) / 2
    expect.close(autodiff_backend, found, [[-slope, 0.0, 0.0], [slope, 0.0, 0.0]], tolerance=1e-8)


@pytest.mark.parametrize("method", EXACT)
def test_coefficients_are_the_frameworks_business(autodiff_backend, method):
    def value(k):
        observable = autodiff_backend.take(k, 0, axis=0) * kg.Z(0) + autodiff_backend.take(k, 1, axis=0) * kg.X(0)
        return kg.function(kg.Circuit(1).ry(W[0], 0), kg.expval(observable), gradient=method)(np.array([0.4, 0, 0]))

    found = kg.grad(value, fallback="error")(np.array([2.0, 3.0]))
    expect.close(autodiff_backend, found, [math.cos(0.4), math.sin(0.4)])


REFUSED = "not by an initial state, amplitudes or a matrix; give gradient="


@pytest.mark.parametrize("method", ["parameter-shift", "finite-diff"])
def test_the_derivative_by_an_initial_state_raises(autodiff_backend, method):
    function = kg.function(kg.Circuit(1).ry(W[0], 0), kg.expval(kg.Z(0)), gradient=method)
    with pytest.raises(kg.GradientError, match=REFUSED):
        kg.grad(lambda start: function(np.zeros(3), initial_state=start), fallback="error")(np.array([0.6, 0.8]))


@pytest.mark.parametrize("kind", ["unitary", "amplitudes"])
def test_the_derivative_by_a_given_array_raises(autodiff_backend, kind):
    backend = autodiff_backend

    def value(x):
        circuit = kg.Circuit(1)
        if kind == "amplitudes":
            circuit.prepare(backend.stack([backend.cos(x), backend.sin(x)]), [0])
        else:
            rows = [backend.cos(x), -backend.sin(x)], [backend.sin(x), backend.cos(x)]
            turn = backend.stack([backend.stack(row) for row in rows])
            circuit.unitary(turn, [0])
        return kg.function(circuit.ry(W[0], 0), kg.expval(kg.Z(0)), gradient="parameter-shift")(np.zeros(3))

    with pytest.raises(kg.GradientError):
        kg.grad(value, fallback="error")(0.3)


@pytest.mark.parametrize(("method", "what"), [("parameter-shift", "shift rule"), ("hadamard", "generator")])
def test_a_gate_without_a_rule_is_named(autodiff_backend, method, what):
    function = kg.function(kg.Circuit(1).h(0).amplitude_damping(W[0], 0), kg.expval(kg.X(0)), gradient=method)
    with pytest.raises(kg.UnsupportedError, match=rf'no {what} for the parameters of amplitude_damping.*"backprop"'):
        kg.grad(function, fallback="error")(np.array(POINT))


def test_constants_need_no_rule(autodiff_backend):
    circuit = kg.Circuit(1).ry(W[0], 0).amplitude_damping(0.19, 0)
    function = kg.function(circuit, kg.expval(kg.X(0)), gradient="parameter-shift")
    expected = [0.9 * math.cos(POINT[0]), 0.0, 0.0]
    expect.close(autodiff_backend, kg.grad(function, fallback="error")(np.array(POINT)), expected)


def test_the_state_vector_has_no_shift_rule(autodiff_backend):
    function = kg.function(page_circuit(), kg.state(), gradient="parameter-shift")
    with pytest.raises(kg.UnsupportedError, match="a state vector is not; give gradient="):
        function(np.array(POINT))


@pytest.mark.parametrize("method", ["best", "backprop", "adjoint", "finite-diff"])
def test_the_state_vector_by_the_methods_that_have_it(autodiff_backend, method):
    function = kg.function(kg.Circuit(1).ry(W[0], 0), kg.state(), gradient=method)
    found = kg.jacobian(function, fallback="error")(np.array([0.4, 0.0, 0.0]))
    expected = [[-math.sin(0.2) / 2, 0, 0], [math.cos(0.2) / 2, 0, 0]]
    expect.close(autodiff_backend, found, expected, dtype="complex128", tolerance=1e-8)


# Wrong input


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"gradient": "shift"}, "gradient 'shift' is not there; give one of best, backprop, adjoint"),
        ({"gradient": 3}, "gradient is 3; give one of best"),
        ({"gradient": "adjoint", "engine": "traced"}, "the adjoint method is the compiled engine's"),
        ({"gradient": "backprop", "engine": "compiled"}, "the compiled engine has a backward sweep of its own"),
        ({"gradient": "adjoint", "shots": 10}, "adjoint differentiates exact results; with shots give parameter-shift"),
        (
            {"gradient": "adjoint", "shots": 10},
            "kg.gradients.score_function for functions of samples, or leave shots out",
        ),
        ({"gradient": "backprop", "shots": 10}, "backprop differentiates exact results"),
        ({"gradient": "parameter-shift", "trajectories": 10}, "parameter-shift does not go with trajectories"),
    ],
)
def test_methods_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(kg.KetgradError, match=sentence):
        kg.function(page_circuit(), kg.expval(kg.Z(0)), **options)


@pytest.mark.parametrize("step", [0, -1.0, float("nan"), float("inf"), "small", True])
def test_a_step_is_positive(step):
    with pytest.raises(kg.InvalidValueError, match=r"step is .*give a positive number"):
        kg.gradients.FiniteDifference(step=step)


@pytest.mark.parametrize("directions", [0, 1.5, True])
def test_there_is_at_least_one_direction(directions):
    with pytest.raises(kg.InvalidValueError, match=r"directions is .*; give an integer of at least 1"):
        kg.gradients.SPSA(directions=directions)


def test_a_transform_takes_a_function_of_ketgrad():
    with pytest.raises(kg.InvalidTypeError, match=r"give a function made by kg\.function"):
        kg.gradients.parameter_shift(lambda x: x)

"""Derivatives by parameters before and behind a post-selection, which divides by the probability of what it keeps."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

W = kg.parameters("w", (2,))
P = kg.parameters("p")
POINT = [0.9, 1.4]
AUXILIARY = kg.gradients.Hadamard(auxiliary=True)
BY_RULE = ["parameter-shift", "hadamard", AUXILIARY]
BEFORE = kg.Circuit(2).ry(W[0], 0).ry(W[1], 1).cx(0, 1).post_select("0", [1])
BEHIND = kg.Circuit(2).ry(0.7, 0).cx(0, 1).post_select("1", [0]).ry(W[0], 1)
# Qubit 0 is left in cos φ |0⟩ + sin φ |1⟩ with tan φ = tan(w0/2) tan(w1/2).
TANGENTS = np.tan(np.array(POINT) / 2)
PHI = math.atan(TANGENTS[0] * TANGENTS[1])
SLOPES = (1 + TANGENTS**2) / 2 * TANGENTS[::-1] * math.cos(PHI) ** 2
GRADIENT = -2 * math.sin(2 * PHI) * SLOPES


def gradient(circuit, qubit, backend, **options):
    function = kg.function(circuit, kg.expval(kg.Z(qubit)), **options)
    return kg.grad(function, fallback="error")(backend.asarray(POINT))


@pytest.mark.parametrize("method", ["best", "backprop", "finite-diff"])
def test_parameters_before_it(autodiff_backend, method):
    found = gradient(BEFORE, 0, autodiff_backend, gradient=method)
    expect.close(autodiff_backend, found, GRADIENT.tolist(), tolerance=1e-8)


@pytest.mark.parametrize("options", [{}, {"shots": 10, "seed": 1}], ids=["exact", "shots"])
@pytest.mark.parametrize("method", BY_RULE, ids=str)
def test_parameters_before_it_have_no_rule(autodiff_backend, method, options):
    sentence = r'there is no .* for the parameters of ry before post_select, .*; give gradient="backprop"'
    with pytest.raises(kg.UnsupportedError, match=sentence):
        gradient(BEFORE, 0, autodiff_backend, gradient=method, **options)


def test_from_shots_they_have_no_derivative_but_by_differences(autodiff_backend):
    with pytest.raises(kg.GradientError, match='with shots give gradient="finite-diff"'):
        gradient(BEFORE, 0, autodiff_backend, shots=10, seed=1)
    found = gradient(BEFORE, 0, autodiff_backend, gradient="finite-diff", shots=200_000, seed=1)
    # Five errors of differences by 0.2, and a step of 0.1 whose error is 0.1²/6 of a third derivative below 1.
    np.testing.assert_allclose(
        autodiff_backend.to_numpy(found), GRADIENT, rtol=0, atol=5 * math.sqrt(50 / 200_000) + 0.1**2 / 6
    )


@pytest.mark.parametrize("method", ["best", *BY_RULE], ids=str)
def test_parameters_behind_it_have_their_rule(autodiff_backend, method):
    # Qubit 1 is in |1⟩.
    found = gradient(BEHIND, 1, autodiff_backend, gradient=method)
    expect.close(autodiff_backend, found, [math.sin(POINT[0]), 0.0])


def test_probabilities_of_mixtures_before_it(autodiff_backend):
    # With u = cos² 0.4 (1 − p) and v = sin² 0.4 p what is kept has ⟨Z1⟩ = (u − v)/(u + v).
    circuit = kg.Circuit(2).ry(0.8, 0).cx(0, 1).bit_flip(P, 0).post_select("0", [0])
    even, odd, p = math.cos(0.4) ** 2, math.sin(0.4) ** 2, 0.3
    slope = -2 * even * odd / (even * (1 - p) + odd * p) ** 2
    for method, tolerance in (("backprop", 1e-12), ("finite-diff", 1e-8)):
        function = kg.function(circuit, kg.expval(kg.Z(1)), gradient=method)
        expect.close(autodiff_backend, kg.grad(function, fallback="error")(p), slope, tolerance=tolerance)
    with pytest.raises(kg.UnsupportedError, match="for the parameters of bit_flip before post_select"):
        kg.grad(kg.function(circuit, kg.expval(kg.Z(1)), gradient="parameter-shift"), fallback="error")(p)


def test_errors_of_reading_before_it_have_their_rule(autodiff_backend):
    # What is kept is what the qubit is, and what is read of it an error of p, in which ⟨Z⟩ = 1 − 2p is a line.
    circuit = kg.Circuit(1).h(0).readout_error(P, 0.1, 0).post_select("0", [0])
    function = kg.function(circuit, kg.expval(kg.Z(0)), gradient="parameter-shift")
    expect.close(autodiff_backend, kg.grad(function, fallback="error")(0.2), -2.0)


def test_the_metric_is_that_of_the_state_that_is_kept(autodiff_backend):
    found = kg.metric_tensor(kg.function(BEFORE, kg.expval(kg.Z(0))))(autodiff_backend.asarray(POINT))
    expect.close(autodiff_backend, found, np.outer(SLOPES, SLOPES).tolist())


def test_its_approximations_are_refused():
    with pytest.raises(kg.UnsupportedError, match=r"none of them before a post_select; .* or leave approximation out"):
        kg.metric_tensor(kg.function(BEFORE, kg.expval(kg.Z(0))), approximation="diag")(np.array(POINT))

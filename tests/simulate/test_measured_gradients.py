"""Derivatives through measurements, conditions, resets and post-selection, against closed forms written by hand."""

import math

import numpy as np
import pytest

import ketgrad as kg

X = kg.Circuit(1).x(0)
THETA, PHI = 0.7, 1.9
POINT = [THETA, PHI]
C, S = math.cos(THETA / 2) ** 2, math.sin(THETA / 2) ** 2
DS = math.sin(THETA) / 2  # of sin²(θ/2), and minus that of cos²(θ/2)


def close(backend, found, expected, tolerance=1e-12):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


def bits(x):
    """Return the joint outcomes of measuring one qubit twice, turned by φ between."""
    return kg.Circuit(1).ry(x[0], 0).measure(0, 0).ry(x[1], 0).measure(0, 1).probabilities(bits=[0, 1])


def bits_expected(theta, phi):
    (c, s), (stay, flip) = ((math.cos(angle / 2) ** 2, math.sin(angle / 2) ** 2) for angle in (theta, phi))
    return [c * stay, c * flip, s * flip, s * stay]


def corrected(x):
    """⟨Z₁⟩ = cos²(θ/2) + sin²(θ/2)·cos φ: qubit 1 is turned by φ where qubit 0 was 1; qubit 0 is changed meanwhile."""
    circuit = kg.Circuit(2).ry(x[0], 0).measure(0, 0).h(0).conditioned(kg.Circuit(1).ry(x[1], 0), [0], [1])
    return circuit.expectation(kg.Z(1))


CORRECTED = (C + S * math.cos(PHI), [-DS + DS * math.cos(PHI), -S * math.sin(PHI)])


def selected(x):
    """⟨Z₀⟩ = (1 − r)/(1 + r) with r = tan²(θ/2)·tan²(φ/2), once the other one is found to be 0."""
    return kg.Circuit(2).ry(x[0], 0).ry(x[1], 1).cx(0, 1).post_select("0", [1]).expectation(kg.Z(0))


R = math.tan(THETA / 2) ** 2 * math.tan(PHI / 2) ** 2
SELECTED = ((1 - R) / (1 + R), [-2 / (1 + R) ** 2 * R * 2 / math.sin(angle) for angle in POINT])


def damped(x):
    """As `selected`, with full dephasing of both qubits before: the mixed way gives the same."""
    circuit = kg.Circuit(2).ry(x[0], 0).ry(x[1], 1).phase_flip(0.5, 0).phase_flip(0.5, 1).cx(0, 1)
    return circuit.post_select("0", [1]).expectation(kg.Z(0))


def recycled(x):
    """⟨Z⟩ = cos φ: what was before a reset has no part in it."""
    return kg.Circuit(1).ry(x[0], 0).measure(0, 0).reset(0).ry(x[1], 0).expectation(kg.Z(0))


def own(x):
    """⟨Z⟩ = cos²(θ/2) − sin²(θ/2)·cos φ: a qubit found to be 1 is turned by φ itself."""
    circuit = kg.Circuit(1).ry(x[0], 0).measure(0, 0).conditioned(kg.Circuit(1).ry(x[1], 0), [0], [0])
    return circuit.expectation(kg.Z(0))


def spread(x):
    """The variance of Z₁ for `corrected`'s circuit: 1 − ⟨Z₁⟩²."""
    circuit = kg.Circuit(2).ry(x[0], 0).measure(0, 0).conditioned(kg.Circuit(1).ry(x[1], 0), [0], [1])
    return circuit.variance(kg.Z(1))


def remaining_purity(x):
    """cos⁴(θ/2) + sin⁴(θ/2), once the coherence is gone; φ turns what is left and changes no purity."""
    return kg.Circuit(1).ry(x[0], 0).measure(0).ry(x[1], 0).purity()


def again(x):
    """P(1) = 1 − cos⁴(θ/2): of two tries, the second one only where the first one found 0."""
    circuit = kg.Circuit(1).ry(x[0], 0).measure(0, 0)
    return circuit.conditioned(kg.Circuit(1).ry(x[0], 0), [0], [0], on=0).measure(0, 0).probabilities(bits=[0])


SCALARS = {
    "conditioned gates": (corrected, *CORRECTED),
    "post-selection": (selected, *SELECTED),
    "post-selection of a mixed state": (damped, *SELECTED),
    "a reset": (recycled, math.cos(PHI), [0, -math.sin(PHI)]),
    "a gate on its own outcome": (own, C - S * math.cos(PHI), [-DS - DS * math.cos(PHI), S * math.sin(PHI)]),
    "a variance": (spread, 1 - CORRECTED[0] ** 2, [-2 * CORRECTED[0] * part for part in CORRECTED[1]]),
    "a purity": (remaining_purity, C**2 + S**2, [2 * (S - C) * DS, 0]),
}


@pytest.mark.parametrize("name", SCALARS)
def test_values_and_gradients_are_the_closed_forms(autodiff_backend, name):
    function, expected, derivatives = SCALARS[name]
    value, gradient = kg.value_and_grad(function, fallback="error")(autodiff_backend.asarray(POINT))
    close(autodiff_backend, value, expected)
    close(autodiff_backend, gradient, derivatives)


def test_the_jacobian_of_joint_outcomes_of_bits_is_the_closed_form(autodiff_backend):
    stay, flip, d = math.cos(PHI / 2) ** 2, math.sin(PHI / 2) ** 2, math.sin(PHI) / 2
    expected = [[-DS * stay, -C * d], [-DS * flip, C * d], [DS * flip, S * d], [DS * stay, -S * d]]
    close(autodiff_backend, bits(autodiff_backend.asarray(POINT)), bits_expected(*POINT))
    close(autodiff_backend, kg.jacobian(bits, fallback="error")(autodiff_backend.asarray(POINT)), expected)


def test_the_derivative_of_a_loop_that_writes_over_its_bit_is_the_closed_form(autodiff_backend):
    found = kg.jacobian(again, fallback="error")(autodiff_backend.asarray(POINT))
    slope = 2 * C * DS
    close(autodiff_backend, again(autodiff_backend.asarray(POINT)), [C**2, 1 - C**2])
    close(autodiff_backend, found, [[-slope, 0], [slope, 0]])


def test_second_derivatives_through_a_condition_are_the_closed_form(autodiff_backend):
    cross = -DS * math.sin(PHI)
    expected = [[math.cos(THETA) / 2 * (math.cos(PHI) - 1), cross], [cross, -S * math.cos(PHI)]]
    close(autodiff_backend, kg.hessian(corrected, fallback="error")(autodiff_backend.asarray(POINT)), expected, 1e-11)


def test_a_state_that_chance_prepares_differentiates_by_its_amplitudes(autodiff_backend):
    """After reset and prepare, P(1) = b²/(a² + b²); its derivatives are ∓2ab·(b, −a)/(a² + b²)²."""

    def energy(x):
        circuit = kg.Circuit(2).h(0).measure(0, 0).reset(0).prepare([x[0], x[1]], [0]).conditioned(X, [0], [1])
        return circuit.measure(0, 1).expectation(kg.Projector("1", [0]))

    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray([3.0, 4.0]))
    close(autodiff_backend, value, 0.64)
    close(autodiff_backend, gradient, [-2 * 3 * 16 / 625, 2 * 4 * 9 / 625])


POINTS = np.array([[0.7, 1.9], [2.4, 0.3], [1.1, -0.8]])


def corrected_value(theta, phi):
    return math.cos(theta / 2) ** 2 + math.sin(theta / 2) ** 2 * math.cos(phi)


def corrected_gradient(theta, phi):
    return [math.sin(theta) / 2 * (math.cos(phi) - 1), -(math.sin(theta / 2) ** 2) * math.sin(phi)]


def test_vmap_over_a_measured_circuit_is_each_one_alone(autodiff_backend):
    found = kg.vmap(bits)(autodiff_backend.asarray(POINTS))
    close(autodiff_backend, found, [bits_expected(*point) for point in POINTS])


def test_vmap_over_a_gradient_through_a_condition_is_each_one_alone(autodiff_backend):
    found = kg.vmap(kg.grad(corrected, fallback="error"))(autodiff_backend.asarray(POINTS))
    close(autodiff_backend, found, [corrected_gradient(*point) for point in POINTS])


def test_vmap_over_a_post_selection_is_each_one_alone(autodiff_backend):
    ratios = np.tan(POINTS[:, 0] / 2) ** 2 * np.tan(POINTS[:, 1] / 2) ** 2
    close(autodiff_backend, kg.vmap(selected)(autodiff_backend.asarray(POINTS)), (1 - ratios) / (1 + ratios))


def test_values_and_gradients_through_measurements_under_jit_are_the_closed_forms(autodiff_backend):
    compiled = kg.jit(lambda x: kg.value_and_grad(corrected, fallback="error")(x))
    for point in POINTS:
        value, gradient = compiled(autodiff_backend.asarray(point))
        close(autodiff_backend, value, corrected_value(*point))
        close(autodiff_backend, gradient, corrected_gradient(*point))


def test_joint_outcomes_of_bits_and_post_selection_under_jit_are_the_closed_forms(autodiff_backend):
    found, kept = kg.jit(lambda x: (bits(x), selected(x)))(autodiff_backend.asarray(POINT))
    close(autodiff_backend, found, bits_expected(*POINT))
    close(autodiff_backend, kept, SELECTED[0])


def test_a_batch_of_a_function_of_symbols_is_each_one_alone(backend):
    x = kg.parameters("x", (2,))
    circuit = kg.Circuit(1).ry(x[0], 0).measure(0, 0).ry(x[1], 0).measure(0, 1)
    f = kg.function(circuit, kg.probs(bits=[0, 1]), kg.probs(bits=[1]))
    joint, second = f(POINTS)
    expected = np.array([bits_expected(*point) for point in POINTS])
    close(backend, joint, expected)
    close(backend, second, expected[:, :2] + expected[:, 2:])


def test_an_initial_state_goes_through_measurements_and_conditions(backend):
    """From (0.6, 0.8)|0⟩, and from its complement, qubit 1 follows the outcome, and so does the bit."""
    circuit = kg.Circuit(2).measure(0, 0).h(0).conditioned(X, [0], [1])
    f = kg.function(circuit, kg.probs(bits=[0]), kg.probs([1]))
    for found in f(initial_state=[[0.6, 0, 0.8, 0], [0.8, 0, 0.6, 0]]):
        close(backend, found, [[0.36, 0.64], [0.64, 0.36]])


def test_a_derivative_by_trajectories_through_a_measurement_raises_and_is_not_silently_wrong(autodiff_backend):
    theta = kg.parameters("theta")
    f = kg.function(kg.Circuit(1).ry(theta, 0).measure(0, 0), kg.expval(kg.Z(0)), trajectories=10, seed=1)
    with pytest.raises(kg.GradientError, match="trajectories"):
        kg.grad(f, fallback="error")(autodiff_backend.asarray(0.3))

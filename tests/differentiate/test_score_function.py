"""The score-function estimator: derivatives of means of functions of samples, against closed forms."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect
from two_qubit_results import CIRCUIT, POINT, RESULTS

SHOTS, SEED, ERRORS = 20_000, 7, 5
SCORES = np.array([1.0, -2.0, 0.5, 3.0])
"""What a function gives the outcomes 00, 01, 10 and 11."""
THETA, ANGLE = kg.parameters("theta"), 1.1


def score_of(bits):
    """Return these scores of bits of shape (..., shots, 2), computed outside of any framework."""
    found = np.asarray(kg.backend.to_numpy(bits))
    return SCORES[2 * found[..., 0] + found[..., 1]]


def samples(shots=SHOTS, circuit=CIRCUIT, **options):
    return kg.function(circuit, kg.sample(**options), shots=shots, seed=SEED)


def turned():
    return kg.Circuit(1).ry(THETA, 0)


def sign(bits):
    return 1 - 2 * bits[..., 0]


def closed_form(baseline):
    """Return ∂E[g] and the standard error of one sample, √Var[(g − b) ∂log p], by each parameter."""
    chances, slopes = RESULTS["probabilities"].value(), RESULTS["probabilities"].derivative()
    mean, centre = SCORES @ slopes, chances @ SCORES if baseline else 0.0
    terms = (SCORES - centre)[:, None] * slopes / chances[:, None]
    return mean, np.sqrt(chances @ terms**2 - mean**2)


@pytest.mark.parametrize("baseline", [True, False])
def test_the_estimate_is_the_derivative_within_five_standard_errors(autodiff_backend, baseline):
    found = kg.gradients.score_function(samples(), score_of, baseline=baseline)(autodiff_backend.asarray(POINT))
    mean, spread = closed_form(baseline)
    assert autodiff_backend.is_array(found)
    assert tuple(found.shape) == (2,)
    assert np.all(np.abs(autodiff_backend.to_numpy(found) - mean) <= ERRORS * spread / np.sqrt(SHOTS))


@pytest.mark.parametrize("baseline", [True, False])
def test_estimates_spread_as_the_documented_variance_says(baseline):
    # 400 estimates from 200 samples: their mean is right, and their variance to 5·√(2/400) of it, and to 1 in 200.
    estimate = kg.gradients.score_function(samples(200), score_of, baseline=baseline)
    found = np.stack([estimate(np.array(POINT), seed=seed) for seed in range(400)])
    mean, spread = closed_form(baseline)
    assert np.all(np.abs(found.mean(axis=0) - mean) <= ERRORS * spread / np.sqrt(200 * 400))
    np.testing.assert_allclose(found.var(axis=0), spread**2 / 200, rtol=ERRORS * np.sqrt(2 / 400) + 0.01)


def test_a_baseline_makes_a_constant_weigh_nothing(autodiff_backend):
    # ∂E[7] is 0, which each set of samples then finds without any noise.
    estimate = kg.gradients.score_function(samples(50), lambda bits: 7.0 + 0.0 * score_of(bits))
    expect.close(autodiff_backend, estimate(autodiff_backend.asarray(POINT)), [0.0, 0.0])


@pytest.mark.parametrize("baseline", [True, False])
def test_the_estimate_follows_the_samples(autodiff_backend, baseline):
    # ∂log p is −tan(θ/2) at 0 and cot(θ/2) at 1; NumPy's Philox generator says which of the 30 samples are which.
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED)))
    ones = generator.random(30) >= np.cos(ANGLE / 2) ** 2
    slopes, signs = np.where(ones, 1 / np.tan(ANGLE / 2), -np.tan(ANGLE / 2)), np.where(ones, -1, 1)
    others = (np.sum(signs) - signs) / 29 if baseline else 0.0  # the mean of the other samples
    estimate = kg.gradients.score_function(samples(30, turned()), sign, baseline=baseline)
    expect.close(autodiff_backend, estimate(autodiff_backend.asarray(ANGLE)), float(np.mean((signs - others) * slopes)))


def test_a_seed_at_the_call_takes_the_place_of_the_functions_own(autodiff_backend):
    estimate = kg.gradients.score_function(kg.function(turned(), kg.sample(), shots=30), sign)
    angle = autodiff_backend.asarray(ANGLE)
    first, again, other = (autodiff_backend.to_numpy(estimate(angle, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_some_qubits_in_another_order(autodiff_backend):
    # Of qubit 1 alone, and of qubits (1, 0): E[bit 1] is p01 + p11.
    slope = RESULTS["probabilities"].derivative()[[1, 3]].sum(axis=0)
    for qubits in ([1], [1, 0]):
        estimate = kg.gradients.score_function(samples(qubits=qubits), lambda bits: bits[..., 0])
        found = autodiff_backend.to_numpy(estimate(autodiff_backend.asarray(POINT)))
        np.testing.assert_allclose(found, slope, rtol=0, atol=ERRORS * 0.5 * 2 / np.sqrt(SHOTS))


def test_measured_bits(autodiff_backend):
    circuit = kg.Circuit(1).ry(THETA, 0).measure(0, 0).reset(0)
    estimate = kg.gradients.score_function(samples(circuit=circuit, bits=[0]), sign)
    # Var[(g − b) ∂log p] is 1 at most: g − b is 1 ∓ cos θ where the slope is −tan(θ/2), or cot(θ/2).
    found = autodiff_backend.to_numpy(estimate(autodiff_backend.asarray(ANGLE)))
    assert abs(found + np.sin(ANGLE)) <= ERRORS / np.sqrt(SHOTS)


def test_a_batch_is_estimated_element_by_element(autodiff_backend):
    angles = np.array([ANGLE, 0.4])
    estimate = kg.gradients.score_function(samples(circuit=turned()), sign)
    found = autodiff_backend.to_numpy(estimate(autodiff_backend.asarray(angles)))
    np.testing.assert_allclose(found, np.diag(-np.sin(angles)), rtol=0, atol=ERRORS / np.sqrt(SHOTS))


def test_several_arguments(autodiff_backend):
    other = kg.parameters("other")
    function = samples(circuit=kg.Circuit(1).ry(THETA, 0).ry(2 * other, 0))
    found = kg.gradients.score_function(function, sign, (0, 1))(ANGLE, 0.2)
    slope = -np.sin(ANGLE + 0.4)
    for part, factor in zip(found, (1, 2), strict=True):
        assert abs(autodiff_backend.to_numpy(part) - factor * slope) <= factor * ERRORS / np.sqrt(SHOTS)


def test_an_outcome_that_never_comes_weighs_nothing(autodiff_backend):
    estimate = kg.gradients.score_function(samples(10, turned()), sign)
    expect.close(autodiff_backend, estimate(autodiff_backend.asarray(0.0)), 0.0)


def test_single_precision_stays_single(autodiff_backend):
    with kg.use_precision("single"):
        estimate = kg.gradients.score_function(samples(circuit=turned()), sign)
        found = estimate(autodiff_backend.asarray(ANGLE, dtype="float32"))
        expect.close(autodiff_backend, found, -np.sin(ANGLE), dtype="float32", tolerance=ERRORS / np.sqrt(SHOTS))


def test_the_estimate_in_a_compiled_function():
    jax = pytest.importorskip("jax")
    with kg.use_backend("jax"):
        estimate = kg.gradients.score_function(samples(circuit=turned()), sign)
        key = jax.random.key(3)
        compiled = jax.jit(lambda angle, key: estimate(angle, seed=key))(ANGLE, key)
        np.testing.assert_allclose(compiled, estimate(ANGLE, seed=key), rtol=0, atol=1e-12)
        assert abs(compiled + np.sin(ANGLE)) <= ERRORS / np.sqrt(SHOTS)


def test_the_estimate_is_not_differentiated_again(autodiff_backend):
    estimate = kg.gradients.score_function(samples(30, turned()), sign)
    with pytest.raises(kg.KetgradError, match=r"differentiates once|samples"):
        kg.grad(estimate, fallback="error")(autodiff_backend.asarray(ANGLE))


@pytest.mark.parametrize("name", ["strict", "autoray"])
def test_a_backend_without_differentiation_says_so(name):
    estimate = kg.gradients.score_function(samples(30, turned()), score_of_one)
    with kg.use_backend(name) as backend, pytest.raises(kg.GradientError, match="has no automatic differentiation"):
        estimate(backend.asarray(ANGLE))


def score_of_one(bits):
    return kg.backend.asarray(np.asarray(kg.backend.to_numpy(bits))[..., 0].astype(float))


# Wrong input


@pytest.mark.parametrize(
    "function",
    [
        kg.function(turned(), kg.probs()),
        kg.function(turned(), kg.probs(), shots=10),
        kg.function(turned(), kg.sample(), kg.counts(), shots=10),
        kg.function(turned(), kg.sample(), trajectories=10),
    ],
)
def test_what_is_no_function_of_samples_is_refused(function):
    with pytest.raises(kg.UnsupportedError, match=r"give kg\.function\(circuit, kg\.sample\(\), shots=1000\)"):
        kg.gradients.score_function(function, sign)


def test_a_function_of_somebody_elses_is_refused():
    with pytest.raises(kg.InvalidTypeError, match=r"give a function made by kg\.function"):
        kg.gradients.score_function(lambda angle: angle, sign)


def test_a_number_is_no_function_of_samples():
    with pytest.raises(kg.InvalidTypeError, match="of_samples is a float; give a function of samples"):
        kg.gradients.score_function(samples(), 1.0)


def test_one_sample_has_no_baseline():
    with pytest.raises(kg.InvalidValueError, match="a baseline takes at least 2 shots, got 1"):
        kg.gradients.score_function(samples(1), sign)
    assert kg.gradients.score_function(samples(1), score_of, baseline=False)(np.array(POINT)).shape == (2,)


def test_a_function_that_gives_no_number_for_each_sample_is_refused(autodiff_backend):
    estimate = kg.gradients.score_function(samples(30), lambda bits: bits)
    with pytest.raises(kg.InvalidValueError, match=r"returned shape \(30, 2\); return a number for each.*\(30,\)"):
        estimate(autodiff_backend.asarray(POINT))


def test_complex_scores_are_refused(autodiff_backend):
    estimate = kg.gradients.score_function(samples(30), lambda bits: 1j * score_of(bits))
    with pytest.raises(kg.InvalidTypeError, match="returned complex numbers; return real ones"):
        estimate(autodiff_backend.asarray(POINT))

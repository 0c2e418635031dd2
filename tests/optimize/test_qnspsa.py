"""QNSPSA: its metric on average, one step by hand, blocking, its numbers on every backend."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.optimize import Problem
from ketgrad.optimize.qnspsa import positive
from ketgrad.randomness import Key
from optimizer_checks import check_resume, check_same_path, numbers, two_qubit_energy

START = np.array([0.4, -0.3, 0.7])


def mean_estimate(energy, count=1000, **options):
    optimizer, problem = kg.optimize.QNSPSA(perturbation=0.001, **options), Problem.of(energy)
    estimates = [optimizer.metric_estimate(problem, START, Key(0, (run,))) for run in range(count)]
    return np.mean(estimates, axis=0), np.std(estimates, axis=0) / np.sqrt(count)


def test_the_mean_estimate_is_the_metric_tensor():
    energy = two_qubit_energy()
    mean, error = mean_estimate(energy)
    np.testing.assert_array_less(np.abs(mean - kg.metric_tensor(energy)(START)), 5 * error + 1e-5)
    assert error.max() < 0.03


def test_a_fidelity_that_is_given_takes_the_place_of_the_states():
    # |⟨ψ(x)|ψ(y)⟩|² = exp(−(x − y)ᵀ g (x − y)) has the metric g.
    metric = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 0.5]])
    mean, error = mean_estimate(lambda x: x.sum(), fidelity=lambda x, y: np.exp(-(x - y) @ metric @ (x - y)))
    np.testing.assert_array_less(np.abs(mean - metric), 5 * error + 1e-5)


def test_the_metric_is_made_positive():
    # The eigenvalues 3 and −1 of this matrix become 3.1 and 1.1.
    found = positive(np.array([[1.0, 2.0], [2.0, 1.0]]), 0.1)
    np.testing.assert_allclose(found, [[2.1, 1.0], [1.0, 2.1]], rtol=0, atol=1e-12)


def test_one_parameter_moves_by_the_formula(backend):
    # With one parameter ΔΔ' = ±1 and F(θ + t) = cos²(t/2): the difference over 2ε² is
    # ±(cos²ε − cos²(ε/2) − 1 + cos²(ε/2)) / 2ε² = ∓sin²ε / 2ε², so that ĝ = sin²ε / 4ε², whatever the signs are.
    theta = kg.parameters("theta", ())
    energy = kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(kg.Z(0)))
    optimizer = kg.optimize.QNSPSA(0.1, perturbation=0.2, regularization=0.05, seed=1)
    after = float(numbers(backend, optimizer.step(energy, 0.4)))
    metric = 0.5 + 0.5 * np.sin(0.2) ** 2 / (4 * 0.2**2)
    slope = (np.cos(0.6) - np.cos(0.2)) / 0.4
    assert after == pytest.approx(0.4 - 0.1 * slope / (metric + 0.05), abs=1e-9)


def test_the_same_seed_is_the_same_path_on_every_backend(backend):
    energy = two_qubit_energy()

    def train():
        return kg.optimize.QNSPSA(0.05, perturbation=0.1, seed=7).minimize(energy, START, steps=5)

    check_same_path(backend, train)


def test_parameters_may_be_containers(backend):
    theta = kg.parameters("theta", (2,))
    states = kg.function(kg.Circuit(1).ry(theta[0], 0).rz(theta[1], 0), kg.state())
    energy = states.measuring(kg.expval(kg.X(0)))

    def joined(x):
        return backend.stack([x["polar"], x["azimuth"]])

    def overlap(x, y):
        size = backend.abs(backend.einsum("i,i->", backend.conj(states(joined(x))), states(joined(y))))
        return size * size

    optimizer = kg.optimize.QNSPSA(0.1, fidelity=overlap, seed=3)
    start = {"polar": np.array(1.0), "azimuth": np.array(1.0)}
    assert optimizer.minimize(lambda x: energy(joined(x)), start, steps=150).value < -0.97


def test_blocking_refuses_steps_that_go_up():
    energy = two_qubit_energy()
    free = kg.optimize.QNSPSA(0.5, seed=2).minimize(energy, START, steps=30)
    blocked = kg.optimize.QNSPSA(0.5, blocking=0.0, seed=2).minimize(energy, START, steps=30)
    assert np.diff(free.history).max() > 0
    assert np.diff(blocked.history).max() <= 0
    allowed = kg.optimize.QNSPSA(0.5, blocking=0.1, seed=2).minimize(energy, START, steps=30)
    assert 0 < np.diff(allowed.history).max() <= 0.1


def test_a_batch_has_the_mean_of_its_fidelities():
    theta, data = kg.parameters("theta", ()), kg.parameters("data", ())
    circuit = kg.function(kg.Circuit(1).ry(theta, 0).rz(data, 0), kg.expval(kg.Z(0)))
    problem = Problem.of(circuit, (np.array([0.1, 0.2, 0.3]),))
    estimate = kg.optimize.QNSPSA(perturbation=0.001).metric_estimate(problem, np.array(0.3), Key(0))
    np.testing.assert_allclose(estimate, [[0.25]], rtol=0, atol=1e-6)


def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(backend, tmp_path):
    check_resume(backend, lambda: kg.optimize.QNSPSA(seed=3), two_qubit_energy(), START, tmp_path / "training.npz")


def test_a_fidelity_that_is_not_finite_is_told():
    optimizer = kg.optimize.QNSPSA(fidelity=lambda x, y: float("nan"))
    with pytest.raises(kg.optimize.NotFiniteError, match=r"the step makes the parameter x\[0\] is nan"):
        optimizer.minimize(lambda x: (x * x).sum(), START)


def test_what_has_no_states_is_told():
    with pytest.raises(kg.InvalidTypeError, match="the states of an ordinary function are not known"):
        kg.optimize.QNSPSA().minimize(lambda x: (x * x).sum(), START)
    with pytest.raises(kg.InvalidTypeError, match="fidelity is a int; give a function of two sets of parameters"):
        kg.optimize.QNSPSA(fidelity=1)
    with pytest.raises(kg.InvalidValueError, match=r"fidelity returned an array of shape \(3,\) and type float64"):
        kg.optimize.QNSPSA(fidelity=lambda x, y: x * y).minimize(lambda x: (x * x).sum(), START)
    with pytest.raises(kg.InvalidValueError, match="blocking is -1; give a number of zero or more"):
        kg.optimize.QNSPSA(blocking=-1)
    with pytest.raises(kg.InvalidValueError, match="regularization is 0; give a number above 0"):
        kg.optimize.QNSPSA(regularization=0)

"""ICANS: its numbers of shots by hand, its derivatives and their variances, its budget, one path for one seed."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.optimize import Problem
from ketgrad.optimize.icans import next_shots
from ketgrad.optimize.shot_gradients import partial_derivative
from optimizer_checks import check_resume, check_same_path, numbers, two_qubit_energy

START = [0.1, 0.2, 0.3]


def one_qubit(shots=10, observable=None):
    theta = kg.parameters("theta", ())
    return kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(observable or kg.Z(0)), shots=shots)


def test_numbers_of_shots_worked_out_by_hand():
    # α = 0.1 and L = 2: 2Lα/(2 − Lα) = 0.4/1.8 = 0.2222.
    # χ = (0.1, 0.05), ξ = (1, 2), b μᵏ = 0: s = ⌈0.2222/0.01⌉ = 23 and ⌈0.4444/0.0025⌉ = 178.
    # γ = ((0.1 − 0.01) 0.01 − 0.01/23)/23 = 2.0e-5 and (0.09 · 0.0025 − 0.02/178)/178 = 6.3e-7: at most 23.
    assert next_shots(0.1, 2.0, 0.0, np.array([0.1, 0.05]), np.array([1.0, 2.0]), 2) == [23, 23]
    # With χ₁ = 0.5: s₁ = ⌈0.2222/0.25⌉ = 1 and γ₁ = 0.09 · 0.25 − 0.01 = 0.0125 is the larger one, so that both get
    # the fewest.
    assert next_shots(0.1, 2.0, 0.0, np.array([0.5, 0.05]), np.array([1.0, 2.0]), 2) == [2, 2]
    # b μᵏ = 0.01 halves the first of the two above, 0.2222/0.02 = 11.1, and 0.4444/0.0125 = 35.6:
    # γ = (0.0009 − 0.01/12)/12 = 5.6e-6 and (0.000225 − 0.02/36)/36 = −9e-6.
    assert next_shots(0.1, 2.0, 0.01, np.array([0.1, 0.05]), np.array([1.0, 2.0]), 2) == [12, 12]
    # The smaller of the two keeps its number where the larger number is worth more: χ = (0.01, 0.5), ξ = (0.0001, 0.5):
    # s = ⌈0.2222⌉ = 1 and ⌈0.4444⌉ = 1; with 2 at least, 2.
    assert next_shots(0.1, 2.0, 0.0, np.array([0.01, 0.5]), np.array([0.0001, 0.5]), 2) == [2, 2]
    # α = 0.5, L = 2: 2Lα/(2 − Lα) = 2. χ = (0.2, 0.1), ξ = (1, 0.05): s = ⌈2/0.04⌉ = 50 and ⌈0.1/0.01⌉ = 10;
    # γ = (0.25 · 0.04 − 0.25/50)/50 = 1e-4 and (0.0025 − 0.25 · 0.05/10)/10 = 1.25e-4: at most 10.
    assert next_shots(0.5, 2.0, 0.0, np.array([0.2, 0.1]), np.array([1.0, 0.05]), 2) == [10, 10]
    # χ = (0.3, 0.1): s = ⌈2/0.09⌉ = 23, γ₁ = (0.0225 − 0.25/23)/23 = 5.1e-4: at most 23, and the second keeps 10.
    assert next_shots(0.5, 2.0, 0.0, np.array([0.3, 0.1]), np.array([1.0, 0.05]), 2) == [23, 10]


def test_outcomes_without_chance_are_followed_exactly(backend):
    # At θ = π/2 the shifted states are |0⟩ and |1⟩: g = −1 without variance.
    optimizer = kg.optimize.ICANS(learning_rate=0.3, seed=1)
    after = optimizer.step(one_qubit(), math.pi / 2)
    assert float(numbers(backend, after)) == pytest.approx(math.pi / 2 + 0.3, abs=1e-12)
    assert optimizer.state["shots"] == 2 * 2
    assert optimizer.state["next"] == [2]
    np.testing.assert_allclose(optimizer.state["means"], [-0.01], rtol=0, atol=1e-12)
    np.testing.assert_allclose(optimizer.state["variances"], [0.0], rtol=0, atol=1e-12)


def test_derivatives_and_their_variances_are_those_of_many_shots():
    # g = −sin θ; a single shot of (z₊ − z₋)/2 has the variance ((1 − z₊²) + (1 − z₋²))/4 = cos²θ/2.
    found = partial_derivative(Problem.of(one_qubit()), one_qubit(400_000), np.array(0.7), 0, (1.0,), 5)
    assert found.value == pytest.approx(-math.sin(0.7), abs=0.01)
    assert found.variance == pytest.approx(math.cos(0.7) ** 2 / 2, abs=0.01)
    assert found.shots == 2 * 400_000


def test_several_frequencies_take_their_own_shift_rule():
    theta = kg.parameters("theta", ())
    circuit = kg.Circuit(2).h(0).cry(theta, 0, 1).ry(theta, 1)
    energy = kg.function(circuit, kg.expval(kg.Z(1) + 0.5 * kg.X(0)), shots=200_000)
    found = partial_derivative(Problem.of(energy), energy, np.array(0.7), 0, (0.5, 1.0, 1.5, 2.0), 5)
    exact = kg.grad(energy.with_shots(None))(0.7)
    # Z₁ and X₀ agree qubit by qubit, so that there is one setting.
    assert found.shots == 8 * 200_000
    assert found.value == pytest.approx(float(exact), abs=6 * math.sqrt(found.variance / 200_000))


def test_each_setting_counts():
    energy = one_qubit(observable=kg.Z(0) + kg.X(0))
    optimizer = kg.optimize.ICANS(learning_rate=0.1, seed=1)
    optimizer.step(energy, 0.3)
    assert optimizer.state["shots"] == 2 * 2 * 2


def test_the_defaults_of_rate_and_lipschitz_constant_come_from_the_coefficients():
    # L = 1.5 + 0.5 without the identity, and α = 1/L = 0.5.
    optimizer = kg.optimize.ICANS(seed=1)
    after = optimizer.step(one_qubit(observable=1.5 * kg.Z(0) - 0.5 * kg.Y(0) + 7.0 * kg.I()), 0.3)
    assert after == pytest.approx(0.3 - 0.5 * optimizer.state["means"][0] / 0.01)


def test_training_goes_down_and_takes_more_shots_towards_the_end():
    result = kg.optimize.ICANS(seed=1).minimize(two_qubit_energy(shots=10_000), [0.4, 0.5, 0.6], steps=60)
    exact = kg.optimize.Rotosolve().minimize(two_qubit_energy(), [0.4, 0.5, 0.6], steps=60)
    assert result.value == pytest.approx(exact.value, abs=0.05)
    assert max(result.state["next"]) > 20


def test_the_same_seed_is_the_same_path_on_every_backend(backend):
    energy = two_qubit_energy(shots=100)
    check_same_path(backend, lambda: kg.optimize.ICANS(seed=7).minimize(energy, START, steps=3))


def test_a_seed_of_the_training_decides_all_shots():
    energy = two_qubit_energy(shots=100)
    first, second = (kg.optimize.ICANS().minimize(energy, START, steps=2, seed=5) for _ in range(2))
    assert first.history == second.history
    np.testing.assert_array_equal(first.x, second.x)


def test_a_budget_stops_training():
    result = kg.optimize.ICANS(learning_rate=0.1, max_shots=30, seed=1).minimize(two_qubit_energy(shots=10), START)
    # The first step takes 3 derivatives of 2 values in 2 settings with 2 shots each, 24, and the next one goes beyond.
    assert (result.stopped, result.steps) == ("shots", 2)
    assert result.state["shots"] >= 30


def test_an_element_without_a_gate_stays_and_takes_no_shots():
    theta = kg.parameters("theta", (2,))
    energy = kg.function(kg.Circuit(1).ry(theta[1], 0), kg.expval(kg.Z(0)), shots=10)
    optimizer = kg.optimize.ICANS(seed=1)
    assert optimizer.step(energy, [0.3, 0.4])[0] == 0.3
    assert optimizer.state["shots"] == 4


def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(backend, tmp_path):
    def make():
        return kg.optimize.ICANS(seed=3)

    check_resume(backend, make, two_qubit_energy(shots=20), START, tmp_path / "training.npz", pause=1, steps=2)


def test_functions_with_other_numbers_of_shots():
    energy = one_qubit()
    assert energy.with_shots(7).execution.shots == 7
    assert float(energy.with_shots(None)(0.3)) == pytest.approx(math.cos(0.3))
    assert float(one_qubit().with_shots(None).with_shots(1)(0.0)) == 1.0
    seeded = kg.function(kg.Circuit(1).h(0), kg.expval(kg.Z(0)), shots=10, seed=3)
    assert seeded.with_shots(20).seed == 3
    assert seeded.with_shots(None).seed is None
    with pytest.raises(kg.InvalidValueError, match="shots"):
        energy.with_shots(0)
    averaged = kg.function(kg.Circuit(1).h(0), kg.expval(kg.Z(0)), trajectories=5)
    with pytest.raises(kg.UnsupportedError, match="shots and trajectories were given"):
        averaged.with_shots(10)


def test_wrong_input_is_told():
    make, minimize = kg.optimize.ICANS, kg.optimize.ICANS().minimize
    with pytest.raises(kg.InvalidValueError, match="min_shots is 1; give an integer of at least 2"):
        make(min_shots=1)
    with pytest.raises(kg.InvalidValueError, match="learning_rate is 0; give a number above 0"):
        make(0)
    with pytest.raises(kg.InvalidValueError, match=r"learning_rate is 2, .*; give one below 2/L = 2"):
        make(2.0).minimize(one_qubit(), 0.1)
    with pytest.raises(kg.InvalidTypeError, match="ICANS chooses shots, which an ordinary function has not"):
        minimize(lambda x: x * x, 0.1)
    with pytest.raises(kg.UnsupportedError, match="ICANS is for one expval from shots"):
        minimize(two_qubit_energy(), START)
    with pytest.raises(kg.UnsupportedError, match="ICANS is for one expval from shots"):
        minimize(one_qubit().measuring(kg.var(kg.Z(0))), 0.1)
    with pytest.raises(
        kg.InvalidValueError, match=r"ICANS got x of shape \(2,\); give one array of shape \(\), that of"
    ):
        minimize(one_qubit(), [0.1, 0.2])
    with pytest.raises(kg.InvalidValueError, match=r"ICANS got x\['a'\] of shape \(\); give one array of shape"):
        minimize(one_qubit(), {"a": 0.1})
    with pytest.raises(kg.InvalidValueError, match="the Lipschitz constant is known only for Pauli sums"):
        minimize(one_qubit(observable=kg.Projector("1", [0])), 0.1)

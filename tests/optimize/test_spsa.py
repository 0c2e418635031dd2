"""SPSA: its gains, its one step by hand, its numbers on every backend."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.optimize.chance import random_signs, step_key
from optimizer_checks import check_resume, check_same_path, numbers, two_qubit_energy


def test_gains_are_those_of_spall():
    optimizer = kg.optimize.SPSA(learning_rate=0.3, perturbation=0.2, stability=7.0)
    # a_k = a / (A + k)^0.602 and c_k = c / k^0.101 for k = 1 and k = 5.
    assert optimizer.gains(1) == pytest.approx((0.3 / 8**0.602, 0.2))
    assert optimizer.gains(5) == pytest.approx((0.3 / 12**0.602, 0.2 / 5**0.101))


def test_a_step_on_a_parabola_is_the_formula_with_signs_from_the_seed(backend):
    def parabola(x):
        return backend.sum(x * x)

    optimizer = kg.optimize.SPSA(learning_rate=0.3, perturbation=0.2, stability=7.0, seed=5)
    before = np.array([1.0, -2.0, 0.5])
    after = numbers(backend, optimizer.step(parabola, before))
    signs = numbers(backend, random_signs(backend, step_key(5, 0).split(1)[0], backend.asarray(before)))
    assert set(np.abs(signs)) == {1.0}
    # The central difference of a parabola is exact: ((x + cΔ)² − (x − cΔ)²) / 2c = 2 x·Δ.
    np.testing.assert_allclose(after, before - 0.3 / 8**0.602 * 2 * (before @ signs) * signs, rtol=0, atol=1e-12)


def test_the_mean_over_many_directions_is_the_gradient():
    optimizer = kg.optimize.SPSA(learning_rate=0.1, stability=0.0, directions=4000, seed=1)
    before = np.array([1.0, -2.0, 0.5])
    after = optimizer.step(lambda x: (x * x).sum(), before)
    np.testing.assert_allclose((before - after) / 0.1, 2 * before, atol=0.2)


def test_the_same_seed_is_the_same_path_on_every_backend(backend):
    energy = two_qubit_energy()
    check_same_path(backend, lambda: kg.optimize.SPSA(seed=7).minimize(energy, [0.1, 0.2, 0.3], steps=5))


def test_parameters_may_be_containers(backend):
    def loss(x):
        return backend.sum(x["w"] * x["w"]) + x["b"] * x["b"]

    start = {"w": np.array([1.0, 2.0]), "b": np.array(0.5)}
    result = kg.optimize.SPSA(seed=2).minimize(loss, start, steps=100)
    assert list(result.x) == ["w", "b"]
    assert result.value < 0.1 * result.history[0]


def test_directions_of_steps_and_of_arrays_are_different():
    backend, zeros = kg.get_backend(), [np.zeros(40), np.zeros(40)]
    first, second = random_signs(backend, step_key(0, 0), zeros)
    later, _ = random_signs(backend, step_key(0, 1), zeros)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, later)


def test_without_a_seed_two_runs_differ_and_the_state_tells_the_seed():
    def run(seed=None):
        return kg.optimize.SPSA(seed=seed).minimize(lambda x: (x * x).sum(), np.ones(30), steps=2)

    first, second = run(), run()
    assert not np.array_equal(first.x, second.x)
    np.testing.assert_array_equal(run(first.state["seed"]).x, first.x)


def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(backend, tmp_path):
    check_resume(
        backend, lambda: kg.optimize.SPSA(seed=3), two_qubit_energy(), [0.1, 0.2, 0.3], tmp_path / "training.npz"
    )


def test_a_run_without_a_seed_resumes_from_the_seed_in_its_checkpoint(tmp_path):
    path = tmp_path / "training.npz"
    first = kg.optimize.SPSA().minimize(lambda x: (x * x).sum(), np.ones(3), steps=1, checkpoint=path)
    resumed = kg.optimize.SPSA().minimize(lambda x: (x * x).sum(), np.ones(3), steps=2, checkpoint=path, resume=True)
    assert resumed.state["seed"] == first.state["seed"]


def test_shots_with_a_seed_go_the_same_way_twice():
    energy = two_qubit_energy(shots=50)

    def run():
        return kg.optimize.SPSA(seed=3).minimize(energy, [0.1, 0.2, 0.3], steps=3, seed=1)

    assert run().history == run().history


def test_wrong_options_are_told():
    for options, sentence in (
        ({"perturbation": 0.0}, "perturbation is 0.0; give a number above 0"),
        ({"stability": -1}, "stability is -1; give a number of zero or more"),
        ({"directions": 0}, "directions is 0; give an integer of at least 1"),
        ({"seed": -1}, "seed is -1; give an integer of zero or more, or None"),
    ):
        with pytest.raises(kg.InvalidValueError, match=sentence):
            kg.optimize.SPSA(**options)
    with pytest.raises(kg.InvalidValueError, match="learning_rate is <function"):
        kg.optimize.SPSA(lambda step: 0.1)
    with pytest.raises(kg.InvalidTypeError, match="SPSA was given no parameters to begin with; give x0"):
        kg.optimize.SPSA().minimize(lambda x: x)

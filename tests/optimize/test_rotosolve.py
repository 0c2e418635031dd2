"""Rotosolve: minima of one parameter in one sweep, sweeps on every backend, frequencies by hand."""

import math

import numpy as np
import pytest

import ketgrad as kg
from optimizer_checks import check_resume, check_same_path, numbers, two_qubit_energy

ROOT = math.sqrt(2)
OBSERVABLE = kg.Z(0) + 0.7 * kg.X(1) @ kg.Z(0) - 0.4 * kg.Y(1)


def one_parameter(build):
    theta = kg.parameters("theta", ())
    return kg.function(build(kg.Circuit(2).ry(0.4, 0).ry(1.1, 1), theta), kg.expval(OBSERVABLE))


@pytest.mark.parametrize(
    ("build", "half_period"),
    [
        (lambda circuit, t: circuit.ry(t, 0), math.pi),
        (lambda circuit, t: circuit.ry(t, 0).cx(0, 1).rx(t, 1), math.pi),
        (lambda circuit, t: circuit.cry(t, 0, 1), 2 * math.pi),
        (lambda circuit, t: circuit.ry(t, 0).cx(0, 1).rx(3 * t, 1).ry(t, 1), math.pi),
        # √2 − 1, 1, √2 and √2 + 1: searched for a period of the lowest.
        (lambda circuit, t: circuit.ry(t, 0).cx(0, 1).rx(ROOT * t, 1), math.pi / (ROOT - 1)),
    ],
)
def test_one_parameter_is_at_its_minimum_after_one_sweep(build, half_period):
    energy = one_parameter(build)
    result = kg.optimize.Rotosolve().minimize(energy, 0.3, steps=1)
    grid = 0.3 + np.linspace(-half_period, half_period, 20_001)
    values = energy(grid)
    assert result.value <= values.min() + 1e-12
    assert result.value == pytest.approx(values.min(), abs=1e-5)
    assert result.state["minimum"] == pytest.approx(result.value, abs=1e-10)


def test_the_closed_form_of_one_frequency(backend):
    # ⟨Z⟩ after RY(θ) RY(0.4) is cos(θ + 0.4), lowest at π − 0.4.
    theta = kg.parameters("theta", ())
    energy = kg.function(kg.Circuit(1).ry(0.4, 0).ry(theta, 0), kg.expval(kg.Z(0)))
    after, before = kg.optimize.Rotosolve().step_and_value(energy, 0.3)
    assert float(numbers(backend, after)) == pytest.approx(math.pi - 0.4, abs=1e-12)
    assert float(numbers(backend, before)) == pytest.approx(math.cos(0.7), abs=1e-12)


def test_a_sweep_takes_two_values_a_frequency_and_one():
    calls = []

    def loss(x):
        calls.append(x)
        return np.cos(x[0]) + np.cos(2 * x[1]) + np.sin(x[1])

    kg.optimize.Rotosolve([(1.0,), (1.0, 2.0)]).step(loss, np.array([0.5, 0.4]))
    assert len(calls) == 1 + 2 + 4


def test_sweeps_go_the_same_way_on_every_backend(backend):
    energy = two_qubit_energy()
    result = check_same_path(backend, lambda: kg.optimize.Rotosolve().minimize(energy, [0.1, 0.2, 0.3], steps=5))
    assert np.all(np.diff(result.history) < 1e-12)


def test_the_ground_state_is_reached():
    energy = two_qubit_energy()
    # Z₀Z₁ + X₀/2 has the lowest eigenvalue −√(1 + 1/4); every product of its two signs is within the ansatz.
    grid = np.stack(np.meshgrid(*3 * [np.linspace(0, 2 * np.pi, 41)], indexing="ij"), axis=-1).reshape(-1, 3)
    result = kg.optimize.Rotosolve().minimize(energy, [0.1, 0.2, 0.3], steps=50)
    assert result.value <= energy(grid).min() + 1e-9


def test_frequencies_by_hand_in_the_structure_of_the_parameters(backend):
    def loss(x):
        return backend.sum(backend.cos(x["w"])) + backend.sin(2.0 * x["b"]) + backend.cos(x["b"])

    start = {"w": np.array([[0.3, 0.4], [2.0, 1.0]]), "b": np.array(0.1)}
    optimizer = kg.optimize.Rotosolve({"b": (1.0, 2.0), "w": [[(1.0,), (1.0,)], (1.0,)]})
    result = optimizer.minimize(loss, start, steps=1)
    grid = np.linspace(0, 2 * np.pi, 100_001)
    expected = -4 + (np.sin(2 * grid) + np.cos(grid)).min()
    assert result.value == pytest.approx(expected, abs=1e-8)


def test_one_sequence_is_for_all_elements_and_an_element_without_a_gate_stays():
    result = kg.optimize.Rotosolve((1.0,)).minimize(lambda x: np.cos(x[0]) + np.sin(x[1]), [0.3, 0.4], steps=1)
    assert result.value == pytest.approx(-2.0, abs=1e-12)
    theta = kg.parameters("theta", (2,))
    energy = kg.function(kg.Circuit(1).rx(theta[0], 0), kg.expval(kg.Z(0)))
    assert kg.optimize.Rotosolve().minimize(energy, [0.3, 0.4], steps=1).x[1] == 0.4


def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(backend, tmp_path):
    check_resume(backend, kg.optimize.Rotosolve, two_qubit_energy(), [0.1, 0.2, 0.3], tmp_path / "training.npz")


def test_a_value_that_is_not_finite_is_told():
    def loss(x):
        return np.cos(x[0]) if abs(x[0]) < 1 else np.float64("nan")

    with pytest.raises(kg.optimize.NotFiniteError, match=r"the step makes the parameter x\[0\] is nan"):
        kg.optimize.Rotosolve((1.0,)).minimize(loss, [0.3], steps=1)


def test_wrong_frequencies_are_told():
    def run(given, x=(0.1, 0.2)):
        kg.optimize.Rotosolve(given).minimize(lambda x: np.cos(x[0]), x, steps=1)

    with pytest.raises(kg.InvalidTypeError, match="the frequencies of an ordinary function are not known"):
        run(None)
    with pytest.raises(kg.InvalidValueError, match=r"the frequencies of x are \(1.0, -1.0\); give positive numbers"):
        run((1.0, -1.0))
    with pytest.raises(kg.InvalidTypeError, match=r"of x are \[\[1.0\]\]; give numbers, or a list of 2 sequences"):
        run([[1.0]])
    with pytest.raises(kg.InvalidTypeError, match=r"of x\[1\] are 'a'; give positive numbers"):
        run([[1.0], "a"])
    with pytest.raises(kg.InvalidTypeError, match=r"give a dictionary with the keys \['w'\]"):
        run({"v": (1.0,)}, {"w": np.array(0.1)})

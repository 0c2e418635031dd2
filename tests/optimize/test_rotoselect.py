"""Rotoselect: the axis that an observable asks for, its number of values, the same choices on every backend."""

import itertools

import numpy as np
import pytest

import ketgrad as kg
from optimizer_checks import check_resume, check_same_path

OBSERVABLE = kg.Z(0) @ kg.Z(1) + 0.7 * kg.X(0) - 0.4 * kg.Y(1)


def build(x, gates):
    circuit, backend = kg.Circuit(2), kg.get_backend()
    for place, gate in enumerate(gates):
        getattr(circuit, gate)(backend.take(x, place, axis=0), place % 2)
        if place % 2:
            circuit.cx(0, 1)
    return circuit


def energy(x, gates):
    return build(x, gates).expectation(OBSERVABLE)


def one_qubit(observable):
    def value(x, gates):
        return getattr(kg.Circuit(1), gates[0])(x, 0).expectation(observable)

    return value


@pytest.mark.parametrize(("observable", "gate", "angle"), [(kg.X(0), "ry", -np.pi / 2), (kg.Y(0), "rx", np.pi / 2)])
def test_one_qubit_finds_its_axis_in_one_sweep(backend, observable, gate, angle):
    result = kg.optimize.Rotoselect(start_with="rz").minimize(one_qubit(observable), 0.3, steps=1)
    assert result.state["gates"] == [gate]
    assert result.value == pytest.approx(-1.0, abs=1e-12)
    assert float(backend.to_numpy(result.x)) == pytest.approx(angle, abs=1e-12)
    assert result.state["minimum"] == pytest.approx(-1.0, abs=1e-12)


def test_the_gate_stays_among_equal_ones():
    for gate in ("rx", "ry"):
        assert kg.optimize.Rotoselect(gate).minimize(one_qubit(kg.Z(0)), 0.3, steps=1).state["gates"] == [gate]


def test_a_sweep_takes_seven_values_an_element():
    calls = []

    def counted(x, gates):
        calls.append(gates)
        return energy(x, gates)

    kg.optimize.Rotoselect().step(counted, [0.1, 0.2])
    assert len(calls) == 1 + 2 * 7
    assert all(isinstance(gates, tuple) and len(gates) == 2 for gates in calls)


def test_one_element_is_at_the_lowest_of_all_gates_and_angles():
    grid = np.linspace(-np.pi, np.pi, 2001)
    start = np.array([0.4, 0.5, 0.6, 0.7])
    gates = ("rx", "rz", "ry", "ry")
    after = kg.optimize.Rotoselect(gates)
    x = after.step(energy, start)
    # Only the last element of a sweep is at the minimum for the others as they are in the end.
    chosen = after.state["gates"]
    lowest = min(
        float(energy(np.array([*x[:3], angle]), (*chosen[:3], gate)))
        for gate, angle in itertools.product(("rx", "ry", "rz"), grid)
    )
    assert float(energy(x, tuple(chosen))) <= lowest + 1e-12


def test_axes_reach_what_angles_alone_do_not():
    # RY alone keeps amplitudes real, in which ⟨Y₁⟩ is zero; the lowest eigenvalue of Y₁ + 0.3 Z₀ is −1.3.
    def imaginary(x, gates):
        return build(x, gates).expectation(kg.Y(1) + 0.3 * kg.Z(0))

    start = [0.4, 0.5, 0.6, 0.7]
    fixed = kg.optimize.Rotosolve((1.0,)).minimize(lambda x: imaginary(x, ("ry",) * 4), start, steps=20)
    free = kg.optimize.Rotoselect().minimize(imaginary, start, steps=20)
    assert fixed.value == pytest.approx(-0.3, abs=1e-9)
    assert free.value == pytest.approx(-1.3, abs=1e-6)
    assert np.all(np.diff(free.history) < 1e-12)


def test_choices_and_angles_are_the_same_on_every_backend(backend):
    start = [0.4, 0.5, 0.6, 0.7]

    def train():
        return kg.optimize.Rotoselect().minimize(energy, start, steps=3)

    found = check_same_path(backend, train, tolerance=1e-8)
    with kg.use_backend("numpy"):
        assert found.state["gates"] == train().state["gates"]


def test_further_arguments_come_behind_the_gates():
    def scaled(x, gates, scale):
        return scale * one_qubit(kg.X(0))(x, gates)

    result = kg.optimize.Rotoselect().minimize(scaled, 0.3, args=(2.0,), steps=1)
    assert result.value == pytest.approx(-2.0, abs=1e-12)


def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(backend, tmp_path):
    check_resume(backend, kg.optimize.Rotoselect, energy, [0.4, 0.5], tmp_path / "training.npz")


def test_a_function_that_takes_no_gates_is_told_so():
    sentence = r"as f\(x, gates, \*args\), and this one does not take that \(too many positional arguments\); give it a"
    with pytest.raises(kg.InvalidTypeError, match=sentence):
        kg.optimize.Rotoselect().minimize(lambda x: x[0], [0.1, 0.2])
    with pytest.raises(kg.InvalidTypeError, match=sentence):
        kg.optimize.Rotoselect().step(lambda x, scale: x[0], [0.1, 0.2], 2.0)


def test_a_function_may_take_gates_in_any_way():
    def by_name_and_seed(x, gates=("rz",), *, seed):
        return one_qubit(kg.X(0))(x, gates)

    for function in (by_name_and_seed, lambda *given, seed: one_qubit(kg.X(0))(*given)):
        result = kg.optimize.Rotoselect().minimize(function, 0.3, steps=1, seed=1)
        assert result.value == pytest.approx(-1.0, abs=1e-12)


def test_wrong_input_is_told():
    with pytest.raises(kg.InvalidValueError, match='start_with is \'h\'; give "rx", "ry" or "rz", or a list'):
        kg.optimize.Rotoselect("h")
    with pytest.raises(kg.InvalidValueError, match="start_with has 1 gates, and x 2 elements; give one for each"):
        kg.optimize.Rotoselect(["rx"]).minimize(energy, [0.1, 0.2])
    theta = kg.parameters("theta", ())
    with pytest.raises(kg.InvalidTypeError, match=r"Rotoselect chooses gates, and a function made by kg"):
        kg.optimize.Rotoselect().minimize(kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0))), 0.1)

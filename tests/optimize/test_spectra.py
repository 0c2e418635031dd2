"""Frequencies read off a circuit, and trigonometric polynomials from their values."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.optimize.spectra import element_frequencies
from ketgrad.optimize.trigonometric import Series, common_unit, sample_points

ROOT = math.sqrt(2)


def frequencies(build, shape=()):
    theta = kg.parameters("theta", shape)
    return element_frequencies(kg.function(build(kg.Circuit(4), theta), kg.expval(kg.Z(0))))


def test_gates_have_the_halved_differences_of_their_eigenvalues():
    assert frequencies(lambda circuit, t: circuit.rx(t, 0)) == ((1.0,),)
    assert frequencies(lambda circuit, t: circuit.p(t, 0)) == ((1.0,),)
    assert frequencies(lambda circuit, t: circuit.crz(t, 0, 1)) == ((0.5, 1.0),)
    assert frequencies(lambda circuit, t: circuit.double_excitation(t, 0, 1, 2, 3)) == ((0.5, 1.0),)
    assert frequencies(lambda circuit, t: circuit.pauli_rotation(t, "XYZ", [0, 1, 2])) == ((1.0,),)


def test_factors_scale_and_offsets_do_not():
    assert frequencies(lambda circuit, t: circuit.rx(-3 * t + 0.4, 0)) == ((3.0,),)
    found = frequencies(lambda circuit, t: circuit.rx(ROOT * t, 0).ry(t / 4, 0))
    np.testing.assert_allclose(found, [[0.25, ROOT - 0.25, ROOT, ROOT + 0.25]], rtol=1e-15)


def test_shared_parameters_have_all_sums():
    assert frequencies(lambda circuit, t: circuit.rx(t, 0).ry(t, 1)) == ((1.0, 2.0),)
    assert frequencies(lambda circuit, t: circuit.rx(t, 0).crx(t, 0, 1)) == ((0.5, 1.0, 1.5, 2.0),)


def test_each_element_has_its_own_and_one_without_a_gate_has_none():
    found = frequencies(lambda circuit, t: circuit.rx(t[0, 1] + 2 * t[1, 0], 0).cry(t[1, 1], 0, 1), (2, 2))
    assert found == ((), (1.0,), (2.0,), (0.5, 1.0))


def test_a_composite_gate_counts_as_its_parts():
    # u(θ, φ, λ) with φ = λ = θ is p(θ) ry(θ) p(θ), of which the phases add up to three frequencies with the rotation.
    assert frequencies(lambda circuit, t: circuit.u(t, t, t, 0)) == ((1.0, 2.0, 3.0),)


@pytest.mark.parametrize("wanted", [(1.0,), (1.0, 2.0), (0.5, 1.0), (1.0, 3.0), (1.0, ROOT), (1.0, 1.1, 2.5)])
def test_a_series_follows_from_its_values(wanted):
    generator = np.random.default_rng(len(wanted))
    cosines, sines = generator.normal(size=(2, len(wanted)))

    def value(t):
        return 0.3 + sum(
            a * math.cos(w * t) + b * math.sin(w * t) for w, a, b in zip(wanted, cosines, sines, strict=True)
        )

    points = sample_points(wanted)
    assert points[0] == 0.0
    assert len(points) == 2 * len(wanted) + 1
    found = Series.through(wanted, [value(t) for t in points])
    assert found.constant == pytest.approx(0.3, abs=1e-10)
    np.testing.assert_allclose([found.cosines, found.sines], [cosines, sines], rtol=0, atol=1e-10)


@pytest.mark.parametrize("wanted", [(1.0,), (1.0, 2.0), (0.5, 1.0), (0.5, 1.0, 1.5, 2.0), (2.0, 3.0, 7.0), (1.0, ROOT)])
@pytest.mark.parametrize("seed", range(5))
def test_the_minimum_is_that_of_a_fine_grid(wanted, seed):
    cosines, sines = np.random.default_rng(seed).normal(size=(2, len(wanted)))
    series = Series(np.array(wanted), 0.1, cosines, sines)
    time, value = series.lowest()
    half = math.pi / (common_unit(wanted) or wanted[0])
    grid = np.linspace(-half, half, 200_001)
    phases = np.multiply.outer(grid, np.array(wanted))
    values = 0.1 + np.cos(phases) @ cosines + np.sin(phases) @ sines
    assert value <= values.min() + 1e-12
    if common_unit(wanted):  # beyond the range that is searched there may be a deeper valley, in which its end lies
        assert value == pytest.approx(values.min(), abs=1e-6)
        assert abs(series.derivative(time, 1)) < 1e-9
    assert value == pytest.approx(float(series.derivative(time)), abs=1e-12)


def test_of_equal_minima_the_next_one_is_taken_and_a_constant_stays():
    # cos 2t with frequencies 1 and 2 has minima at ±π/2 alike; −cos 3t has one at 0.
    assert abs(Series(np.array([1.0, 2.0]), 0.0, np.array([0.0, 1.0]), np.zeros(2)).lowest()[0]) == pytest.approx(
        math.pi / 2
    )
    assert Series(np.array([1.0, 3.0]), 0.0, np.array([0.0, -1.0]), np.zeros(2)).lowest()[0] == pytest.approx(0.0)
    assert Series(np.array([1.0, 2.0]), 0.5, np.zeros(2), np.zeros(2)).lowest() == (0.0, 0.5)


def test_common_units():
    assert common_unit((1.0, 2.0, 5.0)) == 1.0
    assert common_unit((2.0, 3.0)) == 1.0
    assert common_unit((1.0, ROOT)) is None


def test_what_has_no_frequencies_is_told():
    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(1).rx(theta[0], 0)
    for function, sentence in (
        (kg.function(circuit, kg.var(kg.Z(0))), "the frequencies of var are not known, only those of expval"),
        (kg.function(kg.Circuit(1).h(0), kg.expval(kg.Z(0))), "the circuit has no parameters"),
        (
            kg.function(kg.Circuit(1).bit_flip(theta[1], 0), kg.expval(kg.Z(0))),
            r"x\[1\] is in bit_flip, on which results depend otherwise than by sines and cosines",
        ),
        (
            kg.function(kg.Circuit(2).rx(theta[0], 0).post_select("0", [1]), kg.expval(kg.Z(0))),
            "post-selection divides by a probability",
        ),
    ):
        with pytest.raises(kg.UnsupportedError, match=sentence):
            element_frequencies(function)
    many = kg.Circuit(1)
    for power in range(8):
        many.rx(ROOT**power * math.pi**power * theta[0], 0)
    with pytest.raises(kg.UnsupportedError, match=r"more than 500 frequencies in x\[0\]"):
        element_frequencies(kg.function(many, kg.expval(kg.Z(0))))

"""Data as angles and as amplitudes, against states written down by hand."""

from functools import reduce
from math import cos, sin

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import rx, ry, rz
from ketgrad import templates

FEATURES = (0.3, -1.1, 0.8)
ROTATIONS = {"x": rx, "y": ry, "z": rz}


# Angles


@pytest.mark.parametrize("axis", ROTATIONS)
def test_each_feature_turns_its_own_qubit_on_every_backend(axis, backend):
    found = backend.to_numpy(templates.angle_encoding(backend.asarray(FEATURES), axis).state())
    expected = reduce(np.kron, [np.array(ROTATIONS[axis](feature))[:, 0] for feature in FEATURES])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_angles_turn_about_x_by_default():
    assert repr(templates.angle_encoding(kg.parameters("f", 2))) == "Circuit(2): rx(f[0]) 0; rx(f[1]) 1"


def test_an_encoded_angle_differentiates(autodiff_backend):
    def value_of(features):
        return templates.angle_encoding(features).expectation(kg.Z(0) @ kg.Z(2))

    value, slope = kg.value_and_grad(value_of, fallback="error")(autodiff_backend.asarray(FEATURES))
    a, _, c = FEATURES
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), cos(a) * cos(c), rtol=0, atol=1e-12)
    expected = [-sin(a) * cos(c), 0.0, -cos(a) * sin(c)]
    np.testing.assert_allclose(autodiff_backend.to_numpy(slope), expected, rtol=0, atol=1e-12)


# Amplitudes


def normalised(values):
    return np.array(values) / np.linalg.norm(values)


WHOLE = (0.3, -1.1, 0.8, 2.0)


def test_features_are_the_amplitudes_after_normalisation_on_every_backend(backend):
    found = backend.to_numpy(templates.amplitude_encoding(backend.asarray(WHOLE)).state())
    np.testing.assert_allclose(found, normalised(WHOLE), rtol=0, atol=1e-13)


def test_missing_features_are_zero_on_every_backend(backend):
    found = backend.to_numpy(templates.amplitude_encoding(backend.asarray(FEATURES)).state())
    np.testing.assert_allclose(found, normalised([*FEATURES, 0.0]), rtol=0, atol=1e-13)


def test_the_pad_fills_all_places_that_are_left():
    found = templates.amplitude_encoding(FEATURES, num_qubits=3, pad=0.5).state()
    np.testing.assert_allclose(found, normalised([*FEATURES, 0.5, 0.5, 0.5, 0.5, 0.5]), rtol=0, atol=1e-13)


def test_one_feature_takes_one_qubit():
    found = templates.amplitude_encoding([2.0], pad=1.0).state()
    np.testing.assert_allclose(found, normalised([2.0, 1.0]), rtol=0, atol=1e-13)


def test_complex_features_keep_their_phases():
    found = templates.amplitude_encoding(np.array([1.0, 1j, -2.0])).state()
    np.testing.assert_allclose(found, normalised([1.0, 1j, -2.0, 0.0]), rtol=0, atol=1e-13)


@pytest.mark.parametrize("pad", [0.0, 0.5])
def test_symbols_give_a_function_of_the_features(pad, backend):
    circuit = templates.amplitude_encoding(kg.parameters("f", 3), pad=pad)
    found = kg.function(circuit, kg.state())(backend.asarray(FEATURES))
    np.testing.assert_allclose(backend.to_numpy(found), normalised([*FEATURES, pad]), rtol=0, atol=1e-13)


def test_symbols_without_padding_give_a_function_of_the_features(backend):
    circuit = templates.amplitude_encoding(kg.parameters("f", 4))
    found = kg.function(circuit, kg.state())(backend.asarray(WHOLE))
    np.testing.assert_allclose(backend.to_numpy(found), normalised(WHOLE), rtol=0, atol=1e-13)


@pytest.mark.parametrize("features", [WHOLE, FEATURES], ids=["whole", "padded"])
def test_an_encoded_amplitude_differentiates_through_the_norm(features, autodiff_backend):
    # ⟨Z0⟩ = (a² + b² − c² − d²)/N with N = a² + b² + c² + d²; its slope is 2x(±1 − ⟨Z0⟩)/N.
    def value_of(values):
        return templates.amplitude_encoding(values, pad=0.5).expectation(kg.Z(0))

    signs, amplitudes = np.array([1, 1, -1, -1]), np.array([*features, 0.5][:4])
    norm = amplitudes @ amplitudes
    expected = signs @ amplitudes**2 / norm
    slopes = 2 * amplitudes * (signs - expected) / norm
    value, slope = kg.value_and_grad(value_of, fallback="error")(autodiff_backend.asarray(features))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(slope), slopes[: len(features)], rtol=0, atol=1e-12)


REFUSED = {
    "an unknown axis": (
        lambda: templates.angle_encoding(FEATURES, axis="w"),
        ValueError,
        'angle_encoding got the axis \'w\'; give "x", "y" or "z"',
    ),
    "a matrix of angles": (
        lambda: templates.angle_encoding(np.zeros((2, 2))),
        ValueError,
        "angle_encoding got features of shape (2, 2); give the shape (qubits,), with at least one of each",
    ),
    "no angles": (
        lambda: templates.angle_encoding([]),
        ValueError,
        "angle_encoding got features of shape (0,); give the shape (qubits,), with at least one of each",
    ),
    "a boolean as angle": (
        lambda: templates.angle_encoding([0.1, True]),
        TypeError,
        "rx got the parameter True; give a real number or a 0-d array",
    ),
    "text as angles": (
        lambda: templates.angle_encoding("ab"),
        TypeError,
        "angle_encoding got features 'ab'; give an array, a nested list, or kg.parameters",
    ),
    "a matrix of amplitudes": (
        lambda: templates.amplitude_encoding(np.zeros((2, 2))),
        ValueError,
        "amplitude_encoding got features of shape (2, 2); give the shape (features,), with at least one of each",
    ),
    "qubits too few": (
        lambda: templates.amplitude_encoding([1.0, 2.0, 3.0], num_qubits=1),
        ValueError,
        "amplitude_encoding got 3 features for 1 qubit; give num_qubits=2 or more",
    ),
    "a boolean as number of qubits": (
        lambda: templates.amplitude_encoding([1.0, 2.0], num_qubits=True),
        TypeError,
        "amplitude_encoding got a number of qubits that is True; give an integer",
    ),
    "text as pad": (
        lambda: templates.amplitude_encoding([1.0], pad="0"),
        TypeError,
        "amplitude_encoding got the pad '0'; give a real number",
    ),
    "a boolean as pad": (
        lambda: templates.amplitude_encoding([1.0], pad=False),
        TypeError,
        "amplitude_encoding got the pad False; give a real number",
    ),
    "amplitudes that are all zero": (
        lambda: templates.amplitude_encoding([0.0, 0.0]),
        ValueError,
        "prepare got amplitudes that are all zero, which is no state; give at least one other",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_one_sentence(case):
    function, kind, message = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        function()
    assert isinstance(caught.value, kind)
    assert str(caught.value) == message

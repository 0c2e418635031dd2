"""Gradient methods of `kg.function`: reference values, closed forms, and agreement with one another."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ketgrad as kg
from ketgrad_conformance import expect
from random_circuits import A, B, build, mixture, random_terms
from three_angles import AUXILIARY, EXACT, POINT, W, page_circuit

# ⟨Z1⟩ = cos w0 cos w1 cos w2.
COSINES, SINES = np.cos(POINT), np.sin(POINT)
MEAN = float(np.prod(COSINES))
MEAN_GRADIENT = (-MEAN * SINES / COSINES).tolist()
# With z = cos w0 cos w1, the eigenvalues of ρ0 are (1 ± z)/2: the CX leaves no coherence.
Z = COSINES[0] * COSINES[1]
Z_GRADIENT = np.array([-SINES[0] * COSINES[1], -COSINES[0] * SINES[1], 0.0])
ENTROPY_SLOPE = 0.5 * math.log((1 - Z) / (1 + Z))

RESULTS = {
    "expval": (kg.expval(kg.Z(1)), MEAN_GRADIENT),
    "expval of a matrix": (kg.expval(kg.Hermitian([[1, 0], [0, -1]], [1])), MEAN_GRADIENT),
    "expval of a projector": (kg.expval(kg.Projector("0", [1])), np.array(MEAN_GRADIENT) / 2),
    "var": (kg.var(kg.Z(1)), -2 * MEAN * np.array(MEAN_GRADIENT)),
    "var of a matrix": (kg.var(kg.Hermitian([[1, 0], [0, -1]], [1])), -2 * MEAN * np.array(MEAN_GRADIENT)),
    "var of a projector": (kg.var(kg.Projector("0", [1])), -MEAN * np.array(MEAN_GRADIENT) / 2),
    "probs": (kg.probs([1]), np.outer([0.5, -0.5], MEAN_GRADIENT)),
    "density matrix": (
        kg.density_matrix([0]), np.stack([np.diag([0.5, -0.5]) * slope for slope in Z_GRADIENT], axis=-1) + 0j
    ),
    "entropy": (kg.entropy([0]), ENTROPY_SLOPE * Z_GRADIENT),
    "mutual information": (kg.mutual_info([0], [1]), 2 * ENTROPY_SLOPE * Z_GRADIENT),
    "purity": (kg.purity([0]), Z * Z_GRADIENT),
    "fidelity": (kg.fidelity([1, 0], [0]), Z_GRADIENT / 2),
}  # fmt: skip


@pytest.mark.parametrize("method", [*EXACT, "finite-diff"])
@pytest.mark.parametrize(("measurement", "expected"), RESULTS.values(), ids=RESULTS)
def test_every_result_is_differentiated_by_every_method(autodiff_backend, measurement, expected, method):
    function = kg.function(page_circuit(), measurement, gradient=method)
    found = kg.jacobian(function, fallback="error")(np.array(POINT))
    kind = "complex128" if np.iscomplexobj(expected) else "float64"
    tolerance = 1e-8 if method == "finite-diff" else 1e-12
    expect.close(autodiff_backend, found, np.asarray(expected).tolist(), dtype=kind, tolerance=tolerance)


@pytest.mark.parametrize("method", ["best", "backprop", "parameter-shift", "hadamard"])
def test_second_derivatives(autodiff_backend, method):
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient=method)
    expected = np.diag([-MEAN] * 3)
    for i, j, k in [(0, 1, 2), (0, 2, 1), (1, 2, 0)]:
        expected[i, j] = expected[j, i] = SINES[i] * SINES[j] * COSINES[k]
    found = kg.hessian(function, fallback="error")(np.array(POINT))
    expect.close(autodiff_backend, found, expected.tolist())


def test_the_adjoint_method_differentiates_once_and_says_so(autodiff_backend):
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient="adjoint")
    with pytest.raises(kg.KetgradError, match="backprop"):
        kg.hessian(function, fallback="error")(np.array(POINT))


def test_the_test_with_an_auxiliary_qubit_differentiates_once_and_says_so(autodiff_backend):
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient=AUXILIARY)
    with pytest.raises(kg.GradientError, match="differentiates once; give gradient="):
        kg.hessian(function, fallback="error")(np.array(POINT))


@pytest.mark.parametrize("method", ["hadamard", AUXILIARY])
def test_the_hadamard_test_of_a_noisy_circuit(autodiff_backend, method):
    circuit = kg.Circuit(2).rx(W[0], 0).amplitude_damping(0.19, 0).crx(W[1], 0, 1).depolarizing(0.3, 1)
    function, exact = (kg.function(circuit, kg.expval(kg.Z(1)), gradient=name) for name in (method, "backprop"))
    expected = kg.backend.to_numpy(kg.grad(exact, fallback="error")(np.array(POINT)))
    # ⟨Z1⟩ = (1 − 4·0.3/3)(1 − 0.81 sin² w0/2 (1 − cos w1)).
    slopes = [-0.6 * 0.81 * SINES[0] / 2 * (1 - COSINES[1]), -0.6 * 0.81 * math.sin(POINT[0] / 2) ** 2 * SINES[1], 0.0]
    np.testing.assert_allclose(expected, slopes, rtol=0, atol=1e-12)
    expect.close(autodiff_backend, kg.grad(function, fallback="error")(np.array(POINT)), slopes)


@pytest.mark.parametrize("method", EXACT)
def test_a_parameter_used_five_times_is_the_sum_over_its_occurrences(autodiff_backend, method):
    theta = kg.parameters("theta")
    circuit = kg.Circuit(2)
    for x in (0.1, 0.2, 0.3, 0.4, 0.5):
        circuit.rx(x, 1).ry(theta, 0).cx(0, 1)
    function = kg.function(circuit, kg.expval(kg.Z(1)), gradient=method)
    value, gradient = kg.value_and_grad(function, fallback="error")(0.7)
    reference = json.loads((Path(__file__).parent / "reference_values.json").read_text())["shared_parameter_five_times"]
    expect.close(autodiff_backend, value, reference["expval_Z1"])
    expect.close(autodiff_backend, gradient, reference["derivative"])


@pytest.mark.parametrize("options", [{"gradient": "adjoint"}, {"engine": "compiled"}, {}], ids=str)
def test_a_qubit_that_is_used_again_many_times(autodiff_backend, options):
    theta = kg.parameters("theta")
    circuit = kg.Circuit(2)
    for _ in range(5):  # each flips qubit 0 with the probability sin² θ/2
        circuit.rx(theta, 1).cx(1, 0).reset(1)
    value, gradient = kg.value_and_grad(kg.function(circuit, kg.expval(kg.Z(0)), **options), fallback="error")(0.7)
    expect.close(autodiff_backend, value, math.cos(0.7) ** 5)
    expect.close(autodiff_backend, gradient, -5 * math.cos(0.7) ** 4 * math.sin(0.7))


ROTATIONS = {
    "rx": (1, 1), "ry": (1, 1), "rz": (1, 1), "p": (1, 1), "u2": (2, 1), "u": (3, 1), "rxx": (1, 2), "ryy": (1, 2),
    "rzz": (1, 2), "rzx": (1, 2), "cp": (1, 2), "crx": (1, 2), "cry": (1, 2), "crz": (1, 2), "cu": (4, 2),
    "single_excitation": (1, 2), "double_excitation": (1, 4),
}  # fmt: skip


@pytest.mark.parametrize("method", ["parameter-shift", "hadamard", AUXILIARY])
@pytest.mark.parametrize("controls", [0, 1])
@pytest.mark.parametrize("name", ROTATIONS)
def test_each_rotation_is_differentiated_by_its_generator(name, controls, method):
    from dense_reference import gate_matrix

    angles, width = ROTATIONS[name]
    rng = np.random.default_rng(11)
    theta, values = kg.parameters("theta", (angles,)), rng.uniform(-2, 2, angles)
    amplitudes = rng.normal(size=2 ** (width + controls)) + 1j * rng.normal(size=2 ** (width + controls))
    amplitudes /= np.linalg.norm(amplitudes)
    gate = kg.Circuit(width).append(name, list(theta), range(width))
    circuit = kg.Circuit(width + controls)
    circuit = circuit.controlled(gate, [0], range(1, width + 1)) if controls else circuit.compose(gate)
    matrix = rng.normal(size=(2 ** (width + controls),) * 2)
    observable = kg.Hermitian(matrix + matrix.T, range(width + controls))

    def mean(x):
        small = gate_matrix(name, x)
        big = np.block([[np.eye(2**width), np.zeros((2**width,) * 2)], [np.zeros((2**width,) * 2), small]])
        state = (big if controls else small) @ amplitudes
        return float((state.conj() @ (matrix + matrix.T) @ state).real)

    function = kg.function(circuit, kg.expval(observable), gradient=method)
    found = kg.grad(lambda x: function(x, initial_state=amplitudes), fallback="error")(values)
    step = 1e-3
    for place in range(angles):
        unit = np.eye(angles)[place] * step
        # Richardson's extrapolation of central differences of the dense matrices, good to O(h⁴).
        near, far = (mean(values + unit) - mean(values - unit)), (mean(values + 2 * unit) - mean(values - 2 * unit))
        assert found[place] == pytest.approx((8 * near - far) / (12 * step), abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 5), st.integers(0, 10_000))
def test_all_exact_methods_agree_on_random_circuits(n, seed):
    rng = np.random.default_rng(seed)
    circuit, terms = build(n, mixture(rng, n, 12)), kg.PauliSum(random_terms(rng, n, 6))
    values = rng.uniform(-3, 3, 7)
    for measurement in (kg.expval(terms), kg.var(terms), kg.purity([0])):
        found = []
        for method in EXACT:
            function = kg.function(circuit, measurement, gradient=method)
            gradients = kg.grad(lambda a, b, f=function: f(a=a, b=b), (0, 1), fallback="error")(
                values[:6].reshape(2, 3), values[6]
            )
            found.append(np.append(gradients[0].reshape(-1), gradients[1]))
        np.testing.assert_allclose(found[1:], [found[0]] * (len(EXACT) - 1), rtol=0, atol=1e-9)


# Batches and transformations


@pytest.mark.parametrize("method", ["parameter-shift", "finite-diff"])
def test_a_batch_is_differentiated_like_its_elements(autodiff_backend, method):
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient=method)
    points = np.array([POINT, [0.4, -1.0, 2.0]])
    found = kg.grad(lambda w: autodiff_backend.sum(function(w)), fallback="error")(points)
    expected = [-np.prod(np.cos(row)) * np.tan(row) for row in points]
    expect.close(autodiff_backend, found, np.array(expected).tolist(), tolerance=1e-8)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_mapped_gradient_is_the_gradient_of_each(autodiff_backend, compiled):
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient="parameter-shift")
    points = np.array([POINT, [0.4, -1.0, 2.0]])
    mapped = kg.vmap(kg.grad(function, fallback="error"))
    found = (kg.jit(mapped) if compiled else mapped)(autodiff_backend.asarray(points))
    expect.close(autodiff_backend, found, [(-np.prod(np.cos(row)) * np.tan(row)).tolist() for row in points])


def test_inputs_that_are_mapped_or_batched_beside_the_weights(autodiff_backend):
    x = kg.parameters("x", (1,))
    circuit = kg.Circuit(1).rx(x[0], 0).rx(W[0], 0).rx(2 * W[1] + 0.1, 0).rx(W[2], 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), gradient="parameter-shift")
    inputs, weights = np.array([[0.1], [0.7]]), np.array(POINT)
    found = kg.jacobian(lambda w: function(x=inputs, w=w), fallback="error")(weights)
    slopes = -np.sin(inputs[:, 0] + POINT[0] + 2 * POINT[1] + 0.1 + POINT[2])
    expect.close(autodiff_backend, found, np.outer(slopes, [1, 2, 1]).tolist())


def test_values_put_straight_into_gates(autodiff_backend):
    def energy(x):
        take = autodiff_backend.take
        circuit = kg.Circuit(2).rx(take(x, 0, axis=0), 0).cx(0, 1).rzx(3 * take(x, 1, axis=0), 1, 0)
        return kg.function(circuit, kg.expval(kg.Z(1)), gradient="parameter-shift")()

    # rzx leaves Z of its first qubit alone.
    expect.close(autodiff_backend, kg.grad(energy, fallback="error")(np.array([0.3, 0.9])), [-math.sin(0.3), 0.0])


def test_single_precision_stays_single(autodiff_backend):
    with kg.use_precision("single"):
        function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient="parameter-shift")
        found = kg.grad(function, fallback="error")(autodiff_backend.asarray(POINT, dtype="float32"))
        expect.close(autodiff_backend, found, np.array(MEAN_GRADIENT).tolist(), dtype="float32")


# Random directions


def test_random_directions_find_the_gradient_on_average(autodiff_backend):
    method = kg.gradients.SPSA(directions=4000)
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient=method, seed=3)
    found = autodiff_backend.to_numpy(kg.grad(function, fallback="error")(np.array(POINT)))
    # The spread of one direction is the norm of the other components, 0.35 at most; five errors of 4000.
    np.testing.assert_allclose(found, MEAN_GRADIENT, rtol=0, atol=5 * 0.35 / math.sqrt(4000))


def test_one_direction_is_the_slope_along_it(autodiff_backend):
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient="spsa", seed=5)
    found = autodiff_backend.to_numpy(kg.grad(function, fallback="error")(np.array(POINT)))
    signs = np.sign(found / found[0])
    candidates = [abs(np.dot(MEAN_GRADIENT, turn)) for turn in ([1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1])]
    assert np.abs(found) == pytest.approx([abs(np.dot(MEAN_GRADIENT, signs))] * 3, abs=1e-8)
    assert min(abs(abs(found[0]) - candidate) for candidate in candidates) < 1e-8


def test_a_seed_gives_the_same_directions_each_time(autodiff_backend):
    function = kg.function(page_circuit(), kg.expval(kg.Z(1)), gradient="spsa")
    gradient = kg.grad(function, fallback="error")
    first, again = (autodiff_backend.to_numpy(gradient(np.array(POINT), seed=4)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


# Transforms


@pytest.mark.parametrize("name", ["parameter_shift", "hadamard", "finite_difference", "adjoint", "backprop"])
def test_a_transform_takes_its_own_method_whatever_the_function_has(autodiff_backend, name):
    function = kg.function(page_circuit(), kg.probs([1]), gradient="backprop")
    found = getattr(kg.gradients, name)(function)(np.array(POINT))
    expect.close(autodiff_backend, found, np.outer([0.5, -0.5], MEAN_GRADIENT).tolist(), tolerance=1e-8)


def test_a_transform_differentiates_by_several_arguments(autodiff_backend):
    function = kg.function(kg.Circuit(1).rx(A[0, 0], 0).rx(B, 0), kg.expval(kg.Z(0)))
    by_a, by_b = kg.gradients.parameter_shift(function, (0, 1))(np.full((2, 3), 0.4), 0.3)
    slope = -math.sin(0.7)
    expect.close(autodiff_backend, by_a, [[slope, 0, 0], [0, 0, 0]])
    expect.close(autodiff_backend, by_b, slope)


def test_the_function_given_keeps_its_method():
    function = kg.function(page_circuit(), kg.state())
    kg.gradients.with_method(function, "parameter-shift")
    assert function(np.array(POINT)).shape == (4,)

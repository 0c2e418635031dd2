"""Derivatives by amplitudes, and amplitudes in batches, under vmap and under jit; always normalised.

For f(v) = ⟨v|A|v⟩ / ⟨v|v⟩ the gradient ∂f/∂x + i ∂f/∂y is 2 (A v − f v) / ⟨v|v⟩, for real v its real part.
"""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import embed, gate_matrix
from ketgrad_conformance import expect
from prepared_states import COMPLEX, OBSERVABLE, OPERATOR, REAL, TOLERANCE, near, placed, unit

RANDOM = np.random.default_rng(25)


def mean(vector, operator=OPERATOR):
    return (np.conj(vector) @ operator @ vector).real / (np.conj(vector) @ vector).real


def slope(vector, operator=OPERATOR):
    """Return ∂f/∂x + i ∂f/∂y of the mean."""
    return 2 * (operator @ vector - mean(vector, operator) * vector) / (np.conj(vector) @ vector).real


def curvature(vector, operator=OPERATOR):
    """Return the second derivatives of the mean by a real vector, where the operator's real part alone counts."""
    operator, weight = operator.real, vector @ vector
    value, first = mean(vector, operator), slope(vector, operator).real
    crossed = np.outer(first, vector) + np.outer(vector, first)
    return 2 * (operator - value * np.eye(len(vector)) - crossed) / weight


# Derivatives


# Its norm is exactly 1 in floating-point arithmetic, where a shortcut that skips the division would be wrong.
UNIT_NORM = [np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.5, 0.5, -0.5, 0.5]), np.array([0.6, 0.0, 0.8, 0.0])]
REALS = [REAL, *UNIT_NORM, 7 * REAL]


@pytest.mark.parametrize("vector", REALS, ids=range(len(REALS)))
def test_value_and_gradient_by_prepared_amplitudes_are_those_of_the_quotient(autodiff_backend, vector):
    def energy(amplitudes):
        return kg.Circuit(2).prepare(amplitudes).expectation(OBSERVABLE)

    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(vector))
    near(autodiff_backend, value, mean(vector))
    near(autodiff_backend, gradient, slope(vector).real)
    assert abs(float(autodiff_backend.to_numpy(gradient) @ vector)) < TOLERANCE


@pytest.mark.parametrize("vector", REALS, ids=range(len(REALS)))
def test_value_and_gradient_by_an_initial_state_are_those_of_the_quotient(autodiff_backend, vector):
    function = kg.function(kg.Circuit(2), kg.expval(OBSERVABLE))
    evaluate = kg.value_and_grad(lambda start: function(initial_state=start), fallback="error")
    value, gradient = evaluate(autodiff_backend.asarray(vector))
    near(autodiff_backend, value, mean(vector))
    near(autodiff_backend, gradient, slope(vector).real)


WAYS = {
    "prepare": lambda start: kg.Circuit(2).prepare(start).expectation(OBSERVABLE),
    "initial_state": lambda start: kg.function(kg.Circuit(2), kg.expval(OBSERVABLE))(initial_state=start),
    "prepare in noise": lambda start: kg.Circuit(2).prepare(start).bit_flip(0.0, 0).expectation(OBSERVABLE),
    "initial_state in noise": lambda start: kg.function(kg.Circuit(2).bit_flip(0.0, 0), kg.expval(OBSERVABLE))(
        initial_state=start
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("vector", [COMPLEX, np.array([0.5, 0.5j, -0.5, 0.5])], ids=["any norm", "norm 1"])
def test_the_gradient_by_complex_amplitudes_is_by_x_plus_i_times_that_by_y(autodiff_backend, way, vector):
    evaluate = kg.value_and_grad(WAYS[way], fallback="error")
    value, gradient = evaluate(autodiff_backend.asarray(vector))
    near(autodiff_backend, value, mean(vector))
    expect.close(autodiff_backend, gradient, slope(vector), dtype="complex128")


@pytest.mark.parametrize("way", ["prepare", "initial_state"])
@pytest.mark.parametrize("vector", [REAL, UNIT_NORM[1]], ids=["any norm", "norm 1"])
def test_the_second_derivative_by_amplitudes_is_that_of_the_quotient(autodiff_backend, way, vector):
    found = kg.hessian(WAYS[way], fallback="error")(autodiff_backend.asarray(vector))
    near(autodiff_backend, found, curvature(vector), 1e-11)


def test_the_gradient_by_native_numbers_in_a_list(autodiff_backend):
    def energy(first, second):
        return kg.Circuit(1).prepare([first, second]).expectation(kg.Z(0))

    # (a² − b²) / (a² + b²) at 3, 4: its derivatives are 4ab²/r⁴ and −4a²b/r⁴.
    arguments = [autodiff_backend.asarray(value) for value in (3.0, 4.0)]
    value, gradients = kg.value_and_grad(energy, argnums=(0, 1), fallback="error")(*arguments)
    near(autodiff_backend, value, -7 / 25)
    near(autodiff_backend, gradients[0], 4 * 3 * 16 / 625)
    near(autodiff_backend, gradients[1], -4 * 9 * 4 / 625)


def test_the_gradient_through_a_reset_and_a_preparation(autodiff_backend):
    def energy(amplitudes):
        circuit = kg.Circuit(3).h(0).cx(0, 1).reset(0).prepare(amplitudes, [2, 0])
        return circuit.expectation(kg.PauliSum({"X2 Y0": 0.4, "Z2": -1.2, "Y2": 0.7, "Z0 X2": 0.8}))

    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(COMPLEX))
    near(autodiff_backend, value, mean(COMPLEX))
    near(autodiff_backend, gradient, slope(COMPLEX))


# Symbols, batches, vmap, jit


def amplitudes_function(*measurements):
    a = kg.parameters("a", (4,))
    return kg.function(kg.Circuit(3).prepare(a, [2, 0]).cx(2, 1), *measurements)


def expected_state(vector):
    return embed(gate_matrix("cx"), [2, 1], 3) @ placed(unit(vector), [2, 0], 3)


@pytest.mark.parametrize("batch", [(), (3,), (2, 2)], ids=str)
def test_symbols_as_amplitudes_take_any_batch(backend, batch):
    vectors = RANDOM.normal(size=(*batch, 4))
    found = amplitudes_function(kg.state())(backend.asarray(vectors))
    assert tuple(found.shape) == (*batch, 8)
    for place in np.ndindex(batch):
        near(backend, backend.asarray(backend.to_numpy(found)[place]), expected_state(vectors[place]))


def test_symbols_numbers_and_expressions_mix_as_amplitudes(backend):
    a = kg.parameters("a", (2,))
    function = kg.function(kg.Circuit(2).prepare([a[0], 2 * a[1] - 1, 0.5, -a[0]]), kg.state())
    near(backend, function([0.3, 0.9]), unit([0.3, 0.8, 0.5, -0.3]))


def test_symbols_as_amplitudes_in_a_noisy_circuit_take_a_batch(backend):
    a = kg.parameters("a", (2,))
    function = kg.function(kg.Circuit(2).prepare(a, [1]).bit_flip(0.2, 1), kg.expval(kg.Z(1)))
    near(backend, function([[3.0, 4.0], [1.0, 0.0]]), [0.6 * -7 / 25, 0.6])


def test_value_and_gradient_by_symbols_of_a_batch(autodiff_backend):
    a = kg.parameters("a", (4,))
    function = kg.function(kg.Circuit(2).prepare(a), kg.expval(OBSERVABLE))
    vectors = np.stack(REALS)
    evaluate = kg.value_and_grad(lambda given: autodiff_backend.sum(function(given)), fallback="error")
    value, gradient = evaluate(autodiff_backend.asarray(vectors))
    near(autodiff_backend, value, sum(map(mean, vectors)))
    near(autodiff_backend, gradient, np.stack([slope(vector).real for vector in vectors]))


@pytest.mark.parametrize(
    ("starts", "angles", "common"),
    [((3,), (), (3,)), ((), (3,), (3,)), ((3,), (3,), (3,)), ((2, 1), (3,), (2, 3)), ((2,), (3, 1), (3, 2)),
     ((1,), (2,), (2,))],
    ids=str,
)  # fmt: skip
def test_batches_of_initial_states_broadcast_with_those_of_parameters(backend, starts, angles, common):
    vectors = RANDOM.normal(size=(*starts, 4)) + 1j * RANDOM.normal(size=(*starts, 4))
    values = RANDOM.uniform(-3, 3, angles)
    function = kg.function(kg.Circuit(2).rx(kg.parameters("x"), 1), kg.state())
    found = function(backend.asarray(values), initial_state=backend.asarray(vectors))
    assert tuple(found.shape) == (*common, 4)
    wide, each = np.broadcast_to(vectors, (*common, 4)), np.broadcast_to(values, common)
    for place in np.ndindex(common):
        expected = embed(gate_matrix("rx", (each[place],)), [1], 2) @ unit(wide[place])
        np.testing.assert_allclose(backend.to_numpy(found)[place], expected, rtol=0, atol=TOLERANCE)


def test_the_gradient_of_a_broadcast_initial_state_is_summed(autodiff_backend):
    function = kg.function(kg.Circuit(2).rx(kg.parameters("x"), 1), kg.expval(OBSERVABLE))
    angles = np.array([0.3, -1.2, 2.0])

    def total(start, values):
        return autodiff_backend.sum(function(values, initial_state=start))

    evaluate = kg.value_and_grad(total, argnums=(0, 1), fallback="error")
    value, (by_start, by_angle) = evaluate(autodiff_backend.asarray(COMPLEX), autodiff_backend.asarray(angles))
    gates = [embed(gate_matrix("rx", (angle,)), [1], 2) for angle in angles]
    turned = [gate.conj().T @ OPERATOR @ gate for gate in gates]
    near(autodiff_backend, value, sum(mean(COMPLEX, operator) for operator in turned))
    near(autodiff_backend, by_start, sum(slope(COMPLEX, operator) for operator in turned))
    generator = embed(gate_matrix("x"), [1], 2)
    commutators = [0.5j * gate.conj().T @ (generator @ OPERATOR - OPERATOR @ generator) @ gate for gate in gates]
    near(autodiff_backend, by_angle, [mean(COMPLEX, operator) for operator in commutators])


@pytest.mark.parametrize("way", WAYS)
def test_amplitudes_under_vmap_are_a_batch(backend, way):
    vectors = np.stack(REALS)
    near(backend, kg.vmap(WAYS[way])(backend.asarray(vectors)), [mean(vector) for vector in vectors])


@pytest.mark.parametrize("way", WAYS)
def test_complex_amplitudes_under_jit_are_the_same(autodiff_backend, way):
    found = kg.jit(WAYS[way])(autodiff_backend.asarray(COMPLEX))
    near(autodiff_backend, found, mean(COMPLEX))


def test_the_gradient_of_amplitudes_under_vmap_is_that_of_each(autodiff_backend):
    vectors = np.stack(REALS)
    found = kg.vmap(kg.grad(WAYS["prepare"], fallback="error"))(autodiff_backend.asarray(vectors))
    near(autodiff_backend, found, np.stack([slope(vector).real for vector in vectors]))


def test_the_gradient_of_amplitudes_under_jit_is_the_same(autodiff_backend):
    found = kg.jit(kg.grad(WAYS["initial_state"], fallback="error"))(autodiff_backend.asarray(REAL))
    near(autodiff_backend, found, slope(REAL).real)

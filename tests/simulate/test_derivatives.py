"""Derivatives of circuits against difference quotients of the dense reference, and against closed forms."""

import importlib
import math
from importlib.util import find_spec

import numpy as np
import pytest

import dense_reference
import ketgrad as kg
from dense_reference import GATES, expectation, play, probabilities, run

TOLERANCE = 1e-10
PREPARATION = [
    ("ry", (0.4,), (0,)),
    ("rx", (1.1,), (1,)),
    ("ry", (-0.8,), (2,)),
    ("cx", (), (0, 1)),
    ("rz", (0.6,), (1,)),
    ("cx", (), (1, 2)),
    ("rx", (0.3,), (0,)),
]
TERMS = {"X0": 0.7, "Y0 Z2": -0.4, "Z0 X2": 0.9, "Y2": 0.3, "Z2": 0.55, "X0 Y1": -0.25}
OBSERVABLE = kg.PauliSum(TERMS)
ANGLES = (0.7, -1.3, 2.1, 0.4)
PARAMETRISED = [name for name, gate in GATES.items() if gate.angles]


def value_and_gradient(backend, function, *args):
    value, gradient = kg.value_and_grad(function, fallback="error")(*args)
    return backend.to_numpy(value), backend.to_numpy(gradient)


@pytest.mark.parametrize("name", PARAMETRISED)
def test_the_gradient_of_every_parametrised_gate_is_that_of_the_reference(autodiff_backend, name):
    gate = GATES[name]
    qubits = (2, 0, 3, 1)[: gate.qubits]

    def found(angles):
        circuit = play(kg.Circuit(4), PREPARATION)
        circuit.append(name, [angles[index] for index in range(gate.angles)], qubits)
        return circuit.expectation(OBSERVABLE)

    def expected(angles):
        return expectation(TERMS, run([*PREPARATION, (name, tuple(angles), qubits)], 4))

    angles = ANGLES[: gate.angles]
    value, gradient = value_and_gradient(autodiff_backend, found, autodiff_backend.asarray(angles))
    np.testing.assert_allclose(value, expected(angles), rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradient, dense_reference.gradient(expected, angles), rtol=0, atol=TOLERANCE)


def layered(x):
    """Return the instructions of a circuit with gates of every kind, in seven angles, one of them used twice."""
    return [
        ("ry", (x[0],), (0,)),
        ("cry", (x[1],), (0, 2)),
        ("rzz", (x[2],), (2, 1)),
        ("u", (x[3], x[4], x[5]), (1,)),
        ("cp", (x[6],), (1, 0)),
        ("rxx", (x[0],), (1, 2)),
        ("ry", (0.9,), (2,)),
    ]


POINT = (0.5, -0.9, 1.3, 0.2, -0.4, 0.8, 1.7)


def layered_energy(x):
    return play(kg.Circuit(3), layered(x)).expectation(OBSERVABLE)


def layered_reference(x):
    return expectation(TERMS, run(layered(np.asarray(x).tolist()), 3))


def test_gradient_and_hessian_of_a_layered_circuit_are_those_of_the_reference(autodiff_backend):
    point = autodiff_backend.asarray(POINT)
    value, gradient = value_and_gradient(autodiff_backend, layered_energy, point)
    np.testing.assert_allclose(value, layered_reference(POINT), rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradient, dense_reference.gradient(layered_reference, POINT), rtol=0, atol=TOLERANCE)
    found = autodiff_backend.to_numpy(kg.hessian(layered_energy, fallback="error")(point))
    np.testing.assert_allclose(found, dense_reference.hessian(layered_reference, POINT), rtol=0, atol=1e-8)
    np.testing.assert_allclose(found, found.T, rtol=0, atol=1e-12)


def test_the_jacobian_of_a_permuted_marginal_is_that_of_the_reference(autodiff_backend):
    def marginal(x):
        return play(kg.Circuit(3), layered(x)).probabilities([2, 0])

    def reference(x):
        return probabilities(run(layered(np.asarray(x).tolist()), 3), [2, 0])

    found = kg.jacobian(marginal, fallback="error")(autodiff_backend.asarray(POINT))
    expected = dense_reference.gradient(reference, POINT)
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)


def test_the_gradient_of_a_variance_is_that_of_the_reference(autodiff_backend):
    def spread(x):
        return play(kg.Circuit(3), layered(x)).variance(OBSERVABLE)

    def reference(x):
        return dense_reference.variance(TERMS, run(layered(np.asarray(x).tolist()), 3))

    _, gradient = value_and_gradient(autodiff_backend, spread, autodiff_backend.asarray(POINT))
    np.testing.assert_allclose(gradient, dense_reference.gradient(reference, POINT), rtol=0, atol=TOLERANCE)


def test_the_jacobian_of_a_state_by_an_angle_is_its_derivative(autodiff_backend):
    def state(theta):
        return kg.Circuit(1).rx(theta, 0).state()

    found = autodiff_backend.to_numpy(kg.jacobian(state, fallback="error")(autodiff_backend.asarray(0.6)))
    # Of (cos θ/2, −i sin θ/2).
    np.testing.assert_allclose(found, [-math.sin(0.3) / 2, -0.5j * math.cos(0.3)], rtol=0, atol=1e-12)


def test_second_and_third_derivatives_of_one_angle(autodiff_backend):
    def cosine(theta):
        return kg.Circuit(1).ry(theta, 0).expectation(kg.Z(0))

    theta = autodiff_backend.asarray(0.6)
    second = kg.grad(kg.grad(cosine, fallback="error"), fallback="error")
    third = kg.grad(second, fallback="error")
    to_numpy = autodiff_backend.to_numpy
    np.testing.assert_allclose(to_numpy(second(theta)), -math.cos(0.6), rtol=0, atol=1e-12)
    np.testing.assert_allclose(to_numpy(third(theta)), math.sin(0.6), rtol=0, atol=1e-12)


def test_arithmetic_before_and_after_the_circuit_joins_its_gradient(autodiff_backend):
    def loss(theta):
        value = kg.Circuit(1).ry(2.0 * theta * theta, 0).expectation(kg.Z(0))
        return 3.0 * value * value

    # 3 cos²(2θ²)
    value, gradient = value_and_gradient(autodiff_backend, loss, autodiff_backend.asarray(0.4))
    angle = 2 * 0.4**2
    np.testing.assert_allclose(value, 3 * math.cos(angle) ** 2, rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradient, -3 * math.sin(2 * angle) * 4 * 0.4, rtol=0, atol=1e-12)


def test_a_gradient_goes_through_a_matrix_that_is_made_of_a_parameter(autodiff_backend):
    backend = autodiff_backend

    def energy(theta):
        c, s = backend.cos(theta), backend.sin(theta)
        matrix = backend.stack([backend.stack([c, -s]), backend.stack([s, c])])
        return kg.Circuit(2).unitary(matrix, [1]).expectation(kg.Z(1))

    # A rotation by θ in the plane: cos 2θ.
    value, gradient = value_and_gradient(backend, energy, backend.asarray(0.35))
    np.testing.assert_allclose(value, math.cos(0.7), rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradient, -2 * math.sin(0.7), rtol=0, atol=1e-12)


def test_the_gradient_by_a_complex_matrix_is_the_direction_of_steepest_ascent(autodiff_backend):
    matrix = np.array([[0.6, 0.8j], [0.8j, 0.6]]) * np.exp(0.3j)

    def energy(m):
        return kg.Circuit(1).unitary(m, [0]).expectation(kg.Z(0))

    # |a|² − |b|² for the first column (a, b): the gradient is (2a, −2b) there.
    value, gradient = value_and_gradient(autodiff_backend, energy, autodiff_backend.asarray(matrix))
    np.testing.assert_allclose(value, 0.36 - 0.64, rtol=0, atol=1e-12)
    expected = [[2 * matrix[0, 0], 0], [-2 * matrix[1, 0], 0]]
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12)


def test_the_gradient_by_a_real_matrix_is_real(autodiff_backend):
    def energy(m):
        return kg.Circuit(1).unitary(m, [0]).expectation(kg.Z(0))

    matrix = autodiff_backend.asarray([[0.6, -0.8], [0.8, 0.6]])
    _, gradient = value_and_gradient(autodiff_backend, energy, matrix)
    assert gradient.dtype == "float64"
    np.testing.assert_allclose(gradient, [[1.2, 0], [-1.6, 0]], rtol=0, atol=1e-12)


def test_probabilities_that_are_zero_have_finite_first_and_second_derivatives(autodiff_backend):
    def marginal(theta):
        return kg.Circuit(2).ry(theta, 1).probabilities([1])

    def excited(theta):
        return autodiff_backend.take(marginal(theta), 1, axis=0)

    zero, to_numpy = autodiff_backend.asarray(0.0), autodiff_backend.to_numpy
    # cos²(θ/2) and sin²(θ/2) at 0.
    np.testing.assert_allclose(to_numpy(kg.jacobian(marginal, fallback="error")(zero)), [0, 0], atol=1e-15)
    second = kg.grad(kg.grad(excited, fallback="error"), fallback="error")
    np.testing.assert_allclose(to_numpy(second(zero)), 0.5, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PARAMETRISED)
def test_at_the_angle_zero_no_gate_has_a_gradient_that_is_not_a_number(autodiff_backend, name):
    gate = GATES[name]

    def found(angles):
        circuit = kg.Circuit(4).append(name, [angles[i] for i in range(gate.angles)], (0, 1, 2, 3)[: gate.qubits])
        return circuit.expectation(kg.Z(0) + kg.X(0) @ kg.Y(1))

    def expected(angles):
        state = run([(name, tuple(angles), (0, 1, 2, 3)[: gate.qubits])], 4)
        return expectation({"Z0": 1.0, "X0 Y1": 1.0}, state)

    zeros = [0.0] * gate.angles
    _, gradient = value_and_gradient(autodiff_backend, found, autodiff_backend.asarray(zeros))
    np.testing.assert_allclose(gradient, dense_reference.gradient(expected, zeros), rtol=0, atol=TOLERANCE)


def test_the_variance_of_an_eigenstate_has_gradient_zero(autodiff_backend):
    def spread(theta):
        return kg.Circuit(1).ry(theta, 0).variance(kg.Z(0))

    value, gradient = value_and_gradient(autodiff_backend, spread, autodiff_backend.asarray(0.0))
    np.testing.assert_allclose([value, gradient], [0, 0], rtol=0, atol=1e-15)


def test_several_arguments_have_a_gradient_each(autodiff_backend):
    def energy(a, b):
        return kg.Circuit(1).ry(a, 0).ry(b, 0).expectation(kg.X(0))

    arguments = autodiff_backend.asarray(0.3), autodiff_backend.asarray(0.5)
    gradients = kg.grad(energy, argnums=(0, 1), fallback="error")(*arguments)
    for gradient in gradients:
        np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), math.cos(0.8), rtol=0, atol=1e-12)


def test_a_backend_without_autodiff_gets_its_gradient_by_differences_and_says_so():
    with kg.use_backend("strict") as backend:

        def energy(theta):
            return kg.Circuit(1).ry(theta, 0).expectation(kg.Z(0))

        with pytest.warns(kg.GradientFallbackWarning, match="strict backend has no automatic differentiation"):
            gradient = kg.grad(energy)(backend.asarray(0.6))
        np.testing.assert_allclose(backend.to_numpy(gradient), -math.sin(0.6), rtol=0, atol=1e-9)


def test_a_mapped_circuit_equals_the_loop(backend):
    def energy(x):
        take = backend.take
        return kg.Circuit(2).ry(take(x, 0, axis=0), 0).cx(0, 1).rx(take(x, 1, axis=0), 1).expectation(kg.Z(1))

    batch = np.array([[0.1, 0.2], [-0.4, 1.5], [2.0, 0.7]])
    found = kg.vmap(energy)(backend.asarray(batch))
    # ⟨Z⟩ of the second qubit is cos a · cos b.
    np.testing.assert_allclose(backend.to_numpy(found), np.cos(batch[:, 0]) * np.cos(batch[:, 1]), rtol=0, atol=1e-12)


def test_a_mapped_marginal_equals_the_loop(backend):
    def marginal(theta, phi):
        return kg.Circuit(2).ry(theta, 0).ry(phi, 1).probabilities([1, 0])

    batch = np.array([0.1, -0.4, 2.0])
    found = backend.to_numpy(kg.vmap(marginal, in_axes=(0, None))(backend.asarray(batch), backend.asarray(0.5)))
    expected = [probabilities(run([("ry", (t,), (0,)), ("ry", (0.5,), (1,))], 2), [1, 0]) for t in batch.tolist()]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_mapped_gradient_equals_the_loop(autodiff_backend):
    def energy(theta):
        return kg.Circuit(2).ry(theta, 0).cx(0, 1).expectation(kg.Z(1))

    batch = np.array([0.1, -0.4, 2.0])
    found = kg.vmap(kg.grad(energy, fallback="error"))(autodiff_backend.asarray(batch))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), -np.sin(batch), rtol=0, atol=1e-12)


def test_the_gradient_of_a_mapped_circuit_equals_that_of_the_loop(autodiff_backend):
    def loss(batch):
        return autodiff_backend.sum(kg.vmap(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(batch))

    batch = np.array([0.1, -0.4, 2.0])
    value, gradient = value_and_gradient(autodiff_backend, loss, autodiff_backend.asarray(batch))
    np.testing.assert_allclose(value, np.cos(batch).sum(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradient, -np.sin(batch), rtol=0, atol=1e-12)


def test_a_compiled_circuit_gives_new_values_for_new_angles(backend):
    @kg.jit
    def energy(theta):
        return kg.Circuit(2).ry(theta, 0).cx(0, 1).expectation(kg.Z(1))

    for theta in (0.3, 1.2):
        found = backend.to_numpy(energy(backend.asarray(theta)))
        np.testing.assert_allclose(found, math.cos(theta), rtol=0, atol=1e-12)


def test_the_gradient_of_a_compiled_circuit_is_that_of_the_circuit(autodiff_backend):
    energy = kg.jit(lambda theta: kg.Circuit(1).ry(theta, 0).expectation(kg.Z(0)))
    value, gradient = value_and_gradient(autodiff_backend, energy, autodiff_backend.asarray(0.6))
    np.testing.assert_allclose(value, math.cos(0.6), rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradient, -math.sin(0.6), rtol=0, atol=1e-12)


def test_the_frameworks_own_backward_pass_reaches_the_parameters_of_a_circuit():
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        theta = torch.tensor([0.3, 0.5], dtype=torch.float64, requires_grad=True)
        kg.Circuit(1).ry(theta[0], 0).ry(theta[1], 0).expectation(kg.Z(0)).backward()
    np.testing.assert_allclose(theta.grad, [-math.sin(0.8)] * 2, rtol=0, atol=1e-12)


def cosine(theta):
    return kg.Circuit(1).ry(theta, 0).expectation(kg.Z(0))


FIRST, SECOND = -math.sin(0.6), -math.cos(0.6)
FUNCTIONAL = {"grad": FIRST, "jacrev": FIRST, "jacfwd": FIRST, "hessian": SECOND}


@pytest.mark.parametrize("transform", FUNCTIONAL)
def test_the_transforms_of_torch_func_go_through_a_circuit(transform):
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        found = getattr(torch.func, transform)(cosine)(torch.tensor(0.6, dtype=torch.float64))
    np.testing.assert_allclose(found, FUNCTIONAL[transform], rtol=0, atol=1e-12)


def test_vmap_of_torch_func_goes_through_a_circuit_and_its_gradient():
    torch = pytest.importorskip("torch")
    batch = torch.tensor([0.1, -0.4, 2.0], dtype=torch.float64)
    with kg.use_backend("pytorch"):
        values, gradients = torch.func.vmap(cosine)(batch), torch.func.vmap(torch.func.grad(cosine))(batch)
    np.testing.assert_allclose(values, torch.cos(batch), rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradients, -torch.sin(batch), rtol=0, atol=1e-12)


@pytest.mark.parametrize("transform", FUNCTIONAL)
def test_the_transforms_of_jax_go_through_a_circuit(transform):
    jax = pytest.importorskip("jax")
    with kg.use_backend("jax"):
        found = jax.jit(getattr(jax, transform)(cosine))(0.6)
    np.testing.assert_allclose(found, FUNCTIONAL[transform], rtol=0, atol=1e-12)


def test_nested_tapes_of_tensorflow_go_through_a_circuit():
    if find_spec("torch") is not None:
        importlib.import_module("torch")  # importing it after TensorFlow has crashed the process
    tf = pytest.importorskip("tensorflow")
    theta = tf.Variable(0.6, dtype=tf.float64)
    with kg.use_backend("tensorflow"), tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            value = cosine(theta)
        first = inner.gradient(value, theta)
    np.testing.assert_allclose(first, FIRST, rtol=0, atol=1e-12)
    np.testing.assert_allclose(outer.gradient(first, theta), SECOND, rtol=0, atol=1e-12)

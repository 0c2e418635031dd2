"""Circuits whose values were computed by PennyLane 0.45.1 or by hand, in double precision."""

import numpy as np

import ketgrad as kg

TOLERANCE = 1e-12


def assert_close(backend, found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


# Two qubits, three angles.

W = (0.1, 0.2, 0.3)


def two_qubits(w):
    return kg.Circuit(2).rx(w[0], 0).ry(w[1], 0).cx(0, 1).rx(w[2], 1)


def energy(w):
    return two_qubits(w).expectation(kg.Z(1))


def spread(w):
    return two_qubits(w).variance(kg.Z(1))


def marginal(w):
    return two_qubits(w).probabilities([1])


def test_probabilities_of_the_two_qubit_circuit(backend):
    assert_close(backend, marginal(W), [0.9658078983442255, 0.034192101655774375])


def test_jacobian_of_the_probabilities_of_the_two_qubit_circuit(autodiff_backend):
    found = kg.jacobian(marginal, fallback="error")(autodiff_backend.asarray(W))
    row = np.array([0.046736682735180765, 0.09442393561357809, 0.14409126831234337])
    assert_close(autodiff_backend, found, [-row, row])


def test_value_and_gradient_of_the_two_qubit_circuit(autodiff_backend):
    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(W))
    assert_close(autodiff_backend, value, 0.9316157966884512)
    assert_close(autodiff_backend, gradient, [-0.09347336547036153, -0.18884787122715618, -0.28818253662468674])


def test_hessian_of_the_two_qubit_circuit(autodiff_backend):
    found = kg.hessian(energy, fallback="error")(autodiff_backend.asarray(W))
    diagonal = -0.9316157966884515
    expected = [
        [diagonal, 0.018947989233612274, 0.028914700312991273],
        [0.018947989233612274, diagonal, 0.05841749223216966],
        [0.028914700312991273, 0.05841749223216966, diagonal],
    ]
    assert_close(autodiff_backend, found, expected)


def test_variance_of_the_two_qubit_circuit_and_its_gradient(autodiff_backend):
    value, gradient = kg.value_and_grad(spread, fallback="error")(autodiff_backend.asarray(W))
    assert_close(autodiff_backend, value, 0.13209200736054227)
    assert_close(autodiff_backend, gradient, [0.1741625276836432, 0.3518673200124104, 0.5369508068986126])


# Three qubits, the circuit of the natural-gradient discussion.

P = (0.432, -0.123, 0.543, 0.233)


def three_qubits(p):
    circuit = kg.Circuit(3).ry(np.pi / 4, 0).ry(np.pi / 3, 1).ry(np.pi / 7, 2)
    circuit.rz(p[0], 0).rz(p[1], 1).cx(0, 1).cx(1, 2)
    circuit.ry(p[2], 1).rx(p[3], 2).cx(0, 1).cx(1, 2)
    return circuit


def cost(p):
    return three_qubits(p).expectation(kg.Y(0))


def test_value_and_gradient_of_the_three_qubit_circuit(autodiff_backend):
    value, gradient = kg.value_and_grad(cost, fallback="error")(autodiff_backend.asarray(P))
    assert_close(autodiff_backend, value, 0.0747230475052495)
    # The last angle has no influence: its gradient is zero, and not missing.
    assert_close(autodiff_backend, gradient, [0.25479476735986606, 0.28517692854177545, -0.1247889055204491, 0.0])


def test_200_steps_of_gradient_descent_on_the_three_qubit_circuit(autodiff_backend):
    gradient = kg.jit(kg.grad(cost, fallback="error"))
    params = autodiff_backend.asarray(P)
    for _ in range(200):
        params = params - 0.01 * gradient(params)
    expected = [-0.04508702341504006, -0.8119843684326185, 0.9688304391525798, 0.233]
    assert_close(autodiff_backend, params, expected, 1e-9)
    assert_close(autodiff_backend, cost(params), -0.37371896600164023, 1e-9)


# One angle in five places.

X = (0.1, 0.2, 0.3, 0.4, 0.5)


def recurrent(theta):
    circuit = kg.Circuit(2)
    for x in X:
        circuit.rx(x, 1).ry(theta, 0).cx(0, 1)
    return circuit.expectation(kg.Z(1))


def test_an_angle_shared_by_five_gates_has_the_sum_of_their_derivatives(autodiff_backend):
    value, derivative = kg.value_and_grad(recurrent, fallback="error")(autodiff_backend.asarray(0.7))
    assert_close(autodiff_backend, value, -0.035711400712234276)
    assert_close(autodiff_backend, derivative, -0.1831830451502745)


def test_the_five_places_of_the_shared_angle_have_these_derivatives(autodiff_backend):
    def unshared(thetas):
        circuit = kg.Circuit(2)
        for index, x in enumerate(X):
            circuit.rx(x, 1).ry(thetas[index], 0).cx(0, 1)
        return circuit.expectation(kg.Z(1))

    found = kg.grad(unshared, fallback="error")(autodiff_backend.asarray([0.7] * 5))
    assert_close(autodiff_backend, found, [-0.06106101505009, 0, -0.06106101505009, 0, -0.06106101505009])

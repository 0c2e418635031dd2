"""QAOA, against dense exponentials and the closed form of one layer."""

from math import cos, pi, sin

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import gradient, pauli_matrix
from ketgrad import templates

maxcut = kg.hamiltonians.maxcut
ANGLES = [[0.4, -0.7], [1.1, 0.3]]
WEIGHTED = {"Z0 Z1": 0.7, "Z1 Z2": -1.2, "Z0 Z1 Z2": 0.4, "Z1": 0.25}
MIXED = {"X0 X1": 0.7, "Z0 Z1": -1.2, "Y0 Y1": 0.4, "Z2": 0.3}


def evolution(matrix, time):
    """Return exp(−i · time · matrix) of a Hermitian matrix."""
    energies, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.exp(-1j * time * energies)) @ vectors.conj().T


def dense_state(terms, n, angles):
    state = np.full(2**n, 2 ** (-n / 2), complex)
    mixer = pauli_matrix({f"X{qubit}": 1.0 for qubit in range(n)}, n)
    for gamma, beta in angles:
        state = evolution(mixer, beta) @ evolution(pauli_matrix(terms, n), gamma) @ state
    return state


def dense_energy(terms, n, angles):
    state = dense_state(terms, n, angles)
    return float((state.conj() @ pauli_matrix(terms, n) @ state).real)


def ring_energy(size, gamma, beta):
    """Return the energy of one layer on a ring: no triangles, two neighbours.

    From Z. Wang, S. Hadfield, Z. Jiang, E. G. Rieffel, Phys. Rev. A 97, 022304 (2018), their γ being −γ here.
    """
    return -size * (0.5 - 0.5 * sin(4 * beta) * sin(gamma) * cos(gamma))


COSTS = {"words of Z": WEIGHTED, "words of X, Y and Z that commute": MIXED}


@pytest.mark.parametrize("case", COSTS)
def test_the_state_is_that_of_the_dense_exponentials(case, backend):
    found = backend.to_numpy(templates.qaoa(kg.PauliSum(COSTS[case]), backend.asarray(ANGLES)).state())
    np.testing.assert_allclose(found, dense_state(COSTS[case], 3, ANGLES), rtol=0, atol=1e-13)


def test_the_identity_changes_a_global_phase_alone():
    with_identity = templates.qaoa(kg.PauliSum({"I": 5.0, "Z0 Z1": 1.0}), ANGLES)
    assert with_identity.operations == templates.qaoa(kg.PauliSum({"Z0 Z1": 1.0}), ANGLES).operations


def test_one_layer_on_a_ring_has_the_energy_of_its_closed_form():
    cost = maxcut([(v, (v + 1) % 6) for v in range(6)])
    found = float(templates.qaoa(cost, [[0.4, -0.7]]).expectation(cost))
    assert found == pytest.approx(ring_energy(6, 0.4, -0.7), rel=0, abs=1e-12)


def test_one_layer_at_its_best_cuts_three_quarters_of_a_ring():
    cost = maxcut([(v, (v + 1) % 8) for v in range(8)])
    found = float(templates.qaoa(cost, [[-pi / 4, pi / 8]]).expectation(cost))
    assert found == pytest.approx(-6, rel=0, abs=1e-12)


def test_one_layer_cuts_a_single_edge():
    probabilities = templates.qaoa(maxcut([(0, 1)]), [[-pi / 2, pi / 8]]).probabilities()
    np.testing.assert_allclose(probabilities, [0, 0.5, 0.5, 0], rtol=0, atol=1e-13)


def test_more_qubits_than_the_cost_has_are_mixed_too():
    circuit = templates.qaoa(maxcut([(0, 1)]), [[0.4, 0.3]], num_qubits=3)
    expected = dense_state({"Z0 Z1": 0.5}, 3, [[0.4, 0.3]])
    np.testing.assert_allclose(circuit.state(), expected, rtol=0, atol=1e-13)


def test_a_cost_of_the_identity_alone_needs_the_number_of_qubits():
    np.testing.assert_allclose(templates.qaoa(kg.I(), ANGLES, num_qubits=1).probabilities(), [0.5, 0.5], atol=1e-13)


def test_symbols_give_a_function_of_the_angles_and_its_gradient(autodiff_backend):
    cost = kg.PauliSum(WEIGHTED)
    energy = kg.function(templates.qaoa(cost, kg.parameters("angles", (2, 2))), kg.expval(cost))
    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(ANGLES))

    def dense(flat):
        return dense_energy(WEIGHTED, 3, np.reshape(flat, (2, 2)))

    flat = np.ravel(ANGLES)
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), dense(flat), rtol=0, atol=1e-12)
    expected = np.reshape(gradient(dense, flat), (2, 2))
    np.testing.assert_allclose(autodiff_backend.to_numpy(slope), expected, rtol=0, atol=1e-9)


def test_the_energy_differentiates_with_respect_to_weights_in_the_circuit(autodiff_backend):
    edges, measured = [(0, 1), (1, 2)], kg.PauliSum({"Z0 Z1": 1.0, "Y1 Z2": 0.5})

    def energy(weights):
        return templates.qaoa(maxcut(edges, weights), ANGLES).expectation(measured)

    def dense(weights):
        state = dense_state({"Z0 Z1": weights[0] / 2, "Z1 Z2": weights[1] / 2}, 3, ANGLES)
        return float((state.conj() @ pauli_matrix({"Z0 Z1": 1.0, "Y1 Z2": 0.5}, 3) @ state).real)

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray([0.5, 2.0]))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), dense([0.5, 2.0]), rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(slope), gradient(dense, [0.5, 2.0]), rtol=0, atol=1e-9)


def test_angles_of_numpy_go_with_coefficients_of_every_backend(backend):
    cost = maxcut([(0, 1)], backend.asarray([0.8]))
    found = backend.to_numpy(templates.qaoa(cost, np.array([[0.4, 0.3]])).state())
    np.testing.assert_allclose(found, dense_state({"Z0 Z1": 0.4}, 2, [[0.4, 0.3]]), rtol=0, atol=1e-13)


COST = kg.Z(0) @ kg.Z(1)
COMMUTE = "do not commute; give one of words that all do, such as words of Z alone"
REAL = "give a real number or a 0-d array"

REFUSED = {
    "words that do not commute": (
        lambda: templates.qaoa(COST + kg.X(1), ANGLES),
        ValueError,
        f"qaoa got a cost whose words Z0 Z1 and X1 {COMMUTE}",
    ),
    "words that differ on three qubits": (
        lambda: templates.qaoa(kg.PauliSum({"Z3": 1.0, "X0 X1 X2": 1.0, "Z0 Z1 Y2": 1.0}), ANGLES),
        ValueError,
        f"qaoa got a cost whose words X0 X1 X2 and Z0 Z1 Y2 {COMMUTE}",
    ),
    "a matrix as cost": (
        lambda: templates.qaoa(np.eye(4), ANGLES),
        TypeError,
        "qaoa got a ndarray as cost; give a Pauli sum, such as kg.Z(0) @ kg.Z(1)",
    ),
    "a cost that is not Hermitian": (
        lambda: templates.qaoa(1j * COST, ANGLES),
        ValueError,
        "qaoa got a cost where Z0 Z1 has the coefficient 1j; give a real one",
    ),
    "qubits too few": (
        lambda: templates.qaoa(COST, ANGLES, num_qubits=1),
        ValueError,
        "qaoa got 1 qubit for a cost on 2; give num_qubits=2 or more",
    ),
    "no qubits": (
        lambda: templates.qaoa(kg.I(), ANGLES),
        ValueError,
        "qaoa got no qubits for a cost on 0; give num_qubits=1 or more",
    ),
    "a boolean as number of qubits": (
        lambda: templates.qaoa(kg.Z(0), ANGLES, num_qubits=True),
        TypeError,
        "qaoa got a number of qubits that is True; give an integer",
    ),
    "one list of angles": (
        lambda: templates.qaoa(COST, [0.1, 0.2]),
        ValueError,
        "qaoa got angles of shape (2,); give the shape (layers, 2), with at least one of each",
    ),
    "three angles in a layer": (
        lambda: templates.qaoa(COST, kg.parameters("a", (2, 3))),
        ValueError,
        "qaoa got angles of shape (2, 3); give the shape (layers, 2), with at least one of each",
    ),
    "a boolean as gamma": (
        lambda: templates.qaoa(COST, [[True, 0.1]]), TypeError, f"qaoa got the parameter True; {REAL}",
    ),
    "a complex beta": (
        lambda: templates.qaoa(COST, [[0.1, 1j]]), TypeError, f"qaoa got the parameter 1j; {REAL}",
    ),
    "NaN as gamma": (
        lambda: templates.qaoa(COST, [[np.nan, 0.1]]), ValueError, "qaoa got the parameter nan; give a finite number",
    ),
    "symbols with an array as coefficient": (
        lambda: templates.qaoa(kg.PauliSum({"Z0 Z1": np.array(0.5)}), kg.parameters("a", (1, 2))),
        NotImplementedError,
        "qaoa got a[0, 0] as gamma, and an array as the coefficient of Z0 Z1, whose product is not affine; give "
        "numbers as coefficients, or values as angles",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_one_sentence(case):
    function, kind, message = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        function()
    assert isinstance(caught.value, kind)
    assert str(caught.value) == message

"""Ready Hamiltonians, against values from the literature or another program."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import pauli_matrix

# Computed with PennyLane 0.45.1: H2, STO-3G, Jordan-Wigner, bond of 1.3228 bohr.
H2 = {
    "I": -0.04207255194743845,
    "Z0": 0.17771358229091716,
    "Z1": 0.17771358229091716,
    "Z2": -0.24274501260941517,
    "Z3": -0.24274501260941517,
    "Z0 Z1": 0.1705975927683681,
    "Z0 Z2": 0.12293330449299383,
    "Z1 Z3": 0.12293330449299383,
    "Z0 Z3": 0.16768338855601386,
    "Z1 Z2": 0.16768338855601386,
    "Z2 Z3": 0.1762766139418187,
    "Y0 X1 X2 Y3": 0.04475008406302003,
    "X0 Y1 Y2 X3": 0.04475008406302003,
    "Y0 Y1 X2 X3": -0.04475008406302003,
    "X0 X1 Y2 Y3": -0.04475008406302003,
}
HARTREE_FOCK, GROUND = -1.1173489211359318, -1.1361891625218807


def test_h2_has_the_terms_of_the_reference():
    assert kg.hamiltonians.h2() == kg.PauliSum(H2)


def test_the_matrix_of_h2_is_the_sum_of_kronecker_products():
    expected = pauli_matrix({word.replace("I", ""): value for word, value in H2.items()}, 4)
    np.testing.assert_allclose(kg.hamiltonians.h2().matrix(), expected, rtol=0, atol=1e-15)


def test_the_ground_energy_of_h2_is_the_smallest_eigenvalue():
    energies = np.linalg.eigvalsh(kg.hamiltonians.h2().matrix())
    assert energies[0] == pytest.approx(GROUND, rel=0, abs=1e-12)


def test_the_hartree_fock_energy_of_h2_is_that_of_1100(backend):
    found = kg.Circuit(4).x(0).x(1).expectation(kg.hamiltonians.h2())
    np.testing.assert_allclose(backend.to_numpy(found), HARTREE_FOCK, rtol=0, atol=1e-12)


def test_the_double_excitation_at_its_reference_angle_reaches_the_ground_energy_of_h2(backend):
    # cos(θ/2)|1100⟩ − sin(θ/2)|0011⟩, with the angle of the reference.
    theta = 0.2097328891166756
    circuit = kg.Circuit(4).ry(-theta, 2).cx(2, 3).cx(2, 0).cx(2, 1).x(0).x(1)
    found = backend.to_numpy(circuit.expectation(kg.hamiltonians.h2()))
    np.testing.assert_allclose(found, GROUND, rtol=0, atol=1e-12)

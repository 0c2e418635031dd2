"""What tests of prepared states share: amplitudes, an observable, and where amplitudes of some qubits go."""

import numpy as np

import ketgrad as kg
from dense_reference import pauli_matrix

TOLERANCE = 1e-12
RANDOM = np.random.default_rng(23)
REAL = RANDOM.normal(size=4)
COMPLEX = RANDOM.normal(size=4) + 1j * RANDOM.normal(size=4)
TERMS = {"X0 Y1": 0.4, "Z0": -1.2, "Y0": 0.7, "Z1 X0": 0.8}
OPERATOR = pauli_matrix(TERMS, 2)
OBSERVABLE = kg.PauliSum(TERMS)


def unit(vector):
    return np.asarray(vector) / np.linalg.norm(vector)


def near(backend, found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


def placed(vector, qubits, n):
    """Return the state of n qubits of which some have the given one and the others are 0."""
    state = np.zeros(2**n, complex)
    for index, amplitude in enumerate(vector):
        place = sum(((index >> (len(qubits) - 1 - k)) & 1) << (n - 1 - qubit) for k, qubit in enumerate(qubits))
        state[place] = amplitude
    return state

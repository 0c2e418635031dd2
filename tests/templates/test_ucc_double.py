"""The double excitation of unitary coupled cluster, against matrices of fermions and the ground state of H2."""

from itertools import product
from math import cos, sin

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import bits_of, index_of
from ketgrad import templates

# From /work/shared/reference_values.json, computed with PennyLane 0.45.1.
ANGLE, GROUND = 0.2097328891166756, -1.1361891625218807
HARTREE_FOCK = -1.1173489211359318


def annihilate(orbital, n):
    """Return the matrix that takes an electron away, its sign the parity of the orbitals before: no Paulis in it."""
    matrix = np.zeros((2**n, 2**n))
    for index in range(2**n):
        bits = bits_of(index, n)
        if bits[orbital]:
            matrix[index_of([*bits[:orbital], 0, *bits[orbital + 1 :]]), index] = (-1) ** sum(bits[:orbital])
    return matrix


def dense_excitation(theta, n, occupied, virtual):
    (p, q), (r, s) = occupied, virtual
    a = [annihilate(orbital, n) for orbital in range(n)]
    excite = a[r].T @ a[s].T @ a[p] @ a[q]
    # The generator G has the eigenvalues 0 and ±i: exp(tG) = 1 + sin t · G + (1 − cos t) · G².
    generator = excite - excite.T
    return np.eye(2**n) + sin(theta / 2) * generator + (1 - cos(theta / 2)) * generator @ generator


def columns(circuit, n):
    """Return the circuit's matrix, from what it makes of each basis state."""
    states = []
    for bits in product((0, 1), repeat=n):
        prepared = kg.Circuit(n)
        for qubit, bit in enumerate(bits):
            if bit:
                prepared.x(qubit)
        states.append(kg.get_backend().to_numpy(prepared.compose(circuit).state()))
    return np.stack(states, axis=1)


PLACES = {
    "two pairs in order": (4, (0, 1), (2, 3)),
    "the occupied ones exchanged": (4, (1, 0), (2, 3)),
    "interleaved pairs": (4, (0, 2), (1, 3)),
    "qubits between, and one after": (6, (0, 2), (3, 4)),
    "far apart": (5, (4, 1), (0, 3)),
}


@pytest.mark.parametrize("case", PLACES)
def test_the_circuit_is_the_exponential_of_the_fermions(case):
    n, occupied, virtual = PLACES[case]
    found = columns(templates.ucc_double(0.7, n, occupied, virtual), n)
    np.testing.assert_allclose(found, dense_excitation(0.7, n, occupied, virtual), rtol=0, atol=1e-13)


def test_the_occupied_state_turns_into_the_virtual_one(backend):
    state = backend.to_numpy(kg.Circuit(4).x(0).x(1).compose(templates.ucc_double(0.3, 4)).state())
    expected = np.zeros(16)
    expected[0b1100], expected[0b0011] = cos(0.15), -sin(0.15)
    np.testing.assert_allclose(state, expected, rtol=0, atol=1e-13)


def test_other_occupations_stay_as_they_are():
    found = columns(templates.ucc_double(0.7, 4), 4)
    kept = [index for index in range(16) if index not in (0b1100, 0b0011)]
    np.testing.assert_allclose(found[np.ix_(kept, kept)], np.eye(14), rtol=0, atol=1e-13)


def test_it_consists_of_eight_pauli_rotations():
    circuit = templates.ucc_double(0.7, 6, (0, 2), (3, 5))
    assert [item.name for item in circuit.operations] == ["pauli_rotation"] * 8


def test_it_reaches_the_ground_energy_of_h2(backend):
    circuit = kg.Circuit(4).x(0).x(1).compose(templates.ucc_double(ANGLE, 4))
    found = backend.to_numpy(circuit.expectation(kg.hamiltonians.h2()))
    np.testing.assert_allclose(found, GROUND, rtol=0, atol=1e-12)


def test_the_energy_of_h2_and_its_gradient_follow_the_closed_form_of_two_levels(autodiff_backend):
    # E(θ) = (E1 + E2)/2 + (E1 − E2)/2 · cos θ − K sin θ, between |1100⟩ and |0011⟩.
    matrix = kg.hamiltonians.h2().matrix().real
    first, second, coupling = matrix[0b1100, 0b1100], matrix[0b0011, 0b0011], matrix[0b1100, 0b0011]
    theta = 0.5

    def energy(angle):
        return kg.Circuit(4).x(0).x(1).compose(templates.ucc_double(angle, 4)).expectation(kg.hamiltonians.h2())

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(theta))
    expected = (first + second) / 2 + (first - second) / 2 * cos(theta) - coupling * sin(theta)
    expected_slope = -(first - second) / 2 * sin(theta) - coupling * cos(theta)
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(slope), expected_slope, rtol=0, atol=1e-12)


def test_a_symbol_gives_a_function_of_a_batch_of_angles(backend):
    circuit = kg.Circuit(4).x(0).x(1).compose(templates.ucc_double(kg.parameters("theta"), 4))
    found = kg.function(circuit, kg.expval(kg.hamiltonians.h2()))(backend.asarray([0.0, ANGLE]))
    np.testing.assert_allclose(backend.to_numpy(found), [HARTREE_FOCK, GROUND], rtol=0, atol=1e-12)


PAIRS = "give two pairs, four different qubits from 0 to 3"

REFUSED = {
    "an orbital twice": (
        lambda: templates.ucc_double(0.1, 4, (0, 1), (1, 2)),
        ValueError,
        f"ucc_double got the orbitals (0, 1) and (1, 2); {PAIRS}",
    ),
    "an orbital beyond the last qubit": (
        lambda: templates.ucc_double(0.1, 4, (0, 1), (3, 4)),
        ValueError,
        f"ucc_double got the orbitals (0, 1) and (3, 4); {PAIRS}",
    ),
    "a negative orbital": (
        lambda: templates.ucc_double(0.1, 4, (0, -1), (2, 3)),
        ValueError,
        f"ucc_double got the orbitals (0, -1) and (2, 3); {PAIRS}",
    ),
    "three occupied orbitals and one virtual": (
        lambda: templates.ucc_double(0.1, 4, (0, 1, 2), (3,)),
        ValueError,
        f"ucc_double got the orbitals (0, 1, 2) and (3,); {PAIRS}",
    ),
    "a boolean as orbital": (
        lambda: templates.ucc_double(0.1, 4, (0, True), (2, 3)),
        TypeError,
        "ucc_double got an orbital that is True; give an integer",
    ),
    "a number as orbitals": (
        lambda: templates.ucc_double(0.1, 4, 0),
        TypeError,
        "ucc_double, for its orbitals, got 0 where a list is due; give one, such as [0, 1]",
    ),
    "a boolean as angle": (
        lambda: templates.ucc_double(True, 4),
        TypeError,
        "ucc_double got the parameter True; give a real number or a 0-d array",
    ),
    "text as angle": (
        lambda: templates.ucc_double("0.1", 4),
        TypeError,
        "ucc_double got the parameter '0.1'; give a real number or a 0-d array",
    ),
    "infinity as angle": (
        lambda: templates.ucc_double(float("inf"), 4),
        ValueError,
        "ucc_double got the parameter inf; give a finite number",
    ),
    "no qubits": (lambda: templates.ucc_double(0.1, 0), ValueError, "a circuit has at least one qubit, got 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_one_sentence(case):
    function, kind, message = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        function()
    assert isinstance(caught.value, kind)
    assert str(caught.value) == message

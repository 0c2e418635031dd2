"""Spin chains and cuts, against closed forms, Kronecker products and brute force."""

import itertools
from math import cos, pi, sin

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import pauli_matrix

ising, heisenberg, maxcut = kg.hamiltonians.transverse_field_ising, kg.hamiltonians.heisenberg, kg.hamiltonians.maxcut
ANGLES = (0.3, 1.1, -0.7, 2.0)
PETERSEN = [(v, (v + 1) % 5) for v in range(5)] + [(v, v + 5) for v in range(5)]
PETERSEN += [(v + 5, (v + 2) % 5 + 5) for v in range(5)]


def ground_energy(observable, num_qubits=None):
    return float(np.linalg.eigvalsh(observable.matrix(num_qubits))[0])


def product_state(count):
    """Turn each qubit by RY, so that ⟨Z⟩ is the cosine of its angle, ⟨X⟩ the sine, ⟨Y⟩ zero."""
    circuit = kg.Circuit(count)
    for qubit in range(count):
        circuit.ry(ANGLES[qubit], qubit)
    return circuit


def cut_weight(bits, edges, weights):
    return sum(weight for (a, b), weight in zip(edges, weights, strict=True) if bits[a] != bits[b])


# The Ising chain


def test_the_open_ising_chain_is_its_sum_of_kronecker_products():
    expected = pauli_matrix({"Z0 Z1": -0.7, "Z1 Z2": -0.7, "X0": -0.4, "X1": -0.4, "X2": -0.4}, 3)
    np.testing.assert_allclose(ising(3, j=0.7, h=0.4).matrix(), expected, rtol=0, atol=1e-15)


def test_the_periodic_ising_chain_has_one_bond_more():
    closing = ising(4, j=0.7, h=0.4, periodic=True) - ising(4, j=0.7, h=0.4)
    assert closing == kg.PauliSum({"Z0 Z3": -0.7})


def test_an_ising_chain_of_one_site_has_its_field_alone():
    assert ising(1, j=2.0, h=0.5) == kg.PauliSum({"X0": -0.5})


def test_a_field_of_zero_leaves_no_word():
    assert ising(2, h=0) == kg.PauliSum({"Z0 Z1": -1.0})


@pytest.mark.parametrize("count", range(1, 8))
def test_the_open_critical_ising_chain_has_its_known_ground_energy(count):
    # Its 2n Majorana modes hop along a chain: minus the sum of 2 cos(πm/(2n+1)) over m from 1 to n.
    expected = 1 - 1 / sin(pi / (2 * (2 * count + 1)))
    assert ground_energy(ising(count)) == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize("count", range(3, 8))
def test_the_periodic_critical_ising_chain_has_its_known_ground_energy(count):
    # P. Pfeuty, Ann. Phys. 57, 79 (1970): minus the sum of 2 |sin(k/2)| over k = (2m+1)π/n.
    expected = -2 / sin(pi / (2 * count))
    assert ground_energy(ising(count, periodic=True)) == pytest.approx(expected, rel=0, abs=1e-12)


def test_the_energy_of_the_ising_chain_is_that_of_a_product_state_with_coefficients_of_every_backend(backend):
    found = product_state(3).expectation(ising(3, j=backend.asarray(0.7), h=backend.asarray(0.4)))
    a, b, c = ANGLES[:3]
    expected = -0.7 * (cos(a) * cos(b) + cos(b) * cos(c)) - 0.4 * (sin(a) + sin(b) + sin(c))
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=1e-12)


def test_the_energy_of_the_ising_chain_differentiates_with_respect_to_coupling_and_field(autodiff_backend):
    def energy(coefficients):
        return product_state(3).expectation(ising(3, coefficients[0], coefficients[1], periodic=True))

    a, b, c = ANGLES[:3]
    bonds, fields = cos(a) * cos(b) + cos(b) * cos(c) + cos(c) * cos(a), sin(a) + sin(b) + sin(c)
    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray([0.7, 0.4]))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), -0.7 * bonds - 0.4 * fields, rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), [-bonds, -fields], rtol=0, atol=1e-12)


# The Heisenberg chain


def test_the_open_heisenberg_chain_is_its_sum_of_kronecker_products():
    terms = {"X0 X1": 0.2, "Y0 Y1": 0.3, "Z0 Z1": 0.5, "X1 X2": 0.2, "Y1 Y2": 0.3, "Z1 Z2": 0.5}
    expected = pauli_matrix({**terms, "Z0": 0.7, "Z1": 0.7, "Z2": 0.7}, 3)
    np.testing.assert_allclose(heisenberg(3, (0.2, 0.3, 0.5), 0.7).matrix(), expected, rtol=0, atol=1e-15)


def test_the_periodic_heisenberg_chain_has_one_bond_more():
    closing = heisenberg(4, j=0.7, h=0.4, periodic=True) - heisenberg(4, j=0.7, h=0.4)
    assert closing == kg.PauliSum({"X0 X3": 0.7, "Y0 Y3": 0.7, "Z0 Z3": 0.7})


def test_one_coupling_is_that_of_all_three_directions():
    assert heisenberg(2, j=0.7) == heisenberg(2, j=[0.7, 0.7, 0.7])


def test_the_couplings_may_be_an_array_of_three():
    assert heisenberg(2, j=np.array([0.2, 0.3, 0.5])) == heisenberg(2, j=(0.2, 0.3, 0.5))


def test_a_heisenberg_chain_of_one_site_without_field_is_zero():
    assert heisenberg(1) == kg.PauliSum({})
    assert float(kg.Circuit(1).expectation(heisenberg(1))) == 0.0


KNOWN = {
    "the singlet of two sites": (heisenberg(2), -3.0),
    "three sites with ends": (heisenberg(3), -4.0),
    "the ring of four sites": (heisenberg(4, periodic=True), -8.0),
    "the ferromagnet of two sites": (heisenberg(2, j=-1.0), -1.0),
    "two sites in a strong field": (heisenberg(2, h=3.0), 1 - 2 * 3.0),
    "two sites of XXZ": (heisenberg(2, j=(1.0, 1.0, 0.5)), -2 - 0.5),
}


@pytest.mark.parametrize("case", KNOWN)
def test_a_heisenberg_chain_has_its_known_ground_energy(case):
    observable, expected = KNOWN[case]
    assert ground_energy(observable) == pytest.approx(expected, rel=0, abs=1e-12)


def test_the_ring_of_six_sites_has_the_ground_energy_of_the_bethe_ansatz():
    # −(2 + √13)/2 in units of J for J S·S, so four times that with Pauli matrices.
    expected = -2 * (2 + 13**0.5)
    assert ground_energy(heisenberg(6, periodic=True)) == pytest.approx(expected, rel=0, abs=1e-11)


def test_a_positive_field_favours_ones():
    energies = np.real(np.diag(heisenberg(3, j=0.0, h=1.0).matrix()))
    assert int(np.argmin(energies)) == 0b111


def test_the_energy_of_the_heisenberg_chain_differentiates_with_respect_to_couplings_and_field(autodiff_backend):
    def energy(coefficients):
        return product_state(3).expectation(heisenberg(3, [coefficients[i] for i in range(3)], coefficients[3]))

    a, b, c = ANGLES[:3]
    slopes = [sin(a) * sin(b) + sin(b) * sin(c), 0.0, cos(a) * cos(b) + cos(b) * cos(c), cos(a) + cos(b) + cos(c)]
    point = [0.2, 0.3, 0.5, 0.7]
    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(point))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), np.dot(slopes, point), rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), slopes, rtol=0, atol=1e-12)


def test_couplings_in_an_array_of_every_backend_give_the_energy(backend):
    found = product_state(2).expectation(heisenberg(2, backend.asarray([0.2, 0.3, 0.5])))
    a, b = ANGLES[:2]
    expected = 0.2 * sin(a) * sin(b) + 0.5 * cos(a) * cos(b)
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=1e-12)


# Cuts


def test_every_bitstring_has_minus_the_weight_of_its_cut_as_energy():
    edges = [(0, 1), (3, 1), (2, 4), (0, 4), (1, 2), (2, 3)]
    weights = [0.5, -1.25, 2.0, 0.75, 1.0, 3.0]
    matrix = maxcut(edges, weights).matrix()
    expected = [-cut_weight(bits, edges, weights) for bits in itertools.product((0, 1), repeat=5)]
    np.testing.assert_allclose(matrix, np.diag(expected), rtol=0, atol=1e-14)


MAXIMUM_CUTS = {
    "a single edge": ([(0, 1)], 1),
    "a triangle": ([(0, 1), (1, 2), (0, 2)], 2),
    "a ring of five": ([(v, (v + 1) % 5) for v in range(5)], 4),
    "a ring of six": ([(v, (v + 1) % 6) for v in range(6)], 6),
    "the complete graph of five": (list(itertools.combinations(range(5), 2)), 6),
    "the Petersen graph": (PETERSEN, 12),
}


@pytest.mark.parametrize("case", MAXIMUM_CUTS)
def test_the_ground_energy_is_minus_the_maximum_cut(case):
    edges, largest = MAXIMUM_CUTS[case]
    energies = np.real(np.diag(maxcut(edges).matrix()))
    assert energies.min() == pytest.approx(-largest, rel=0, abs=1e-12)


def test_edges_and_weights_may_be_arrays():
    edges, weights = np.array([[0, 1], [1, 2]]), np.array([0.5, 2.0])
    assert maxcut(edges, weights) == kg.PauliSum({"Z0 Z1": 0.25, "I": -1.25, "Z1 Z2": 1.0})


def test_edges_may_be_a_generator():
    assert maxcut((v, v + 1) for v in range(2)) == maxcut([(0, 1), (1, 2)])


def test_an_edge_of_weight_zero_leaves_no_word():
    assert maxcut([(0, 1), (1, 2)], [1.0, 0.0]) == kg.PauliSum({"Z0 Z1": 0.5, "I": -0.5})


def test_weights_in_an_array_of_every_backend_give_the_energy(backend):
    found = product_state(3).expectation(maxcut([(0, 1), (2, 1)], backend.asarray([0.5, 2.0])))
    a, b, c = ANGLES[:3]
    expected = 0.25 * (cos(a) * cos(b) - 1) + cos(b) * cos(c) - 1
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=1e-12)


def test_the_energy_of_a_cut_differentiates_with_respect_to_the_weights(autodiff_backend):
    def energy(weights):
        return product_state(3).expectation(maxcut([(0, 1), (2, 1)], weights))

    a, b, c = ANGLES[:3]
    slopes = [(cos(a) * cos(b) - 1) / 2, (cos(b) * cos(c) - 1) / 2]
    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray([0.5, 2.0]))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), np.dot(slopes, [0.5, 2.0]), rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), slopes, rtol=0, atol=1e-12)


# Misuse

REAL = "give a real number or a 0-d array of the backend"
PAIR = "give a pair of different vertices, counted from 0, such as (0, 1)"
A_LIST = "where a list is due; give one, such as [0, 1]"
SYMBOL = kg.parameters("s", (3,))

REFUSED = {
    "no qubits": (lambda: ising(0), ValueError, "transverse_field_ising got 0 qubits; give at least one"),
    "fewer qubits than none": (lambda: heisenberg(-2), ValueError, "heisenberg got -2 qubits; give at least one"),
    "a boolean as number of qubits": (
        lambda: ising(True), TypeError, "transverse_field_ising got a number of qubits that is True; give an integer",
    ),
    "a float as number of qubits": (
        lambda: heisenberg(2.0), TypeError, "heisenberg got a number of qubits that is 2.0; give an integer",
    ),
    "a number as periodic": (
        lambda: ising(3, periodic=1), TypeError, "transverse_field_ising got periodic=1; give True or False",
    ),
    "a ring of one": (
        lambda: ising(1, periodic=True),
        ValueError,
        "transverse_field_ising got periodic=True for 1 qubit, but a ring has at least 3; leave it out",
    ),
    "a ring of two": (
        lambda: heisenberg(2, periodic=True),
        ValueError,
        "heisenberg got periodic=True for 2 qubits, but a ring has at least 3; leave it out",
    ),
    "a boolean as coupling": (
        lambda: ising(2, j=True), TypeError, f"transverse_field_ising got a j that is True; {REAL}",
    ),
    "a string as field": (
        lambda: ising(2, h="1"), TypeError, f"transverse_field_ising got an h that is '1'; {REAL}",
    ),
    "None as field": (lambda: heisenberg(2, h=None), TypeError, f"heisenberg got an h that is None; {REAL}"),
    "a complex coupling": (lambda: ising(2, j=1j), TypeError, f"transverse_field_ising got a j that is 1j; {REAL}"),
    "a complex array as coupling": (
        lambda: ising(2, j=np.array(1j)), TypeError, f"transverse_field_ising got a j that is array(0.+1.j); {REAL}",
    ),
    "an array of booleans as coupling": (
        lambda: ising(2, j=np.array(True)), TypeError, f"transverse_field_ising got a j that is array(True); {REAL}",
    ),
    "an array of two fields": (
        lambda: ising(2, h=np.ones(2)),
        TypeError,
        f"transverse_field_ising got an h that is an array of shape (2,); {REAL}",
    ),
    "a symbol as coupling": (
        lambda: ising(2, j=SYMBOL[0]), TypeError, f"transverse_field_ising got a j that is s[0]; {REAL}",
    ),
    "three symbols as couplings": (
        lambda: heisenberg(2, j=SYMBOL), TypeError, f"heisenberg got a j that is s[0]; {REAL}",
    ),
    "NaN as field": (
        lambda: ising(2, h=float("nan")),
        ValueError,
        "transverse_field_ising got an h that is nan; give a finite number",
    ),
    "infinity as coupling": (
        lambda: heisenberg(2, j=[1, 1, float("inf")]),
        ValueError,
        "heisenberg got a j that is inf; give a finite number",
    ),
    "an integer beyond all floats": (
        lambda: ising(2, j=10**400),
        ValueError,
        "transverse_field_ising got a j that is beyond all floats; give a smaller number",
    ),
    "two couplings": (
        lambda: heisenberg(2, j=(1.0, 2.0)),
        ValueError,
        "heisenberg got 2 couplings; give one number, or three, (jx, jy, jz)",
    ),
    "a matrix of couplings": (
        lambda: heisenberg(2, j=np.ones((3, 3))),
        ValueError,
        "the couplings of heisenberg have the shape (3, 3); give a list or an array of one axis",
    ),
    "a string as coupling": (lambda: heisenberg(2, j="xyz"), TypeError, f"heisenberg got a j that is 'xyz'; {REAL}"),
    "no edges": (
        lambda: maxcut([]), ValueError, "maxcut got no edges; give at least one pair of vertices, such as (0, 1)",
    ),
    "a number as edges": (lambda: maxcut(3), TypeError, f"maxcut got 3 {A_LIST}"),
    "vertices instead of edges": (lambda: maxcut([0, 1]), TypeError, f"maxcut, for an edge, got 0 {A_LIST}"),
    "an edge from a vertex to itself": (
        lambda: maxcut([(0, 1), (2, 2)]), ValueError, f"maxcut got the edge (2, 2); {PAIR}",
    ),
    "an edge of three vertices": (lambda: maxcut([(0, 1, 2)]), ValueError, f"maxcut got the edge (0, 1, 2); {PAIR}"),
    "an edge of one vertex": (lambda: maxcut([(0,)]), ValueError, f"maxcut got the edge (0,); {PAIR}"),
    "an edge of none": (lambda: maxcut([()]), ValueError, f"maxcut got the edge (); {PAIR}"),
    "a negative vertex": (lambda: maxcut([(0, -1)]), ValueError, f"maxcut got the edge (0, -1); {PAIR}"),
    "a boolean as vertex": (
        lambda: maxcut([(0, True)]), TypeError, "maxcut got a vertex that is True; give an integer",
    ),
    "a string as vertex": (lambda: maxcut([("a", 1)]), TypeError, "maxcut got a vertex that is 'a'; give an integer"),
    "an edge twice": (
        lambda: maxcut([(0, 1), (0, 1)]),
        ValueError,
        "maxcut got the edge (0, 1) twice; give it once, with the sum of the weights",
    ),
    "an edge in both directions": (
        lambda: maxcut([(1, 0), (0, 1)]),
        ValueError,
        "maxcut got the edge (0, 1) twice; give it once, with the sum of the weights",
    ),
    "weights too few": (
        lambda: maxcut([(0, 1), (1, 2)], [1.0]),
        ValueError,
        "maxcut got 1 weight for 2 edges; give one for each",
    ),
    "a number as weights": (
        lambda: maxcut([(0, 1)], 2.0), TypeError, f"the weights of maxcut got 2.0 {A_LIST}",
    ),
    "a matrix of weights": (
        lambda: maxcut([(0, 1)], np.ones((1, 1))),
        ValueError,
        "the weights of maxcut have the shape (1, 1); give a list or an array of one axis",
    ),
    "a boolean as weight": (lambda: maxcut([(0, 1)], [True]), TypeError, f"maxcut got a weight that is True; {REAL}"),
    "NaN as weight": (
        lambda: maxcut([(0, 1)], [np.nan]), ValueError, "maxcut got a weight that is nan; give a finite number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_one_sentence(case):
    function, kind, message = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        function()
    assert isinstance(caught.value, kind)
    assert str(caught.value) == message

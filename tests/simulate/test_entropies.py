"""Reduced density matrices, purity, entropy and mutual information, and their derivatives at every degeneracy."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import apply_kraus, entropy, generalized_amplitude_damping, pure, purity, reduced
from dense_reference import PREPARATION, play, run

THREE = [entry for entry in PREPARATION if max(entry[2]) < 3]
RHO = pure(run(THREE, 3))
SUBSETS = [qubits for size in (1, 2, 3) for qubits in permutations(range(3), size)]
TOLERANCE = 1e-12


def prepared():
    return play(kg.Circuit(3), THREE)


def some(backend, cases):
    """Return all cases on the cheap backends, and one in five on the others."""
    return cases if backend.name in ("numpy", "strict") else cases[1::5]


def close(backend, found, expected, tolerance=TOLERANCE, message=""):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance, err_msg=message)


def binary(p):
    """Return −p ln p − (1 − p) ln(1 − p)."""
    return -sum(x * math.log(x) for x in (p, 1 - p) if x > 0)


def test_the_density_matrix_of_every_ordered_subset_is_the_dense_one(backend):
    circuit = prepared()
    for qubits in some(backend, SUBSETS):
        close(backend, circuit.density_matrix(qubits), reduced(RHO, qubits), message=str(qubits))
    close(backend, circuit.density_matrix(), RHO)


def test_purity_and_entropy_of_every_subset_are_those_of_the_dense_density_matrix(backend):
    circuit = prepared()
    for qubits in some(backend, SUBSETS):
        matrix = reduced(RHO, qubits)
        close(backend, circuit.purity(qubits), purity(matrix), message=str(qubits))
        close(backend, circuit.entropy(qubits), entropy(matrix), message=str(qubits))


def test_mutual_information_of_every_two_groups_is_that_of_the_dense_density_matrices():
    circuit = prepared()
    for joint in (qubits for size in (2, 3) for qubits in permutations(range(3), size)):
        for cut in range(1, len(joint)):
            first, second = joint[:cut], joint[cut:]
            parts = [entropy(reduced(RHO, part)) for part in (first, second, joint)]
            found = circuit.mutual_information(first, second)
            np.testing.assert_allclose(found, parts[0] + parts[1] - parts[2], rtol=0, atol=TOLERANCE)


def test_entropies_of_a_noisy_state_are_those_of_its_dense_density_matrix(backend):
    circuit = prepared().thermal_relaxation(1.0, 2.0, 0.4, 1, excited=0.3)
    rho = apply_kraus(RHO, generalized_amplitude_damping(1 - math.exp(-0.4), 0.3), (1,))
    for qubits in some(backend, SUBSETS):
        close(backend, circuit.entropy(qubits), entropy(reduced(rho, qubits)), message=str(qubits))
        close(backend, circuit.purity(qubits), purity(reduced(rho, qubits)), message=str(qubits))
    close(backend, circuit.purity(), purity(rho))
    whole, parts = entropy(rho), entropy(reduced(rho, (2,))) + entropy(reduced(rho, (1, 0)))
    close(backend, circuit.mutual_information([2], [1, 0]), parts - whole)


def test_the_reference_circuit_has_its_entropy_and_twice_that_as_mutual_information(backend):
    circuit = kg.Circuit(2).rx(0.1, 0).ry(0.2, 1).cx(0, 1).rx(0.3, 1)
    close(backend, circuit.entropy([0]), 0.016869106631253624)
    close(backend, circuit.mutual_information([0], [1]), 2 * 0.016869106631253624)


def test_half_of_a_bell_pair_has_entropy_ln_2_and_one_bit(backend):
    bell = kg.Circuit(2).h(0).cx(0, 1)
    close(backend, bell.entropy([1]), math.log(2))
    close(backend, bell.entropy([1], base=2), 1)
    close(backend, bell.entropy([0], base=10), math.log10(2))
    close(backend, bell.entropy([0], base=math.e), math.log(2))
    close(backend, bell.entropy([0, 1]), 0)
    close(backend, bell.mutual_information([0], [1]), 2 * math.log(2))
    close(backend, bell.mutual_information([0], [1], base=4), 1)
    close(backend, bell.purity([0]), 0.5)
    close(backend, bell.purity(), 1)


def test_a_product_state_has_no_entropy_and_no_mutual_information(backend):
    product = kg.Circuit(3).ry(0.3, 0).rx(1.1, 1).h(2)
    for qubits in ([0], [1, 2], [0, 1, 2]):
        close(backend, product.entropy(qubits), 0)
        close(backend, product.purity(qubits), 1)
    close(backend, product.mutual_information([0, 2], [1]), 0)


def test_the_two_sides_of_a_pure_state_have_the_same_entropy():
    circuit = prepared()
    for qubits in (subset for size in (1, 2) for subset in combinations(range(3), size)):
        others = [qubit for qubit in range(3) if qubit not in qubits]
        np.testing.assert_allclose(circuit.entropy(qubits), circuit.entropy(others), rtol=0, atol=TOLERANCE)


def test_entropy_in_single_precision_is_finite_for_a_pure_state(backend):
    with kg.use_precision("single"):
        found = kg.Circuit(2).ry(0.3, 0).entropy([0, 1])
    assert backend.dtype(found) == "float32"
    close(backend, found, 0, 1e-5)


def pair(theta):
    """Return cos(θ/2)|00⟩ + sin(θ/2)|11⟩."""
    return kg.Circuit(2).ry(theta, 0).cx(0, 1)


def test_the_derivative_of_the_entropy_of_a_pair_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend
    for theta in (0.6, 2.0, -1.1):
        value, gradient = kg.value_and_grad(lambda x: pair(x).entropy([1]), fallback="error")(backend.asarray(theta))
        close(backend, value, binary(math.sin(theta / 2) ** 2))
        close(backend, gradient, math.sin(theta) * math.log(1 / abs(math.tan(theta / 2))))


def test_the_derivative_of_entropy_and_mutual_information_in_bits_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend
    bits = math.sin(0.6) * math.log(1 / math.tan(0.3)) / math.log(2)
    point = backend.asarray(0.6)
    close(backend, kg.grad(lambda x: pair(x).entropy([0], base=2), fallback="error")(point), bits)
    shared = kg.grad(lambda x: pair(x).mutual_information([0], [1], base=2), fallback="error")
    close(backend, shared(point), 2 * bits, 1e-11)


def test_the_second_derivative_of_the_entropy_of_a_pair_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend
    first = kg.grad(lambda x: pair(x).entropy([1]), fallback="error")
    found = kg.grad(first, fallback="error")(backend.asarray(0.6))
    close(backend, found, math.cos(0.6) * math.log(1 / math.tan(0.3)) - 1, 1e-10)


@pytest.mark.parametrize(
    ("theta", "value"), [(0.0, 0.0), (math.pi, 0.0), (math.pi / 2, math.log(2))], ids=["pure 0", "pure 1", "mixed"]
)
def test_the_derivative_of_entropy_is_zero_where_the_pair_is_a_product_or_maximally_mixed(
    autodiff_backend, theta, value
):
    backend = autodiff_backend
    found, gradient = kg.value_and_grad(lambda x: pair(x).entropy([0]), fallback="error")(backend.asarray(theta))
    close(backend, found, value)
    close(backend, gradient, 0, 1e-10)


def two_pairs(angles):
    """Return two pairs, of which the qubits 0 and 1 are each one half."""
    return kg.Circuit(4).ry(angles[0], 0).cx(0, 2).ry(angles[1], 1).cx(1, 3)


def slope(theta):
    """Return sin θ · ln cot(θ/2), continued by its limit 0."""
    return 0.0 if theta in (0.0, math.pi / 2) else math.sin(theta) * math.log(1 / math.tan(theta / 2))


@pytest.mark.parametrize(
    "angles",
    [(0.6, 1.1), (0.6, 0.6), (0.6, 0.0), (0.0, 0.0), (math.pi / 2, math.pi / 2), (math.pi / 2, 0.0)],
    ids=["distinct", "two equal", "rank 2", "pure", "maximally mixed", "rank 2 equal"],
)
def test_the_gradient_of_entropy_is_right_at_every_degeneracy_of_the_eigenvalues(autodiff_backend, angles):
    backend = autodiff_backend
    energy = kg.value_and_grad(lambda x: two_pairs(x).entropy([1, 0]), fallback="error")
    value, gradient = energy(backend.asarray(angles))
    close(backend, value, sum(binary(math.sin(theta / 2) ** 2) for theta in angles), 1e-11)
    close(backend, gradient, [slope(theta) for theta in angles], 1e-9)


def test_the_derivative_of_entropy_by_the_strength_of_noise_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend

    def mixed(p):
        return kg.Circuit(1).ry(0.8, 0).depolarizing(p, 0).entropy([0])

    # Eigenvalues (1 ± r)/2 with r = 1 − 4p/3; dS/dr = −artanh r.
    value, gradient = kg.value_and_grad(mixed, fallback="error")(backend.asarray(0.3))
    close(backend, value, binary(0.8))
    close(backend, gradient, 4 / 3 * math.atanh(0.6), 1e-11)


def test_the_derivative_of_purity_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend
    for theta in (0.6, 0.0, math.pi / 2):
        value, gradient = kg.value_and_grad(lambda x: pair(x).purity([1]), fallback="error")(backend.asarray(theta))
        # 1 − sin²θ/2
        close(backend, value, 1 - math.sin(theta) ** 2 / 2)
        close(backend, gradient, -math.sin(2 * theta) / 2)


def test_the_gradient_of_a_batch_of_entropies_is_that_of_each(autodiff_backend):
    backend, x = autodiff_backend, kg.parameters("x")
    function = kg.function(pair(x), kg.entropy([0]))
    angles = np.array([0.6, 0.0, math.pi / 2, 2.0])

    def total(values):
        found = function(values)
        return backend.sum(found), found

    (_, found), gradient = kg.value_and_grad(total, has_aux=True, fallback="error")(backend.asarray(angles))
    close(backend, found, [binary(math.sin(angle / 2) ** 2) for angle in angles])
    close(backend, gradient, [slope(0.6), 0, 0, math.sin(2.0) * math.log(1 / math.tan(1.0))], 1e-10)


def test_the_derivative_of_a_density_matrix_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend
    found = kg.jacobian(lambda x: pair(x).density_matrix([1]), fallback="error")(backend.asarray(0.6))
    close(backend, found, np.diag([-math.sin(0.6) / 2, math.sin(0.6) / 2]))


BASE = "the base of the logarithm is {!r}; give a number above 1"
REFUSED = {
    "a base of 1": (lambda c: c.entropy([0], base=1), ValueError, BASE.format(1)),
    "a base of 0": (lambda c: c.entropy([0], base=0), ValueError, BASE.format(0)),
    "a base below 1": (lambda c: c.mutual_information([0], [1], base=0.5), ValueError, BASE.format(0.5)),
    "a base of True": (lambda c: c.entropy([0], base=True), ValueError, BASE.format(True)),
    "a base of NaN": (lambda c: c.entropy([0], base=float("nan")), ValueError, BASE.format(float("nan"))),
    "a string as base": (lambda c: c.entropy([0], base="2"), ValueError, BASE.format("2")),
    "groups that overlap": (
        lambda c: c.mutual_information([0, 1], [1]),
        ValueError,
        "mutual_info got the qubits (0, 1, 1), but each may come only once",
    ),
    "a qubit twice": (
        lambda c: c.entropy([1, 1]), ValueError, "entropy got the qubits (1, 1), but each may come only once",
    ),
    "a qubit beyond the last": (
        lambda c: c.purity([2]), ValueError, "purity got qubit 2, but the circuit has qubits 0 to 1",
    ),
    "a negative qubit": (
        lambda c: c.density_matrix([-1]), ValueError, "density_matrix got qubit -1, but the circuit has qubits 0 to 1",
    ),
    "a number for qubits": (
        lambda c: c.entropy(0), TypeError, "entropy got 0 where a list is due; give one, such as [0, 1]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_its_sentence(case):
    attempt, kind, sentence = REFUSED[case]
    with pytest.raises(kind) as caught:
        attempt(kg.Circuit(2).h(0))
    assert str(caught.value) == sentence
    assert isinstance(caught.value, kg.KetgradError)


def test_numbers_for_groups_of_qubits_are_refused_with_a_sentence():
    with pytest.raises(kg.KetgradError):
        kg.Circuit(2).h(0).mutual_information(0, 1)


def test_a_numpy_integer_is_a_base():
    np.testing.assert_allclose(kg.Circuit(2).h(0).cx(0, 1).entropy([0], base=np.int64(2)), 1, rtol=0, atol=TOLERANCE)

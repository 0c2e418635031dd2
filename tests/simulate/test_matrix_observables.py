"""Observables given by a matrix, and projectors, against the dense reference; their derivatives; what is refused."""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import apply_kraus, phase_damping, pure
from dense_reference import PREPARATION, embed, places, play, probabilities, run

FOUR = [entry for entry in PREPARATION if max(entry[2]) < 4]
STATE = run(FOUR, 4)
RANDOM = np.random.default_rng(17)
TOLERANCE = 1e-12


def random_hermitian(num_qubits):
    size = 2**num_qubits
    matrix = RANDOM.normal(size=(size, size)) + 1j * RANDOM.normal(size=(size, size))
    return (matrix + matrix.conj().T) / 2


MATRICES = {size: random_hermitian(size) for size in (1, 2, 3)}


def prepared():
    return play(kg.Circuit(4), FOUR)


def mean_and_variance(rho, matrix, qubits):
    operator = embed(matrix, qubits, len(rho).bit_length() - 1)
    mean = np.trace(rho @ operator).real
    return mean, np.trace(rho @ operator @ operator).real - mean**2


def close(backend, found, expected, tolerance=TOLERANCE, message=""):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance, err_msg=message)


def some(backend, cases):
    """Return all cases on the cheap backends, and the last on the others."""
    return cases if backend.name in ("numpy", "strict") else cases[-1:]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_hermitian_on_every_ordered_subset_has_the_dense_mean_and_variance(backend, size):
    circuit, rho = prepared(), pure(STATE)
    for qubits in some(backend, places(size, 4)):
        observable = kg.Hermitian(MATRICES[size], qubits)
        mean, spread = mean_and_variance(rho, MATRICES[size], qubits)
        close(backend, circuit.expectation(observable), mean, message=str(qubits))
        close(backend, circuit.variance(observable), spread, 1e-11, str(qubits))


def test_a_hermitian_of_a_noisy_state_has_the_dense_mean_and_variance():
    circuit = prepared().phase_damping(0.4, 2)
    rho = apply_kraus(pure(STATE), phase_damping(0.4), (2,))
    for qubits in ((2, 0), (1, 2)):
        mean, spread = mean_and_variance(rho, MATRICES[2], qubits)
        observable = kg.Hermitian(MATRICES[2], qubits)
        np.testing.assert_allclose(circuit.expectation(observable), mean, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(circuit.variance(observable), spread, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", ["lists", "real", "integers", "native", "native real"])
def test_a_matrix_comes_as_lists_as_numpy_or_as_a_native_array(backend, kind):
    table = [[2.0, -1.0], [-1.0, 5.0]]
    matrix = {
        "lists": table,
        "real": np.array(table),
        "integers": np.array(table).astype(int),
        "native": backend.asarray(np.array(table, complex)),
        "native real": backend.asarray(np.array(table)),
    }[kind]
    circuit = kg.Circuit(2).ry(0.8, 1)
    # Of cos(0.4)|0⟩ + sin(0.4)|1⟩: 3.5 − 1.5 cos 0.8 − sin 0.8, and of the square [[5, −7], [−7, 26]].
    mean = 3.5 - 1.5 * math.cos(0.8) - math.sin(0.8)
    square = 15.5 - 10.5 * math.cos(0.8) - 7 * math.sin(0.8)
    close(backend, circuit.expectation(kg.Hermitian(matrix, [1])), mean)
    close(backend, circuit.variance(kg.Hermitian(matrix, [1])), square - mean**2)


@pytest.mark.parametrize(("kind", "value"), [("int16", 300), ("int32", 50_000)], ids=["int16", "int32"])
def test_the_variance_of_a_matrix_of_small_integers_does_not_overflow(kind, value):
    # The square of 300 does not fit into 16 bits, nor that of 50 000 into 32.
    observable = kg.Hermitian(np.array([[value, 0], [0, 0]], kind), [0])
    np.testing.assert_allclose(kg.Circuit(1).h(0).expectation(observable), value / 2, rtol=1e-12, atol=0)
    np.testing.assert_allclose(kg.Circuit(1).h(0).variance(observable), value**2 / 4, rtol=1e-12, atol=0)


def test_the_variance_of_a_complex64_matrix_is_found():
    matrix = (10 * MATRICES[3]).astype("complex64")
    mean, spread = mean_and_variance(pure(STATE), matrix.astype("complex128"), (2, 0, 3))
    observable = kg.Hermitian(matrix, (2, 0, 3))
    np.testing.assert_allclose(prepared().expectation(observable), mean, rtol=1e-6, atol=0)
    np.testing.assert_allclose(prepared().variance(observable), spread, rtol=1e-5, atol=0)


@pytest.mark.parametrize("scale", [1e-9, 1e4, 1e8])
def test_the_variance_of_a_matrix_of_any_scale_is_found(scale):
    matrix = scale * MATRICES[3]
    matrix = (matrix + matrix.conj().T) / 2
    mean, spread = mean_and_variance(pure(STATE), MATRICES[3], (2, 0, 3))
    observable = kg.Hermitian(matrix, (2, 0, 3))
    np.testing.assert_allclose(prepared().expectation(observable), mean * scale, rtol=1e-11, atol=0)
    np.testing.assert_allclose(prepared().variance(observable), spread * scale**2, rtol=1e-10, atol=0)


def test_a_change_of_the_array_afterwards_leaves_the_observable_as_it_was():
    matrix = np.diag([1.0, -1.0])
    observable = kg.Hermitian(matrix, [0])
    matrix[0, 0] = 9
    np.testing.assert_allclose(kg.Circuit(1).expectation(observable), 1.0, rtol=0, atol=TOLERANCE)


def test_single_precision_gives_single_values_of_a_double_matrix(backend):
    observable = kg.Hermitian(np.array([[2.0, -1j], [1j, 5.0]]), [0])
    with kg.use_precision("single"):
        found = [kg.Circuit(1).x(0).expectation(observable), kg.Circuit(1).x(0).variance(observable)]
    assert [backend.dtype(value) for value in found] == ["float32", "float32"]
    close(backend, found[0], 5, 1e-5)
    close(backend, found[1], 1, 1e-5)


def test_a_derivative_by_an_angle_goes_through_a_hermitian(autodiff_backend):
    backend = autodiff_backend

    def mean(theta):
        return kg.Circuit(2).ry(theta, 1).expectation(kg.Hermitian([[2, -1], [-1, 5]], [1]))

    value, gradient = kg.value_and_grad(mean, fallback="error")(backend.asarray(0.8))
    close(backend, value, 3.5 - 1.5 * math.cos(0.8) - math.sin(0.8))
    close(backend, gradient, 1.5 * math.sin(0.8) - math.cos(0.8))


def test_the_derivative_by_the_elements_of_a_native_matrix_is_the_density_matrix(autodiff_backend):
    backend = autodiff_backend
    c, s = math.cos(0.4), math.sin(0.4)
    point = np.array([[2.0, -1.0], [-1.0, 5.0]])

    def mean(matrix):
        return kg.Circuit(2).ry(0.8, 1).expectation(kg.Hermitian(matrix, [1]))

    value, gradient = kg.value_and_grad(mean, fallback="error")(backend.asarray(point))
    close(backend, value, 2 * c * c - 2 * c * s + 5 * s * s)
    close(backend, gradient, [[c * c, c * s], [c * s, s * s]])


def test_the_derivative_of_a_variance_by_a_number_in_a_native_matrix_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend
    z = np.diag([1.0, -1.0])

    def spread(weight):
        return kg.Circuit(1).ry(0.8, 0).variance(kg.Hermitian(weight * backend.asarray(z), [0]))

    # w² sin²θ
    value, gradient = kg.value_and_grad(spread, fallback="error")(backend.asarray(1.5))
    close(backend, value, 2.25 * math.sin(0.8) ** 2)
    close(backend, gradient, 3 * math.sin(0.8) ** 2)


def test_a_projector_on_every_ordered_subset_has_the_outcomes_probability(backend):
    circuit = prepared()
    for size in (1, 2, 3):
        for qubits in some(backend, places(size, 4)):
            for index, expected in list(enumerate(probabilities(STATE, qubits)))[1::2]:
                observable = kg.Projector(f"{index:0{size}b}", qubits)
                close(backend, circuit.expectation(observable), expected, message=repr(observable))
                close(backend, circuit.variance(observable), expected * (1 - expected), message=repr(observable))


def test_a_projector_sees_the_noise(backend):
    found = kg.Circuit(2).x(1).amplitude_damping(0.3, 1).expectation(kg.Projector("10", [1, 0]))
    close(backend, found, 0.7)


def test_the_derivative_of_a_projector_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend

    def chance(theta):
        return kg.Circuit(3).ry(theta, 2).cx(2, 0).expectation(kg.Projector("11", [0, 2]))

    value, gradient = kg.value_and_grad(chance, fallback="error")(backend.asarray(0.8))
    close(backend, value, math.sin(0.4) ** 2)
    close(backend, gradient, math.sin(0.8) / 2)


NOT_HERMITIAN = "the matrix is not Hermitian: A − A† is as large as {}; give one for which it is below 1e-06"
QUBITS = "{} got the qubits {}; give at least one, none negative, each only once"
BITS = "Projector got the bits {!r} for {} qubits; give a string with a 0 or 1 for each"
REFUSED = {
    "a matrix that is not symmetric": (
        lambda: kg.Hermitian([[0, 1], [0, 0]], [0]), ValueError, NOT_HERMITIAN.format("1"),
    ),
    "a symmetric matrix that is complex": (
        lambda: kg.Hermitian([[0, 1j], [1j, 0]], [0]), ValueError, NOT_HERMITIAN.format("2"),
    ),
    "an imaginary diagonal": (
        lambda: kg.Hermitian(np.diag([0, 0.5j]), [0]), ValueError, NOT_HERMITIAN.format("1"),
    ),
    "a matrix with NaN": (
        lambda: kg.Hermitian(np.diag([0, float("nan")]), [0]), ValueError, NOT_HERMITIAN.format("nan"),
    ),
    "a matrix too large": (
        lambda: kg.Hermitian(np.eye(4), [0]), ValueError,
        "Hermitian on 1 qubit takes a matrix of shape (2, 2), got (4, 4)",
    ),
    "a vector": (
        lambda: kg.Hermitian(np.ones(4), [0, 1]), ValueError,
        "Hermitian on 2 qubits takes a matrix of shape (4, 4), got (4,)",
    ),
    "a qubit twice": (lambda: kg.Hermitian(np.eye(4), [1, 1]), ValueError, QUBITS.format("Hermitian", (1, 1))),
    "a negative qubit": (lambda: kg.Hermitian(np.eye(2), [-1]), ValueError, QUBITS.format("Hermitian", (-1,))),
    "no qubit": (lambda: kg.Hermitian(np.eye(1), []), ValueError, QUBITS.format("Hermitian", ())),
    "a boolean as qubit": (
        lambda: kg.Hermitian(np.eye(2), [True]), TypeError, "Hermitian got a qubit that is True; give an integer",
    ),
    "a qubit that is not there": (
        lambda: kg.Circuit(2).expectation(kg.Hermitian(np.eye(2), [2])), ValueError,
        "the observable acts on qubit 2, but the circuit has qubits 0 to 1",
    ),
    "bits too few": (lambda: kg.Projector("0", [0, 1]), ValueError, BITS.format("0", 2)),
    "bits too many": (lambda: kg.Projector("011", [0, 1]), ValueError, BITS.format("011", 2)),
    "other digits": (lambda: kg.Projector("02", [0, 1]), ValueError, BITS.format("02", 2)),
    "a sign": (lambda: kg.Projector("-1", [0, 1]), ValueError, BITS.format("-1", 2)),
    "a number for bits": (lambda: kg.Projector(1, [0]), ValueError, BITS.format(1, 1)),
    "a list for bits": (lambda: kg.Projector([0, 1], [0, 1]), ValueError, BITS.format([0, 1], 2)),
    "a projector on one qubit twice": (
        lambda: kg.Projector("01", [1, 1]), ValueError, QUBITS.format("Projector", (1, 1)),
    ),
    "a projector on a qubit that is not there": (
        lambda: kg.Circuit(2).variance(kg.Projector("1", [3])), ValueError,
        "the observable acts on qubit 3, but the circuit has qubits 0 to 1",
    ),
    "a matrix as observable": (
        lambda: kg.Circuit(1).expectation(np.eye(2)), TypeError,
        "got a ndarray as observable; give a Pauli sum such as kg.Z(0) @ kg.Z(1)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_of_an_observable_is_refused_with_its_sentence(case):
    attempt, kind, sentence = REFUSED[case]
    with pytest.raises(kind) as caught:
        attempt()
    assert str(caught.value) == sentence
    assert isinstance(caught.value, kg.KetgradError)


def test_a_native_matrix_that_is_not_hermitian_is_refused_where_it_can_be_seen(backend):
    matrix = backend.asarray(np.array([[0.0, 1.0], [0.0, 0.0]]))
    with pytest.raises(kg.InvalidValueError, match="the matrix is not Hermitian: A − A† is as large as 1;"):
        kg.Circuit(1).h(0).expectation(kg.Hermitian(matrix, [0]))


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: kg.Hermitian([[1, 0], [0]], [0]),
        lambda: kg.Hermitian([["a", 0], [0, 1]], [0]),
        lambda: kg.Hermitian(np.array([["a", "b"], ["c", "d"]]), [0]),
        lambda: kg.Hermitian(np.eye(2), 0),
        lambda: kg.Projector("0", 0),
    ],
    ids=["ragged", "text in a list", "text in an array", "a number for qubits", "a number for a projector's qubits"],
)
def test_what_is_no_matrix_or_no_list_of_qubits_is_refused_with_a_sentence_of_its_own(attempt):
    with pytest.raises(kg.KetgradError):
        attempt()

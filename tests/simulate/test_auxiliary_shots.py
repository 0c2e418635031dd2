"""The Hadamard test with an auxiliary qubit, from shots: against the moments of its outcomes, by dense matrices.

With P behind a gate, the auxiliary qubit leaves (|0⟩ψ + |1⟩χ)/√2, where ψ is the circuit's state and χ that with −iP in
it. A shot of X ⊗ A has the mean Re⟨ψ|A|χ⟩ and the second moment (⟨ψ|A²|ψ⟩ + ⟨χ|A²|χ⟩)/2.
"""

import math

import numpy as np
import pytest

import dense_reference as dense
import ketgrad as kg
from ketgrad_conformance import expect

AUXILIARY = kg.gradients.Hadamard(auxiliary=True)
SEED, SHOTS, ERRORS = 11, 4000, 5
POINT = np.array([0.7, 1.3])
W = kg.parameters("w", (2,))
CIRCUIT = kg.Circuit(2).ry(W[0], 0).h(1).cry(2 * W[1], 0, 1).rx(W[0], 1).rz(-W[1], 0).rx(0.4, 0)


def program(w):
    """Return the circuit for the dense reference."""
    gates = [("ry", (w[0],), (0,)), ("h", (), (1,)), ("cry", (2 * w[1],), (0, 1)), ("rx", (w[0],), (1,))]
    return [*gates, ("rz", (-w[1],), (0,)), ("rx", (0.4,), (0,))]


TURNS = [
    # the gate, the word behind it, and its factor in the derivative by each parameter; a control is (1 − Z)/2
    (0, {0: "y"}, (1.0, 0.0)),
    (2, {1: "y"}, (0.0, 2 * 0.5)),
    (2, {0: "z", 1: "y"}, (0.0, -2 * 0.5)),
    (3, {1: "x"}, (1.0, 0.0)),
    (4, {0: "z"}, (0.0, -1.0)),
]
MATRIX = np.array([[3.0, 1j], [-1j, 1.0]])
Z0, XX, ONES = (dense.pauli_matrix({word: 1.0}, 2) for word in ("Z0", "X0 X1", ""))

RESULTS = {
    # a measurement, and the operators, each of a setting of its own, whose means add up to it; the identity needs none
    "Pauli sum": (kg.expval(0.7 * kg.I() + kg.Z(0) - 0.5 * kg.X(0) @ kg.X(1)), [Z0, -0.5 * XX]),
    "Hermitian": (kg.expval(kg.Hermitian(MATRIX, [1])), [dense.embed(MATRIX, [1], 2)]),
    "projector": (kg.expval(kg.Projector("10", [1, 0])), [np.diag([0.0, 1.0, 0.0, 0.0])]),
    "frequency": (kg.probs([1]), [np.diag([1.0, 0.0, 1.0, 0.0])]),
}


def moments(w, operators):
    """Return the derivative, of shape (2,), as the mean of what is measured, and its squared standard error."""
    mean, squared_error, gates = np.zeros(2), np.zeros(2), program(w)
    psi = dense.run(gates, 2)
    for place, word, factors in TURNS:
        letters = [(letter, (), (qubit,)) for qubit, letter in word.items()]
        chi = -1j * dense.run([*gates[: place + 1], *letters, *gates[place + 1 :]], 2)
        for operator in operators:
            first = (psi.conj() @ operator @ chi).real
            second = sum(np.linalg.norm(operator @ state) ** 2 for state in (psi, chi)) / 2
            mean += np.array(factors) * first
            squared_error += np.array(factors) ** 2 * (second - first**2) / SHOTS
    return mean, squared_error


def near(backend, found, mean, squared_error):
    distance = np.abs(backend.to_numpy(found) - mean)
    assert np.all(distance <= ERRORS * np.sqrt(squared_error)), (distance, np.sqrt(squared_error))
    assert np.any(distance > 0)  # for it is no exact one


@pytest.mark.parametrize(("measurement", "operators"), RESULTS.values(), ids=RESULTS)
def test_the_moments_have_the_right_mean(measurement, operators):
    def exact(w):
        state = dense.run(program(w), 2)
        return sum((state.conj() @ operator @ state).real for operator in operators)

    np.testing.assert_allclose(moments(POINT, operators)[0], dense.gradient(exact, POINT), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("measurement", "operators"), RESULTS.values(), ids=RESULTS)
def test_a_gradient_is_within_five_standard_errors(autodiff_backend, measurement, operators):
    function = kg.function(CIRCUIT, measurement, gradient=AUXILIARY, shots=SHOTS, seed=SEED)
    found = kg.jacobian(function, fallback="error")(autodiff_backend.asarray(POINT))
    if isinstance(measurement, kg.probs):
        np.testing.assert_allclose(np.sum(autodiff_backend.to_numpy(found), axis=0), 0.0, atol=0.2)
        found = autodiff_backend.take(found, 0, axis=0)
    near(autodiff_backend, found, *moments(POINT, operators))


def test_each_element_of_a_batch_has_its_own(autodiff_backend):
    measurement, operators = RESULTS["Pauli sum"]
    function = kg.function(CIRCUIT, measurement, gradient=AUXILIARY, shots=SHOTS, seed=SEED)
    points = np.array([POINT, [0.2, -0.9], [2.1, 0.5]])
    total = kg.grad(lambda w: autodiff_backend.sum(function(w)), fallback="error")
    expected = [moments(point, operators) for point in points]
    near(autodiff_backend, total(autodiff_backend.asarray(points)), *map(np.array, zip(*expected, strict=True)))


def signed_mean(angle, place, matrix):
    """Return what 30 shots of X ⊗ A find after ry(angle), with the numbers that ketgrad takes: Philox's, by branch."""
    psi, chi = (dense.run([("ry", (angle,), (0,)), *rest], 1) for rest in ([], [("y", (), (0,))]))
    values, vectors = np.linalg.eigh(matrix)
    seen = [np.abs(vectors.conj().T @ (psi + sign * -1j * chi)) ** 2 / 4 for sign in (1, -1)]
    numbers = np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED, spawn_key=place))).random(30)
    outcomes = np.searchsorted(np.cumsum(np.stack(seen, axis=1)), numbers, side="right")
    return np.mean(values[outcomes // 2] * (1 - 2 * (outcomes % 2)))


OWN = [[0.2, 0.3], [0.3, 1.0]]
STREAMS = {
    "Hermitian": (kg.expval(kg.Hermitian(OWN, [0])), OWN),
    "projector": (kg.expval(kg.Projector("1", [0])), [[0.0, 0.0], [0.0, 1.0]]),
    "Pauli sum": (kg.expval(5.0 * kg.I() - kg.Z(0)), [[-1.0, 0.0], [0.0, 1.0]]),
}


@pytest.mark.parametrize(("measurement", "matrix"), STREAMS.values(), ids=STREAMS)
def test_a_seed_gives_the_numbers_of_one_stream_on_every_backend(autodiff_backend, measurement, matrix):
    function = kg.function(kg.Circuit(1).ry(W[0], 0), measurement, gradient=AUXILIARY, shots=30, seed=SEED)
    found = kg.grad(function, fallback="error")(autodiff_backend.asarray(POINT))
    expect.close(autodiff_backend, found, [signed_mean(POINT[0], (0, 1, 0, 1), np.array(matrix)), 0.0])


def test_the_identity_of_a_sum_adds_no_noise(autodiff_backend):
    def found(observable):
        function = kg.function(CIRCUIT, kg.expval(observable), gradient=AUXILIARY, shots=20, seed=SEED)
        return kg.grad(function, fallback="error")(autodiff_backend.asarray(POINT))

    expect.close(autodiff_backend, found(1000.0 * kg.I() + kg.Z(0)), autodiff_backend.to_numpy(found(kg.Z(0))).tolist())
    expect.close(autodiff_backend, found(3.0 * kg.I()), [0.0, 0.0])


A = W[0]
TURN = kg.Circuit(1).rx(A, 0)
MISREAD = kg.Circuit(2).rx(A, 0).depolarizing(0.15, 0).cx(0, 1).readout_error(0.1, 0.1, 1)
OTHERS = {
    # ⟨Z1⟩ = cos w0 in all of them, but that depolarizing leaves 1 − 4·0.15/3 of it, and errors of reading 1 − 2·0.1.
    "noise and errors of reading": (MISREAD, 0.8 * 0.8),
    "a measurement at the end": (kg.Circuit(2).rx(A, 0).cx(0, 1).measure(1), 1.0),
    "a measurement in the middle": (kg.Circuit(2).rx(A, 0).measure(0).cx(0, 1).h(0), 1.0),
    "a condition": (kg.Circuit(2).rx(A, 0).measure(0, 0).h(0).conditioned(kg.Circuit(1).x(0), [0], [1]), 1.0),
    "a reset": (kg.Circuit(2).rx(A, 0).cx(0, 1).reset(0), 1.0),
    "two controls": (kg.Circuit(4).x(2).x(3).controlled(TURN, [2, 3], [1]), 1.0),
}


@pytest.mark.parametrize(("circuit", "factor"), OTHERS.values(), ids=OTHERS)
def test_circuits_with_more_than_rotations(autodiff_backend, circuit, factor):
    function = kg.function(circuit, kg.expval(kg.Z(1)), gradient=AUXILIARY, shots=SHOTS, seed=SEED)
    found = kg.grad(function, fallback="error")(autodiff_backend.asarray(POINT))
    # What a shot finds is ±1, and the squared factors of a rotation's words sum to 1 at most.
    near(autodiff_backend, found, [-factor * math.sin(POINT[0]), 0.0], 1.0 / SHOTS)


def test_from_an_initial_state(autodiff_backend):
    function = kg.function(kg.Circuit(1).ry(A, 0), kg.expval(kg.Z(0)), gradient=AUXILIARY, shots=SHOTS, seed=SEED)
    start = np.array([0.0, 1.0])  # ⟨Z⟩ = −cos w0
    found = kg.grad(lambda w: function(w, initial_state=start), fallback="error")(autodiff_backend.asarray(POINT))
    near(autodiff_backend, found, [math.sin(POINT[0]), 0.0], 1.0 / SHOTS)


def test_at_a_quarter_turn_each_shot_finds_the_same(autodiff_backend):
    # There ψ = (|0⟩ + |1⟩)/√2 and −iYψ = (−|0⟩ + |1⟩)/√2, so that X ⊗ Z is −1 without noise, compiled or not.
    function = kg.function(kg.Circuit(1).ry(A, 0), kg.expval(kg.Z(0)), gradient=AUXILIARY, shots=3, seed=SEED)
    for each in (function, kg.jit(function)):
        found = kg.grad(each, fallback="error")(autodiff_backend.asarray([math.pi / 2, 0.0]))
        expect.close(autodiff_backend, found, [-1.0, 0.0])


def test_single_precision_stays_single(autodiff_backend):
    with kg.use_precision("single"):
        function = kg.function(kg.Circuit(1).ry(A, 0), kg.expval(kg.Z(0)), gradient=AUXILIARY, shots=3, seed=SEED)
        found = kg.grad(function, fallback="error")(autodiff_backend.asarray([math.pi / 2, 0.0], dtype="float32"))
        expect.close(autodiff_backend, found, [-1.0, 0.0], dtype="float32")


def test_the_transform_takes_shots(autodiff_backend):
    function = kg.function(kg.Circuit(1).ry(A, 0), kg.expval(kg.Z(0)), shots=3, seed=SEED)
    found = kg.gradients.hadamard(function, auxiliary=True)(autodiff_backend.asarray([math.pi / 2, 0.0]))
    expect.close(autodiff_backend, found, [-1.0, 0.0])


def test_it_differentiates_once_and_says_so(autodiff_backend):
    function = kg.function(CIRCUIT, kg.expval(kg.Z(0)), gradient=AUXILIARY, shots=3, seed=SEED)
    with pytest.raises(kg.GradientError, match="differentiates once; give gradient="):
        kg.hessian(function, fallback="error")(autodiff_backend.asarray(POINT))


BESIDE = [kg.expval(kg.Z(0)), kg.counts(bits=[0])]


@pytest.mark.parametrize(
    ("measurements", "options"),
    [([kg.probs(bits=[0])], {}), ([kg.probs(bits=[0])], {"shots": 10}), (BESIDE, {"shots": 10})],
    ids=["exact", "shots", "beside a mean"],
)
def test_classical_bits_are_refused_when_they_are_asked_for(autodiff_backend, measurements, options):
    measured = kg.Circuit(2).rx(A, 0).measure(0).cx(0, 1)
    function = kg.function(measured, *measurements, gradient=AUXILIARY, **options)
    with pytest.raises(kg.UnsupportedError, match=r'classical bits are not seen by .* give gradient="hadamard"'):
        function(autodiff_backend.asarray(POINT))


def test_a_variance_takes_two_shots():
    function = kg.function(CIRCUIT, kg.var(kg.Z(0)), gradient=AUXILIARY, shots=1, seed=SEED)
    with pytest.raises(kg.InvalidValueError, match="a variance takes at least 2 shots"):
        kg.grad(function, fallback="error")(POINT)

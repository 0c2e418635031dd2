"""Fidelities with pure and mixed targets, against closed forms and a plain (tr √(√σ ρ √σ))², and their derivatives.

Of two qubits with Bloch vectors r and s the fidelity is ½ (1 + r·s + √((1 − r²)(1 − s²))).
"""

import math
from itertools import permutations

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, apply_kraus, pure, reduced
from dense_reference import PAULIS, gradient, play, run

TOLERANCE = 1e-12
RANDOM = np.random.default_rng(31)
PROGRAM = [
    ("u", (0.7, 0.4, -0.9), (0,)), ("ry", (1.1,), (1,)), ("u", (0.5, -1.3, 0.2), (2,)),
    ("cx", (), (0, 2)), ("crx", (0.9,), (2, 1)), ("rzz", (0.6,), (0, 1)), ("ry", (-0.4,), (0,)),
]  # fmt: skip
STATE = run(PROGRAM, 3)
NOISE = [("amplitude_damping", (0.3,), (0,)), ("depolarizing", (0.2,), (1,)), ("depolarizing2", (0.1,), (2, 0))]


def circuit():
    return play(kg.Circuit(3), PROGRAM)


def with_noise(given):
    for name, values, qubits in NOISE:
        given.channel(name, values, qubits)
    return given


def noisy_matrix():
    rho = pure(STATE)
    for name, values, qubits in NOISE:
        rho = apply_kraus(rho, CHANNELS[name].kraus(*values), qubits)
    return rho


def vector(size, seed=3):
    generator = np.random.default_rng(seed)
    result = generator.normal(size=size) + 1j * generator.normal(size=size)
    return result / np.linalg.norm(result)


def mixed(size, rank=None, seed=3):
    """Return a random density matrix of a rank."""
    generator = np.random.default_rng(seed)
    shape = size, rank or size
    root = generator.normal(size=shape) + 1j * generator.normal(size=shape)
    return root @ root.conj().T / np.trace(root @ root.conj().T).real


def root_of(matrix):
    """Return √ρ, in which eigenvalues that are zero but for rounding, 1e-16 with a root of 1e-8, are zero."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.where(values > 1e-14, values, 0))) @ vectors.conj().T


def fidelity(rho, sigma):
    """Return (tr √(√σ ρ √σ))², the squared sum of the singular values of √ρ √σ."""
    return np.linalg.svd(root_of(rho) @ root_of(sigma), compute_uv=False).sum() ** 2


def bloch(point):
    return 0.5 * (np.eye(2) + sum(x * np.array(PAULIS[letter]) for x, letter in zip(point, "XYZ", strict=True)))


def closed_form(r, s):
    return 0.5 * (1 + np.dot(r, s) + math.sqrt((1 - np.dot(r, r)) * (1 - np.dot(s, s))))


def near(backend, found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


# Pure targets


@pytest.mark.parametrize("kind", ["list", "NumPy", "native"])
def test_the_fidelity_with_a_vector_is_the_squared_overlap(backend, kind):
    target = vector(8)
    given = {"list": target.tolist(), "NumPy": target, "native": backend.asarray(target)}[kind]
    near(backend, circuit().fidelity(given), abs(np.vdot(target, STATE)) ** 2)


def test_a_phase_of_the_target_does_not_count(backend):
    near(backend, circuit().fidelity(np.exp(0.7j) * STATE), 1)


@pytest.mark.parametrize("qubits", [q for k in (1, 2) for q in permutations(range(3), k)], ids=str)
def test_some_qubits_in_any_order_have_their_fidelity_with_a_vector(backend, qubits):
    target = vector(2 ** len(qubits))
    rho = reduced(pure(STATE), qubits)
    near(backend, circuit().fidelity(target, qubits), (target.conj() @ rho @ target).real)


@pytest.mark.parametrize("qubits", [[0, 1, 2], [2, 0, 1], [1, 0], [2]], ids=str)
def test_noisy_qubits_have_their_fidelity_with_a_vector(backend, qubits):
    target, rho = vector(2 ** len(qubits)), reduced(noisy_matrix(), qubits)
    near(backend, with_noise(circuit()).fidelity(target, qubits), (target.conj() @ rho @ target).real)


# Mixed targets


@pytest.mark.parametrize("rank", [1, 2, 4])
@pytest.mark.parametrize("qubits", [[0, 1], [2, 0], [1, 2]], ids=str)
def test_noisy_qubits_have_their_fidelity_with_a_density_matrix_of_any_rank(backend, qubits, rank):
    target = mixed(4, rank)
    found = with_noise(circuit()).fidelity(target, qubits)
    near(backend, found, fidelity(reduced(noisy_matrix(), qubits), target), 1e-10)


@pytest.mark.parametrize("qubits", [[0, 1, 2], [2, 0, 1], [1, 0, 2]], ids=str)
def test_a_pure_state_has_its_fidelity_with_a_density_matrix(backend, qubits):
    # Of a pure state it is ⟨ψ|σ|ψ⟩.
    target, order = mixed(8), list(qubits)
    state = STATE.reshape(2, 2, 2).transpose(order).reshape(8)
    near(backend, circuit().fidelity(target, order), (state.conj() @ target @ state).real, 1e-10)


def test_a_vector_and_its_projector_are_one_target(backend):
    target = vector(4)
    found = with_noise(circuit()).fidelity(pure(target), [2, 1])
    near(backend, found, (target.conj() @ reduced(noisy_matrix(), [2, 1]) @ target).real, 1e-10)


def test_the_fidelity_does_not_depend_on_which_is_the_target(backend):
    rho, sigma = reduced(noisy_matrix(), [0]), reduced(noisy_matrix(), [2])
    near(backend, with_noise(circuit()).fidelity(rho, [2]), fidelity(rho, sigma), 1e-11)
    near(backend, with_noise(circuit()).fidelity(sigma, [0]), fidelity(rho, sigma), 1e-11)


S = np.array([0.3, -0.4, 0.5])


def shrunk(theta, p):
    """Return the Bloch vector of |0⟩ after ry(θ) and depolarizing with p."""
    return (1 - 4 * p / 3) * np.array([math.sin(theta), 0, math.cos(theta)])


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.75])
@pytest.mark.parametrize("s", [S, np.array([0.6, 0.0, 0.8]), np.zeros(3)], ids=["mixed", "pure", "fully mixed"])
def test_one_qubit_has_the_fidelity_of_its_bloch_vectors(backend, p, s):
    found = kg.Circuit(1).ry(0.7, 0).depolarizing(p, 0).fidelity(bloch(s))
    near(backend, found, closed_form(shrunk(0.7, p), s), 1e-7 if p == 0 else 1e-11)


def test_value_and_gradient_of_one_qubit_follow_its_bloch_vectors(autodiff_backend):
    def energy(theta, p):
        return kg.Circuit(1).ry(theta, 0).depolarizing(p, 0).fidelity(bloch(S))

    arguments = [autodiff_backend.asarray(value) for value in (0.7, 0.3)]
    value, gradients = kg.value_and_grad(energy, argnums=(0, 1), fallback="error")(*arguments)
    near(autodiff_backend, value, closed_form(shrunk(0.7, 0.3), S), 1e-11)
    radius, direction = 1 - 0.4, shrunk(0.7, 0.0)
    by_angle = 0.5 * radius * (S[0] * math.cos(0.7) - S[2] * math.sin(0.7))
    by_radius = 0.5 * (direction @ S - radius / math.sqrt(1 - radius**2) * math.sqrt(1 - S @ S))
    near(autodiff_backend, gradients[0], by_angle, 1e-10)
    near(autodiff_backend, gradients[1], -4 / 3 * by_radius, 1e-10)


def test_the_gradient_with_a_mixed_target_is_that_of_the_dense_fidelity(autodiff_backend):
    target, angles = mixed(4), [0.4, -0.8]

    def turned(values):
        rho = pure(run([("ry", (values[0],), (0,)), ("rx", (values[1],), (1,)), ("cx", (), (0, 1))], 2))
        return apply_kraus(apply_kraus(rho, CHANNELS["depolarizing"].kraus(0.3), [0]), CHANNELS["bit_flip"].kraus(0.2),
                           [1])  # fmt: skip

    def energy(values):
        result = kg.Circuit(2).ry(values[0], 0).rx(values[1], 1).cx(0, 1).depolarizing(0.3, 0).bit_flip(0.2, 1)
        return result.fidelity(target)

    value, found = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(angles))
    near(autodiff_backend, value, fidelity(turned(angles), target), 1e-10)
    near(autodiff_backend, found, gradient(lambda values: fidelity(turned(values), target), angles), 1e-8)


# Identical and orthogonal states


@pytest.mark.parametrize("target", ["vector", "matrix"])
def test_a_pure_state_and_itself_have_fidelity_1_and_gradient_0(autodiff_backend, target):
    state = np.array([math.cos(0.35), math.sin(0.35)])
    given = state if target == "vector" else pure(state)

    def energy(theta):
        return kg.Circuit(1).ry(theta, 0).fidelity(given)

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(0.7))
    near(autodiff_backend, value, 1)
    near(autodiff_backend, slope, 0, 1e-9)


def test_a_mixed_state_and_itself_have_fidelity_1_and_gradient_0(autodiff_backend):
    def energy(theta):
        return kg.Circuit(1).ry(theta, 0).depolarizing(0.3, 0).fidelity(bloch(shrunk(0.7, 0.3)))

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(0.7))
    near(autodiff_backend, value, 1)
    near(autodiff_backend, slope, 0, 1e-9)


def test_two_fully_mixed_qubits_have_fidelity_1_and_gradient_0(autodiff_backend):
    def energy(theta):
        return kg.Circuit(3).ry(theta, 0).depolarizing(0.75, 0).depolarizing(0.75, 1).fidelity(np.eye(4) / 4, [0, 1])

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(0.7))
    near(autodiff_backend, value, 1)
    near(autodiff_backend, slope, 0, 1e-9)


def test_three_noisy_qubits_and_themselves_have_fidelity_1_and_gradient_0(autodiff_backend):
    rho = noisy_matrix()

    def energy(theta):
        return with_noise(play(kg.Circuit(3).u(theta, 0.4, -0.9, 0), PROGRAM[1:])).fidelity(rho)

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(0.7))
    near(autodiff_backend, value, 1, 1e-11)
    near(autodiff_backend, slope, 0, 1e-8)


@pytest.mark.parametrize("target", ["vector", "matrix"])
def test_orthogonal_states_have_fidelity_0_and_gradient_0(autodiff_backend, target):
    state = np.array([-math.sin(0.35), math.cos(0.35)])
    given = state if target == "vector" else pure(state)

    def energy(theta):
        return kg.Circuit(1).ry(theta, 0).fidelity(given)

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(0.7))
    near(autodiff_backend, value, 0)
    near(autodiff_backend, slope, 0, 1e-9)


def test_the_gradient_with_a_pure_target_given_as_a_matrix_is_that_of_the_overlap(autodiff_backend):
    # cos²((θ − φ) / 2)
    target = pure(np.array([math.cos(0.1), math.sin(0.1)]))

    def energy(theta):
        return kg.Circuit(1).ry(theta, 0).fidelity(target)

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(0.9))
    near(autodiff_backend, value, math.cos(0.35) ** 2)
    near(autodiff_backend, slope, -0.5 * math.sin(0.7), 1e-9)


# Derivatives by the target


def test_value_and_gradient_by_a_native_vector(autodiff_backend):
    # The gradient of ⟨φ|ρ|φ⟩ by x and y of φ = x + iy is 2ρφ.
    target, rho = vector(4), reduced(pure(STATE), [2, 0])

    def energy(given):
        return circuit().fidelity(given, [2, 0])

    value, found = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(target))
    near(autodiff_backend, value, (target.conj() @ rho @ target).real)
    near(autodiff_backend, found, 2 * rho @ target)


def blend(backend, x, first, second):
    """Return (1 − x) σ₁ + x σ₂ as a native array."""
    weight = backend.astype(x, "complex128")
    parts = [backend.asarray(part, dtype="complex128") for part in (first, second)]
    return (1.0 - weight) * parts[0] + weight * parts[1]


def test_the_derivative_by_a_mixed_target_is_refused_and_never_wrong(autodiff_backend):
    # Where its eigenvalues coincide, differentiating its eigenvectors gives no number, or a wrong one.
    def energy(x):
        return with_noise(circuit()).fidelity(blend(autodiff_backend, x, np.eye(4) / 4, mixed(4, seed=2)), [2, 0])

    with pytest.raises(kg.GradientError, match="no derivative by that matrix here; give a state vector, or exchange"):
        kg.value_and_grad(energy)(autodiff_backend.asarray(0.3))


# Batches


def test_a_batch_of_states_has_a_batch_of_fidelities(backend):
    theta = kg.parameters("theta")
    points, s = np.array([0.1, 0.7, 2.5]), np.array([0.3, 0.0, 0.5])
    pure_target = kg.function(kg.Circuit(1).ry(theta, 0), kg.fidelity([1, 0]))
    near(backend, pure_target(backend.asarray(points)), np.cos(points / 2) ** 2)
    mixed_target = kg.function(kg.Circuit(1).ry(theta, 0).depolarizing(0.3, 0), kg.fidelity(bloch(s)))
    expected = [closed_form(shrunk(point, 0.3), s) for point in points]
    near(backend, mixed_target(backend.asarray(points)), expected, 1e-11)


def test_the_fidelity_under_vmap_and_jit_is_the_same(autodiff_backend):
    def energy(theta):
        return kg.Circuit(1).ry(theta, 0).depolarizing(0.3, 0).fidelity(bloch(S))

    points = np.array([0.1, 0.7, 2.5])
    expected = [closed_form(shrunk(point, 0.3), S) for point in points]
    near(autodiff_backend, kg.vmap(energy)(autodiff_backend.asarray(points)), expected, 1e-11)
    near(autodiff_backend, kg.jit(energy)(autodiff_backend.asarray(points[1])), expected[1], 1e-11)


def test_single_precision_is_kept(backend):
    with kg.use_precision("single"):
        for target in (vector(8), mixed(8)):
            found = circuit().fidelity(target)
            assert backend.dtype(found) == "float32"
            expected = fidelity(pure(STATE), target if target.ndim == 2 else pure(target))
            near(backend, found, expected, 1e-5)


def test_a_measured_qubit_has_the_fidelity_of_its_outcomes(backend):
    # Measured, (|0⟩ + |1⟩)/√2 is fully mixed.
    near(backend, kg.Circuit(1).h(0).measure(0).fidelity([math.sqrt(0.5), math.sqrt(0.5)]), 0.5)


def test_a_mixed_target_of_8_qubits_has_its_fidelity_with_a_pure_state():
    found = kg.Circuit(8).h(0).fidelity(np.eye(256) / 256)
    assert abs(found - 1 / 256) < 1e-10


# Misuse


NORM = "fidelity got a state vector of norm {}; give one of norm 1"
MATRIX = (
    "fidelity got a matrix of trace {} with the eigenvalue {}; give a density matrix, of trace 1 and without negative "
    "eigenvalues"
)
REFUSED = {
    "a matrix of trace 2": (np.eye(2), [0], MATRIX.format("2", "1")),
    "zeros": ([0, 0], [0], NORM.format("0")),
    "NaN": ([float("nan"), 1], [0], NORM.format("nan")),
    "a vector too short": (
        [1, 0], [0, 1],
        "fidelity on 2 qubits takes a state vector of shape (4,) or a density matrix of shape (4, 4), got (2,)",
    ),
    "a column": (
        [[1], [0]], [0],
        "fidelity on 1 qubits takes a state vector of shape (2,) or a density matrix of shape (2, 2), got (2, 1)",
    ),
    "a qubit twice": ([1, 0, 0, 0], [1, 1], "fidelity got the qubits (1, 1), but each may come only once"),
    "a qubit that is not there": ([1, 0], [2], "fidelity got qubit 2, but the circuit has qubits 0 to 1"),
    "no Hermitian matrix": (
        [[0.5, 0.5], [0, 0.5]], [0],
        "the matrix is not Hermitian: A − A† is as large as 0.5; give one for which it is below 1e-06",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_its_sentence(case):
    target, qubits, sentence = REFUSED[case]
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(2).h(0).fidelity(target, qubits)
    assert str(caught.value) == sentence


def test_a_vector_of_norm_square_root_of_2_is_not_said_to_have_the_norm_2():
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(1).fidelity([1, 1])
    assert str(caught.value) == NORM.format("1.41421")


@pytest.mark.parametrize("target", [np.diag([1.5, -0.5]), [[0.5, 0.9], [0.9, 0.5]]], ids=["diagonal", "coherent"])
def test_a_matrix_with_a_negative_eigenvalue_is_refused(target):
    with pytest.raises(kg.InvalidValueError):
        kg.Circuit(1).h(0).fidelity(target)


@pytest.mark.parametrize("target", ["0", None, kg.Circuit(1), kg.Z(0), {}], ids=["text", "None", "circuit", "Z", "{}"])
def test_what_is_no_array_is_refused_by_an_error_of_ketgrad(target):
    with pytest.raises(kg.KetgradError):
        kg.Circuit(1).fidelity(target)


def test_a_native_target_that_is_no_state_is_refused(backend):
    with pytest.raises(kg.InvalidValueError, match=r"fidelity got a state vector of norm 1\.41421"):
        kg.Circuit(1).fidelity(backend.asarray([1.0, 1.0]))


def test_a_fidelity_is_not_estimated_from_shots():
    function = kg.function(kg.Circuit(1), kg.fidelity([1, 0]), shots=10, seed=1)
    with pytest.raises(kg.UnsupportedError, match="fidelity is not estimated from shots; leave shots out"):
        function()

"""Noise: every channel against its Kraus operators, what is measured after it, and derivatives by its parameters."""

import math
from itertools import permutations

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, DECAY_WITH_FLIP, apply_kraus, conjugate, controlled_on, pure, reduced
from dense_reference import PREPARATION, gate_matrix, pauli_matrix, places, play, run

THREE = [entry for entry in PREPARATION if max(entry[2]) < 3]
START = pure(run(THREE, 3))
TERMS = {"X0": 0.7, "Y0 Z2": -0.4, "Z0 X2": 0.9, "Y2": 0.3, "Z2": 0.55, "X0 Y1": -0.25, "Y0 Y1 Y2": 0.6, "": 0.2}
TOLERANCE = 1e-12


def prepared():
    return play(kg.Circuit(3), THREE)


def with_noise(circuit, name, values, qubits):
    """Append a channel by its method, as a person would."""
    method = "depolarizing" if name == "depolarizing2" else name
    if name == "thermal_relaxation":
        return circuit.thermal_relaxation(*values[:3], *qubits, excited=values[3])
    return getattr(circuit, method)(*values, *qubits)


def some(backend, cases):
    """Return all cases on the cheap backends, and the last on the others."""
    return cases if backend.name in ("numpy", "strict") else cases[-1:]


def check_is_a_state(rho):
    np.testing.assert_allclose(np.trace(rho), 1, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(rho, rho.conj().T, rtol=0, atol=TOLERANCE)
    assert np.linalg.eigvalsh(rho).min() > -TOLERANCE


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_on_every_qubit_does_what_its_kraus_operators_do(backend, name):
    noise = CHANNELS[name]
    for qubits in some(backend, [(0,), (1,), (2,)] if noise.qubits == 1 else places(2, 3)):
        found = backend.to_numpy(with_noise(prepared(), name, noise.values, qubits).density_matrix())
        expected = apply_kraus(START, noise.kraus(*noise.values), qubits)
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=str(qubits))
        check_is_a_state(found)


def test_kraus_operators_on_every_ordered_pair_of_qubits_do_what_they_say(backend):
    for qubits in some(backend, places(2, 3)):
        found = backend.to_numpy(prepared().kraus(DECAY_WITH_FLIP, qubits).density_matrix())
        expected = apply_kraus(START, DECAY_WITH_FLIP, qubits)
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=str(qubits))
        check_is_a_state(found)


def test_native_kraus_operators_do_what_numpy_ones_do(backend):
    native = [backend.asarray(matrix) for matrix in DECAY_WITH_FLIP]
    found = backend.to_numpy(prepared().kraus(native, [2, 0]).density_matrix())
    np.testing.assert_allclose(found, apply_kraus(START, DECAY_WITH_FLIP, (2, 0)), rtol=0, atol=TOLERANCE)


IDENTITIES = {
    "bit_flip": (0.0,),
    "phase_flip": (0.0,),
    "depolarizing": (0.0,),
    "depolarizing2": (0.0,),
    "amplitude_damping": (0.0,),
    "phase_damping": (0.0,),
    "thermal_relaxation": (50.0, 70.0, 0.0, 0.2),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_a_channel_of_probability_zero_changes_nothing(name):
    qubits = (2, 0)[: CHANNELS[name].qubits]
    found = with_noise(prepared(), name, IDENTITIES[name], qubits).density_matrix()
    np.testing.assert_allclose(found, START, rtol=0, atol=TOLERANCE)


FULL = {
    "bit_flip": (1.0,),
    "phase_flip": (1.0,),
    "depolarizing": (1.0,),
    "depolarizing2": (1.0,),
    "amplitude_damping": (1.0,),
    "phase_damping": (1.0,),
    "thermal_relaxation": (1.0, 2.0, 3.0, 1.0),
}


@pytest.mark.parametrize("name", FULL)
def test_a_channel_at_the_end_of_its_range_does_what_its_kraus_operators_do(name):
    qubits = (1, 2)[: CHANNELS[name].qubits]
    found = with_noise(prepared(), name, FULL[name], qubits).density_matrix()
    expected = apply_kraus(START, CHANNELS[name].kraus(*FULL[name]), qubits)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_thermal_relaxation_ends_in_the_excited_population(backend):
    circuit = kg.Circuit(1).h(0).thermal_relaxation(1.0, 1.5, 200.0, 0, excited=0.3)
    np.testing.assert_allclose(backend.to_numpy(circuit.density_matrix()), np.diag([0.7, 0.3]), rtol=0, atol=TOLERANCE)


def test_reset_of_half_of_a_bell_pair_leaves_the_other_half_mixed(backend):
    found = backend.to_numpy(kg.Circuit(2).h(0).cx(0, 1).reset(0).density_matrix())
    np.testing.assert_allclose(found, np.diag([0.5, 0.5, 0, 0]), rtol=0, atol=TOLERANCE)


def noisy():
    """Return a circuit with gates before, between and after channels, one of them controlled on 0 and 1."""
    circuit = prepared().depolarizing(0.1, 2, 0).rxx(0.7, 0, 2).amplitude_damping(0.2, 1)
    return circuit.controlled(kg.Circuit(1).ry(0.9, 0), [2, 0], [1], on="01").kraus(DECAY_WITH_FLIP, [1, 2])


def noisy_reference():
    rho = apply_kraus(START, CHANNELS["depolarizing2"].kraus(0.1), (2, 0))
    rho = conjugate(rho, gate_matrix("rxx", (0.7,)), (0, 2))
    rho = apply_kraus(rho, CHANNELS["amplitude_damping"].kraus(0.2), (1,))
    rho = conjugate(rho, controlled_on(gate_matrix("ry", (0.9,)), "01"), (2, 0, 1))
    return apply_kraus(rho, DECAY_WITH_FLIP, (1, 2))


def test_gates_and_channels_act_in_the_order_in_which_they_were_appended(backend):
    found = backend.to_numpy(noisy().density_matrix())
    np.testing.assert_allclose(found, noisy_reference(), rtol=0, atol=TOLERANCE)
    check_is_a_state(found)


def test_an_expectation_value_and_a_variance_see_the_noise_once(backend):
    rho, operator = noisy_reference(), pauli_matrix(TERMS, 3)
    mean = np.trace(rho @ operator).real
    spread = np.trace(rho @ operator @ operator).real - mean**2
    observable = kg.PauliSum({word or "I": value for word, value in TERMS.items()})
    np.testing.assert_allclose(backend.to_numpy(noisy().expectation(observable)), mean, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(backend.to_numpy(noisy().variance(observable)), spread, rtol=0, atol=TOLERANCE)


def test_marginals_of_every_permuted_subset_see_the_noise_once(backend):
    rho, circuit = noisy_reference(), noisy()
    subsets = [qubits for size in (1, 2, 3) for qubits in permutations(range(3), size)]
    for qubits in some(backend, subsets):
        found = backend.to_numpy(circuit.probabilities(qubits))
        np.testing.assert_allclose(found, np.diag(reduced(rho, qubits)).real, rtol=0, atol=TOLERANCE)


def test_reduced_density_matrices_of_every_permuted_subset_see_the_noise_once(backend):
    rho, circuit = noisy_reference(), noisy()
    subsets = [qubits for size in (1, 2, 3) for qubits in permutations(range(3), size)]
    for qubits in some(backend, subsets):
        found = backend.to_numpy(circuit.density_matrix(qubits))
        np.testing.assert_allclose(found, reduced(rho, qubits), rtol=0, atol=TOLERANCE, err_msg=str(qubits))


def test_counts_see_the_noise_once():
    # 20 000 shots of a coin of 0.3: five standard deviations are 324. Noise twice would give 0.42.
    counts = kg.Circuit(2).bit_flip(0.3, 1).counts(20_000, seed=11)
    assert counts.shots == 20_000
    assert abs(counts["01"] - 6000) < 324
    assert set(counts) == {"00", "01"}


def test_two_bit_flips_are_one_of_the_combined_probability(backend):
    # p(1 − q) + q(1 − p)
    found = backend.to_numpy(kg.Circuit(1).bit_flip(0.3, 0).bit_flip(0.2, 0).probabilities())
    np.testing.assert_allclose(found, [0.62, 0.38], rtol=0, atol=TOLERANCE)


def test_single_precision_gives_a_single_density_matrix(backend):
    with kg.use_precision("single"):
        found = kg.Circuit(1).x(0).amplitude_damping(backend.asarray(0.3, dtype="float64"), 0).density_matrix()
    assert backend.dtype(found) == "complex64"
    np.testing.assert_allclose(backend.to_numpy(found), np.diag([0.3, 0.7]), rtol=0, atol=1e-6)


ANGLE = 0.8
COS, SIN = math.cos(ANGLE), math.sin(ANGLE)
# Name, observable, place of the parameter, the parameters, value and derivative of ⟨A⟩ after ry(θ) on qubit 0.
DERIVATIVES = {
    "bit_flip": ("bit_flip", "Z0", 0, (0.2,), 0.6 * COS, -2 * COS),
    "phase_flip": ("phase_flip", "X0", 0, (0.2,), 0.6 * SIN, -2 * SIN),
    "depolarizing": ("depolarizing", "Z0", 0, (0.3,), 0.6 * COS, -4 / 3 * COS),
    # 8 of the 15 errors anticommute with Z on the first qubit.
    "depolarizing of two": ("depolarizing2", "Z0", 0, (0.3,), (1 - 0.32) * COS, -16 / 15 * COS),
    "amplitude_damping, populations": ("amplitude_damping", "Z0", 0, (0.36,), 1 - 0.64 * (1 - COS), 1 - COS),
    "amplitude_damping, coherence": ("amplitude_damping", "X0", 0, (0.36,), 0.8 * SIN, -SIN / 1.6),
    "phase_damping": ("phase_damping", "X0", 0, (0.36,), 0.8 * SIN, -SIN / 1.6),
    "thermal_relaxation by t1": (
        "thermal_relaxation", "Z0", 0, (2.0, 3.0, 1.0, 0.1),
        1 - 2 * (0.1 + ((1 - COS) / 2 - 0.1) * math.exp(-0.5)),
        -2 * ((1 - COS) / 2 - 0.1) * math.exp(-0.5) / 4,
    ),
    "thermal_relaxation by t2": (
        "thermal_relaxation", "X0", 1, (2.0, 3.0, 1.0, 0.1), SIN * math.exp(-1 / 3), SIN * math.exp(-1 / 3) / 9,
    ),
    "thermal_relaxation by time": (
        "thermal_relaxation", "X0", 2, (2.0, 3.0, 1.0, 0.1), SIN * math.exp(-1 / 3), -SIN * math.exp(-1 / 3) / 3,
    ),
    "thermal_relaxation by the excited population": (
        "thermal_relaxation", "Z0", 3, (2.0, 3.0, 1.0, 0.1),
        1 - 2 * (0.1 + ((1 - COS) / 2 - 0.1) * math.exp(-0.5)),
        -2 * (1 - math.exp(-0.5)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DERIVATIVES)
def test_the_derivative_by_a_parameter_of_a_channel_is_the_closed_form(autodiff_backend, case):
    name, word, place, values, value, derivative = DERIVATIVES[case]

    def mean(parameter):
        given = [parameter if index == place else number for index, number in enumerate(values)]
        circuit = kg.Circuit(2).ry(ANGLE, 0)
        with_noise(circuit, name, given, (0, 1)[: CHANNELS[name].qubits])
        return circuit.expectation(kg.PauliSum({word: 1.0}))

    point = autodiff_backend.asarray(values[place])
    found, gradient = kg.value_and_grad(mean, fallback="error")(point)
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), value, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), derivative, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "word", "value", "derivative"),
    [("amplitude_damping", "Z0", 1.0, 1 - COS), ("phase_damping", "Z0", COS, 0.0)],
    ids=["amplitude_damping", "phase_damping"],
)
def test_a_population_has_its_derivative_where_all_coherence_is_lost(autodiff_backend, name, word, value, derivative):
    """At 1 the root √(1 − γ) of the coherence has an infinite slope, that must not reach the populations."""

    def mean(parameter):
        return getattr(kg.Circuit(1).ry(ANGLE, 0), name)(parameter, 0).expectation(kg.PauliSum({word: 1.0}))

    found, gradient = kg.value_and_grad(mean, fallback="error")(autodiff_backend.asarray(1.0))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), value, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), derivative, rtol=0, atol=1e-11)


def test_the_derivative_by_an_angle_before_the_noise_is_the_closed_form(autodiff_backend):
    def mean(theta):
        return kg.Circuit(2).ry(theta, 1).depolarizing(0.3, 1).cx(1, 0).expectation(kg.Z(0))

    # (1 − 4p/3) cos θ
    value, gradient = kg.value_and_grad(mean, fallback="error")(autodiff_backend.asarray(ANGLE))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), 0.6 * COS, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), -0.6 * SIN, rtol=0, atol=TOLERANCE)


def test_the_derivative_through_native_kraus_operators_is_the_closed_form(autodiff_backend):
    backend = autodiff_backend

    def mean(angle):
        keep = backend.cos(angle) * backend.asarray(np.eye(2))
        flip = backend.sin(angle) * backend.asarray(np.array([[0.0, 1.0], [1.0, 0.0]]))
        return kg.Circuit(1).ry(ANGLE, 0).kraus([keep, flip], [0]).expectation(kg.Z(0))

    # cos θ · (cos² − sin²)(a) = cos θ cos 2a
    value, gradient = kg.value_and_grad(mean, fallback="error")(backend.asarray(0.4))
    np.testing.assert_allclose(backend.to_numpy(value), COS * math.cos(0.8), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(backend.to_numpy(gradient), -2 * COS * math.sin(0.8), rtol=0, atol=1e-11)


def test_a_batch_of_channel_parameters_gives_a_batch_of_results_and_gradients(autodiff_backend):
    backend = autodiff_backend
    p, theta = kg.parameters("p"), kg.parameters("theta")
    mean = kg.function(kg.Circuit(1).ry(theta, 0).amplitude_damping(p / 2, 0), kg.expval(kg.Z(0)))
    rates = np.array([0.0, 0.1, 0.4, 0.9])
    # 1 − (1 − p/2)(1 − cos θ)
    expected = 1 - (1 - rates / 2) * (1 - COS)
    slope = np.full(4, (1 - COS) / 2)

    def total(values):
        found = mean(p=values, theta=ANGLE)
        return backend.sum(found), found

    evaluate = kg.value_and_grad(total, has_aux=True, fallback="error")
    (_, found), gradient = evaluate(backend.asarray(rates))
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(backend.to_numpy(gradient), slope, rtol=0, atol=1e-11)


def test_a_batch_goes_through_a_channel_without_parameters(backend):
    theta = kg.parameters("theta")
    function = kg.function(kg.Circuit(2).ry(theta, 0).cx(0, 1).reset(0), kg.probs([1, 0]), kg.purity([1]))
    angles = np.array([[0.3, 1.1], [2.0, -0.4]])
    found, mixed = function(backend.asarray(angles))
    one = np.sin(angles / 2) ** 2
    expected = np.stack([1 - one, 0 * one, one, 0 * one], axis=-1)
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(backend.to_numpy(mixed), one**2 + (1 - one) ** 2, rtol=0, atol=TOLERANCE)


def test_noise_under_jit_is_the_same(autodiff_backend):
    p = kg.parameters("p")
    mean = kg.function(kg.Circuit(1).ry(ANGLE, 0).depolarizing(p, 0), kg.expval(kg.Z(0)))
    found = kg.jit(lambda value: mean(value))(autodiff_backend.asarray(0.3))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), 0.6 * COS, rtol=0, atol=TOLERANCE)

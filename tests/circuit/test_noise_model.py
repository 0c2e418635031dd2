"""Noise models: where the channels come, as literal circuits, and that every result sees them once."""

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, apply_kraus, conjugate, controlled_on, pure, reduced
from dense_reference import expectation, gate_matrix, gradient, pauli_matrix, probabilities, run

TOLERANCE = 1e-12
KEEP, FLIP = [[0.6, 0], [0, 0.6]], [[0, 0.8], [0.8, 0]]
PROGRAM = [("ry", (0.8,), (0,)), ("cx", (), (0, 1)), ("ry", (1.3,), (1,))]


def bell():
    return kg.Circuit(2).h(0).cx(0, 1)


def program():
    return kg.Circuit(2).ry(0.8, 0).cx(0, 1).ry(1.3, 1)


def noisy(p, gamma):
    """Return the density matrix of the program with a flip after ry and damping of both qubits after cx."""
    rho = pure(np.eye(1, 4, dtype=complex)[0])
    for name, angles, qubits in PROGRAM:
        rho = conjugate(rho, np.array(gate_matrix(name, angles), complex), qubits)
        channel = ("bit_flip", p) if name == "ry" else ("amplitude_damping", gamma)
        for qubit in qubits:
            rho = apply_kraus(rho, CHANNELS[channel[0]].kraus(channel[1]), [qubit])
    return rho


def model(p=0.1, gamma=0.2):
    return kg.NoiseModel().after("ry", "bit_flip", p).after("cx", "amplitude_damping", gamma)


def close(backend, found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


# Where the channels come

PLACES = {
    "one gate": (
        kg.NoiseModel().after("h", "bit_flip", 0.1),
        bell(),
        "h 0; bit_flip(0.1) 0; cx 0 1",
    ),
    "every gate, on each of its qubits": (
        kg.NoiseModel().after(None, "phase_flip", 0.1),
        bell(),
        "h 0; phase_flip(0.1) 0; cx 0 1; phase_flip(0.1) 0; phase_flip(0.1) 1",
    ),
    "several gates": (
        kg.NoiseModel().after(["x", "cx"], "bit_flip", 0.1),
        kg.Circuit(2).x(1).h(0).cx(1, 0),
        "x 1; bit_flip(0.1) 1; h 0; cx 1 0; bit_flip(0.1) 1; bit_flip(0.1) 0",
    ),
    "an alias": (
        kg.NoiseModel().after("cnot", "bit_flip", 0.1),
        bell(),
        "h 0; cx 0 1; bit_flip(0.1) 0; bit_flip(0.1) 1",
    ),
    "two qubits, in the gate's order": (
        kg.NoiseModel().after("cx", "depolarizing2", 0.1),
        kg.Circuit(3).cx(2, 0),
        "cx 2 0; depolarizing2(0.1) 2 0",
    ),
    "two qubits, after gates on two alone": (
        kg.NoiseModel().after(None, "depolarizing2", 0.1),
        kg.Circuit(3).h(0).swap(2, 1).ccx(0, 1, 2),
        "h 0; swap 2 1; depolarizing2(0.1) 2 1; ccx 0 1 2",
    ),
    "chosen qubits": (
        kg.NoiseModel().after(None, "bit_flip", 0.1, qubits=[0]),
        kg.Circuit(2).h(0).h(1).cx(0, 1),
        "h 0; bit_flip(0.1) 0; h 1; cx 0 1",
    ),
    "rules in the order in which they were given": (
        kg.NoiseModel().after(None, "phase_flip", 0.1).after("h", "bit_flip", 0.2).after("h", "reset"),
        kg.Circuit(1).h(0),
        "h 0; phase_flip(0.1) 0; bit_flip(0.2) 0; reset 0",
    ),
    "Kraus operators": (kg.NoiseModel().after("h", [KEEP, FLIP]), bell(), "h 0; kraus 0; cx 0 1"),
    "Kraus operators on two qubits": (
        kg.NoiseModel().after("cx", [np.kron(KEEP, np.eye(2)), np.kron(FLIP, np.eye(2))]),
        kg.Circuit(3).cx(2, 1),
        "cx 2 1; kraus 2 1",
    ),
    "rotations, matrices and Pauli words": (
        kg.NoiseModel().after(["pauli_rotation", "unitary"], "bit_flip", 0.1),
        kg.Circuit(2).pauli_rotation(0.3, "XY", [0, 1]).unitary(np.eye(2), [1]),
        "pauli_rotation(XY, 0.3) 0 1; bit_flip(0.1) 0; bit_flip(0.1) 1; unitary 1; bit_flip(0.1) 1",
    ),
    "reading comes first": (
        kg.NoiseModel().after("h", "bit_flip", 0.1).readout(0.03, 0.05),
        kg.Circuit(2).h(1),
        "readout_error(0.03, 0.05) 0; readout_error(0.03, 0.05) 1; h 1; bit_flip(0.1) 1",
    ),
    "reading of chosen qubits": (
        kg.NoiseModel().readout(0.03, 0.05, qubits=[1]),
        kg.Circuit(2).h(0),
        "readout_error(0.03, 0.05) 1; h 0",
    ),
    "no noise after noise, measurements and resets": (
        kg.NoiseModel().after(None, "bit_flip", 0.1),
        kg.Circuit(1).phase_flip(0.2, 0).measure(0, 0).reset(0),
        "phase_flip(0.2) 0; measure 0 -> c[0]; reset 0",
    ),
    "nothing in an empty circuit": (kg.NoiseModel().after(None, "bit_flip", 0.1), kg.Circuit(1), ""),
}


@pytest.mark.parametrize(("given", "circuit", "text"), PLACES.values(), ids=PLACES)
def test_the_noise_comes_where_the_rule_says(given, circuit, text):
    assert repr(given.apply(circuit)) == f"Circuit({circuit.num_qubits}): {text}"


@pytest.mark.parametrize(("given", "circuit", "text"), PLACES.values(), ids=PLACES)
def test_the_circuit_that_is_given_stays_as_it_was(given, circuit, text):
    before = repr(circuit)
    given.apply(circuit)
    assert repr(circuit) == before


def test_a_model_is_applied_many_times_without_change():
    given = model()
    assert repr(given.apply(program())) == repr(given.apply(program()))


def test_noise_on_a_noisy_circuit_comes_once_more_after_each_gate():
    given = kg.NoiseModel().after("h", "bit_flip", 0.1)
    twice = given.apply(given.apply(kg.Circuit(1).h(0)))
    assert repr(twice) == "Circuit(1): h 0; bit_flip(0.1) 0; bit_flip(0.1) 0"


def test_a_rule_that_is_refused_leaves_the_model_as_it_was():
    given = model()
    with pytest.raises(kg.InvalidValueError):
        given.after("h", "bit_flip", 2.0)
    with pytest.raises(kg.InvalidValueError):
        given.readout(0.1, 2.0)
    assert repr(given.apply(bell())) == repr(model().apply(bell()))


def test_matrices_changed_after_the_rule_was_made_change_nothing():
    keep, flip = np.array(KEEP), np.array(FLIP)
    given = kg.NoiseModel().after("id", [keep, flip])
    keep[:], flip[:] = np.eye(2), 0
    close(kg.get_backend(), given.apply(kg.Circuit(1).id(0)).probabilities(), [0.36, 0.64])


# What the results see


def test_expectation_values_probabilities_and_states_see_the_noise_once(backend):
    rho, circuit = noisy(0.1, 0.2), model().apply(program())
    terms = {"Z0 Z1": 1.0, "X0": 0.5}
    close(backend, circuit.expectation(kg.PauliSum(terms)), np.trace(rho @ pauli_matrix(terms, 2)).real)
    close(backend, circuit.probabilities([1, 0]), np.diag(reduced(rho, (1, 0))).real)
    close(backend, circuit.density_matrix(), rho)


def test_samples_and_counts_see_the_noise_once(backend):
    circuit, shots = model().apply(program()), 200
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(3)))
    cumulative = np.cumsum(np.diag(noisy(0.1, 0.2)).real)
    outcomes = np.searchsorted(cumulative, generator.random(shots), side="right")
    samples = backend.to_numpy(circuit.sample(shots, seed=3))
    np.testing.assert_array_equal(samples @ [2, 1], outcomes)
    numbers = np.bincount(outcomes, minlength=4).tolist()
    assert circuit.counts(shots, seed=3) == {format(index, "02b"): number for index, number in enumerate(numbers)}


def test_an_error_of_reading_is_seen_once_by_probabilities_words_and_counts(backend):
    circuit = kg.NoiseModel().readout(0.1, 0.3).apply(program())
    misread = np.array([[0.9, 0.3], [0.1, 0.7]])
    exact = probabilities(run(PROGRAM, 2)).reshape(2, 2)
    read = misread @ exact @ misread.T
    close(backend, circuit.probabilities(), read.ravel())
    close(backend, circuit.expectation(kg.Z(0) @ kg.Z(1)), read[0, 0] - read[0, 1] - read[1, 0] + read[1, 1])
    # Read: 0.6⟨X⟩ + 0.2.
    close(backend, circuit.expectation(kg.X(1)), 0.6 * expectation({"X1": 1}, run(PROGRAM, 2)) + 0.2)
    assert circuit.counts(10, seed=1).shots == 10
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(1)))
    outcomes = np.searchsorted(np.cumsum(read), generator.random(50), side="right")
    np.testing.assert_array_equal(backend.to_numpy(circuit.sample(50, seed=1)) @ [2, 1], outcomes)


def test_a_controlled_gate_has_noise_on_its_controls_too(backend):
    given = kg.NoiseModel().after("x", "amplitude_damping", 0.2)
    start = kg.Circuit(3).ry(0.8, 0).ry(1.9, 1)
    circuit = given.apply(start.controlled(kg.Circuit(1).x(0), [0, 1], [2], on="10"))
    rho = pure(run([("ry", (0.8,), (0,)), ("ry", (1.9,), (1,))], 3))
    rho = conjugate(rho, controlled_on(np.array([[0, 1], [1, 0]]), "10"), (0, 1, 2))
    for qubit in range(3):
        rho = apply_kraus(rho, CHANNELS["amplitude_damping"].kraus(0.2), [qubit])
    close(backend, circuit.density_matrix(), rho)


def test_a_conditioned_gate_keeps_its_condition_and_has_noise_either_way(backend):
    circuit = kg.Circuit(2).ry(0.8, 0).measure(0, 0).conditioned(kg.Circuit(1).x(0), [0], [1])
    found = kg.NoiseModel().after("x", "bit_flip", 0.25).apply(circuit)
    zero, one = np.cos(0.4) ** 2, np.sin(0.4) ** 2
    close(backend, found.probabilities(), [0.75 * zero, 0.25 * zero, 0.25 * one, 0.75 * one])
    close(backend, found.probabilities(bits=[0]), [zero, one])


def test_an_error_of_reading_comes_into_the_bits_and_their_conditions(backend):
    circuit = kg.Circuit(2).x(0).measure(0, 0).conditioned(kg.Circuit(1).x(0), [0], [1])
    found = kg.NoiseModel().readout(0.0, 0.25, qubits=[0]).apply(circuit)
    close(backend, found.probabilities([1]), [0.25, 0.75])
    close(backend, found.probabilities(bits=[0]), [0.25, 0.75])


def test_classical_registers_of_a_file_are_kept():
    text = "OPENQASM 2.0; qreg q[2]; creg a[1]; creg b[2]; U(pi,0,pi) q[1]; measure q[1] -> b[0];"
    circuit = kg.NoiseModel().after("u", "bit_flip", 0.0).apply(kg.Circuit.from_qasm(text))
    assert circuit.register_sizes == (1, 2)
    assert circuit.counts(3, seed=1) == {"01 0": 3}


@pytest.mark.parametrize("amplitudes", [[3, 4], "1", [1, 1j]], ids=repr)
def test_a_prepared_state_is_prepared_before_it_is_misread(amplitudes):
    # Reading begins at the end of the circuit's life; preparing is not reading.
    circuit = kg.NoiseModel().readout(0.1, 0.3).apply(kg.Circuit(1).prepare(amplitudes))
    vector = np.array([0, 1] if amplitudes == "1" else amplitudes)
    exact = np.abs(vector) ** 2 / np.sum(np.abs(vector) ** 2)
    close(kg.get_backend(), circuit.probabilities(), np.array([[0.9, 0.3], [0.1, 0.7]]) @ exact)


def test_a_state_prepared_again_after_a_reset_stays_prepared():
    circuit = kg.NoiseModel().after("h", "bit_flip", 0.2).apply(kg.Circuit(1).h(0).reset(0).prepare([3, 4]))
    close(kg.get_backend(), circuit.probabilities(), [0.36, 0.64])


# Parameters


def exact(values):
    p, gamma, p01 = values
    rho = noisy(p, gamma)
    # Read of qubit 1: (1 − p01 − 0.2)⟨Z⟩ + 0.2 − p01.
    return np.trace(rho @ pauli_matrix({"Z1": 0.8 - p01, "": 0.2 - p01, "X0": 0.5}, 2)).real


POINT = [0.15, 0.3, 0.07]


def test_symbols_have_the_value_and_derivative_of_the_dense_reference(autodiff_backend):
    x = kg.parameters("x", (3,))
    circuit = model(x[0], x[1]).readout(x[2], 0.2, qubits=[1]).apply(program())
    function = kg.function(circuit, kg.expval(kg.Z(1) + 0.5 * kg.X(0)))
    value, found = kg.value_and_grad(function, fallback="error")(autodiff_backend.asarray(POINT))
    close(autodiff_backend, value, exact(POINT))
    close(autodiff_backend, found, gradient(exact, POINT), 1e-9)


def test_native_arrays_have_the_value_and_derivative_of_the_dense_reference(autodiff_backend):
    backend = autodiff_backend

    def energy(values):
        p, gamma, p01 = (backend.take(values, place, axis=0) for place in range(3))
        circuit = model(p, gamma).readout(p01, 0.2, qubits=[1]).apply(program())
        return circuit.expectation(kg.Z(1) + 0.5 * kg.X(0))

    value, found = kg.value_and_grad(energy, fallback="error")(backend.asarray(POINT))
    close(backend, value, exact(POINT))
    close(backend, found, gradient(exact, POINT), 1e-9)


@pytest.mark.parametrize("compile_", [False, True], ids=["plain", "compiled"])
def test_kraus_operators_that_are_native_arrays_differentiate(autodiff_backend, compile_):
    backend = autodiff_backend

    def energy(angle):
        one, none = backend.cos(angle), angle * 0.0
        flip = backend.sin(angle)
        keep = backend.stack([backend.stack([one, none]), backend.stack([none, one])])
        turn = backend.stack([backend.stack([none, flip]), backend.stack([flip, none])])
        return kg.NoiseModel().after("ry", [keep, turn]).apply(kg.Circuit(1).ry(0.8, 0)).expectation(kg.Z(0))

    value, found = kg.value_and_grad(kg.jit(energy) if compile_ else energy, fallback="error")(backend.asarray(0.4))
    # cos²a keeps and sin²a flips: cos(2a)⟨Z⟩.
    close(backend, value, np.cos(0.8) * np.cos(0.8))
    close(backend, found, -2 * np.sin(0.8) * np.cos(0.8))


def test_a_batch_of_probabilities_gives_a_batch_of_results(backend):
    p = kg.parameters("p")
    circuit = kg.NoiseModel().after("x", "bit_flip", p).apply(kg.Circuit(1).x(0))
    close(backend, kg.function(circuit, kg.expval(kg.Z(0)))([0.0, 0.25, 1.0]), [-1.0, -0.5, 1.0])

"""Every channel and every measurement on every permutation of its qubits in a register of five, on every backend."""

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, DECAY_WITH_FLIP, apply_kraus, entropy, pure, purity, reduced
from dense_reference import PREPARATION, embed, pauli_matrix, places, probabilities, run

TOLERANCE = 1e-12
STATE = run(PREPARATION, 5)
RHO = pure(STATE)
UP_TO_THREE = [qubits for size in (1, 2, 3) for qubits in places(size, 5)]
MATRICES = {
    size: (lambda a: a + a.conj().T)(
        np.random.default_rng(size).normal(size=(2**size, 2**size, 2)) @ np.array([1.0, 1.0j])
    )
    for size in (1, 2, 3)
}
LETTERS = {1: "Y", 2: "XY", 3: "ZYX"}


def results_of(backend, measurements):
    """Return what several measurements find in the state, all at once."""
    f = kg.function(kg.Circuit(5), *measurements)
    return [backend.to_numpy(found) for found in f(initial_state=backend.asarray(STATE))]


def compare(found, expected, cases):
    for value, wanted, qubits in zip(found, expected, cases, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=0, atol=TOLERANCE, err_msg=str(qubits))


def with_channel(circuit, name, values, qubits):
    if name == "kraus":
        return circuit.kraus(DECAY_WITH_FLIP, qubits)
    return circuit.channel("depolarizing2" if name == "depolarizing" and len(qubits) == 2 else name, values, qubits)


@pytest.mark.parametrize("name", [*CHANNELS, "kraus"])
def test_a_channel_on_all_permutations_one_after_another_is_what_its_kraus_operators_do(backend, name):
    noise = CHANNELS.get(name)
    size, values = (noise.qubits, noise.values) if noise else (2, ())
    operators = noise.kraus(*values) if noise else DECAY_WITH_FLIP
    rho, circuit = RHO, kg.Circuit(5)
    for index, qubits in enumerate(places(size, 5)):
        # A rotation in between, so that no two channels commute and none wipes out what the others did.
        angle, target = 0.3 + 0.1 * index, qubits[0]
        with_channel(circuit.ry(angle, target), name, values, qubits)
        half = angle / 2
        rotation = embed([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]], (target,), 5)
        rho = apply_kraus(rotation @ rho @ rotation.conj().T, operators, qubits)
    f = kg.function(circuit, kg.density_matrix())
    found = backend.to_numpy(f(initial_state=backend.asarray(STATE)))
    np.testing.assert_allclose(found, rho, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", [*CHANNELS, "kraus"])
@pytest.mark.parametrize("backend_name", ["numpy", "strict"])
def test_a_channel_on_each_permutation_is_what_its_kraus_operators_do(backend_name, name):
    noise = CHANNELS.get(name)
    size, values = (noise.qubits, noise.values) if noise else (2, ())
    operators = noise.kraus(*values) if noise else DECAY_WITH_FLIP
    with kg.use_backend(backend_name) as backend:
        for qubits in places(size, 5):
            f = kg.function(with_channel(kg.Circuit(5), name, values, qubits), kg.density_matrix())
            found = backend.to_numpy(f(initial_state=backend.asarray(STATE)))
            expected = apply_kraus(RHO, operators, qubits)
            np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=str(qubits))


def test_probabilities_and_density_matrices_of_every_permutation(backend):
    found = results_of(backend, [kg.probs(qubits) for qubits in UP_TO_THREE])
    compare(found, [probabilities(STATE, qubits) for qubits in UP_TO_THREE], UP_TO_THREE)
    found = results_of(backend, [kg.density_matrix(qubits) for qubits in UP_TO_THREE])
    compare(found, [reduced(RHO, qubits) for qubits in UP_TO_THREE], UP_TO_THREE)


def test_probabilities_of_every_permutation_of_four_and_five_qubits():
    cases = [*places(4, 5), *places(5, 5)]
    with kg.use_backend("numpy") as backend:
        found = results_of(backend, [kg.probs(qubits) for qubits in cases])
    compare(found, [probabilities(STATE, qubits) for qubits in cases], cases)


def test_matrices_words_and_projectors_on_every_permutation(backend):
    observables, expected = [], []
    for qubits in UP_TO_THREE:
        matrix = MATRICES[len(qubits)]
        word = " ".join(f"{letter}{qubit}" for letter, qubit in zip(LETTERS[len(qubits)], qubits, strict=True))
        observables += [
            kg.Hermitian(matrix, qubits),
            kg.PauliSum({word: 1.5}),
            kg.Projector("101"[: len(qubits)], qubits),
        ]
        outcome = np.zeros(2 ** len(qubits))
        outcome[int("101"[: len(qubits)], 2)] = 1
        dense = [embed(matrix, qubits, 5), 1.5 * pauli_matrix({word: 1.0}, 5), embed(np.diag(outcome), qubits, 5)]
        expected += [((STATE.conj() @ a @ STATE).real, (STATE.conj() @ a @ a @ STATE).real) for a in dense]
    means = results_of(backend, [kg.expval(observable) for observable in observables])
    compare(means, [mean for mean, _ in expected], observables)
    variances = results_of(backend, [kg.var(observable) for observable in observables])
    for value, (mean, square), observable in zip(variances, expected, observables, strict=True):
        np.testing.assert_allclose(value, square - mean**2, rtol=0, atol=1e-11, err_msg=str(observable))


def test_entropies_purities_and_fidelities_of_every_permutation(backend):
    found = results_of(backend, [kg.entropy(qubits) for qubits in UP_TO_THREE])
    compare(found, [entropy(reduced(RHO, qubits)) for qubits in UP_TO_THREE], UP_TO_THREE)
    found = results_of(backend, [kg.purity(qubits) for qubits in UP_TO_THREE])
    compare(found, [purity(reduced(RHO, qubits)) for qubits in UP_TO_THREE], UP_TO_THREE)
    targets = {size: np.linalg.eigh(MATRICES[size])[1][:, 0] for size in MATRICES}
    found = results_of(backend, [kg.fidelity(targets[len(qubits)], qubits) for qubits in UP_TO_THREE])
    overlaps = [targets[len(q)].conj() @ reduced(RHO, q) @ targets[len(q)] for q in UP_TO_THREE]
    compare(found, [overlap.real for overlap in overlaps], UP_TO_THREE)


def test_the_mutual_information_of_every_two_pairs(backend):
    cases = [(qubits[:2], qubits[2:]) for qubits in places(4, 5) if qubits[0] < qubits[2]]
    found = results_of(backend, [kg.mutual_info(first, second) for first, second in cases])
    expected = [entropy(reduced(RHO, a)) + entropy(reduced(RHO, b)) - entropy(reduced(RHO, (*a, *b))) for a, b in cases]
    compare(found, expected, cases)

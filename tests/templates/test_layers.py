"""The layered ansätze, against dense matrices of the gates that their papers list."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import gradient, pauli_matrix, run
from ketgrad import templates

OBSERVABLE = {"Z0": 0.5, "X0 Y1": -0.7, "Z1 X2": 0.3}
SHAPES = ((1, 1), (2, 1), (1, 2), (3, 2), (2, 3), (3, 4))


def hardware_program(weights):
    layers, n, _ = weights.shape
    ring = {1: [], 2: [(0, 1)], 3: [(0, 1), (1, 2), (2, 0)], 4: [(0, 1), (1, 2), (2, 3), (3, 0)]}[n]
    for layer in range(layers):
        yield from (("ry", (weights[layer, q, 0],), (q,)) for q in range(n))
        yield from (("rz", (weights[layer, q, 1],), (q,)) for q in range(n))
        yield from (("cx", (), pair) for pair in ring)


def entangling_program(weights):
    layers, n, _ = weights.shape
    reaches = {1: [], 2: [1, 1, 1], 3: [1, 2, 1], 4: [1, 2, 3]}[n]
    for layer in range(layers):
        for gate, place in (("rz", 0), ("ry", 1), ("rz", 2)):
            yield from ((gate, (weights[layer, q, place],), (q,)) for q in range(n))
        if n > 1:
            yield from (("cx", (), (q, (q + reaches[layer]) % n)) for q in range(n))


ANSATZE = {
    "hardware efficient": (templates.hardware_efficient, 2, hardware_program),
    "strongly entangling": (templates.strongly_entangling, 3, entangling_program),
}


def random_weights(layers, n, angles, seed=20):
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, (layers, n, angles))


def dense_energy(program, shape):
    def energy(flat):
        state = run(program(np.reshape(flat, shape)), shape[1])
        return float((state.conj() @ pauli_matrix(OBSERVABLE, shape[1]) @ state).real)

    return energy


@pytest.mark.parametrize("ansatz", ANSATZE)
@pytest.mark.parametrize(("layers", "n"), SHAPES)
def test_the_state_is_that_of_the_gates_of_the_paper(ansatz, layers, n):
    build, angles, program = ANSATZE[ansatz]
    weights = random_weights(layers, n, angles)
    np.testing.assert_allclose(build(weights).state(), run(program(weights), n), rtol=0, atol=1e-13)


@pytest.mark.parametrize("ansatz", ANSATZE)
def test_weights_in_an_array_of_every_backend_give_the_state(ansatz, backend):
    build, angles, program = ANSATZE[ansatz]
    weights = random_weights(2, 3, angles)
    found = backend.to_numpy(build(backend.asarray(weights)).state())
    np.testing.assert_allclose(found, run(program(weights), 3), rtol=0, atol=1e-13)


@pytest.mark.parametrize("ansatz", ANSATZE)
def test_nested_lists_make_the_same_circuit_as_an_array(ansatz):
    build, angles, _ = ANSATZE[ansatz]
    weights = random_weights(2, 3, angles)
    assert build(weights.tolist()).operations == build(weights).operations


@pytest.mark.parametrize("ansatz", ANSATZE)
def test_lists_may_mix_numbers_arrays_and_symbols(ansatz):
    build, angles, program = ANSATZE[ansatz]
    symbol = kg.parameters("w")
    rows = [[[0.1, np.array(0.2), symbol / 2][-angles:], [0.4] * angles]]
    found = kg.function(build(rows), kg.state())(1.2)
    expected = run(program(np.array([[[0.1, 0.2, 0.6][-angles:], [0.4] * angles]])), 2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("ansatz", ANSATZE)
def test_symbols_give_a_function_of_a_batch_of_weights(ansatz, backend):
    build, angles, program = ANSATZE[ansatz]
    function = kg.function(build(kg.parameters("w", (2, 3, angles))), kg.state())
    batch = np.stack([random_weights(2, 3, angles, seed) for seed in (1, 2)])
    found = backend.to_numpy(function(backend.asarray(batch)))
    expected = [run(program(weights), 3) for weights in batch]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("ansatz", ANSATZE)
def test_energy_and_gradient_are_those_of_the_dense_matrices(ansatz, autodiff_backend):
    build, angles, program = ANSATZE[ansatz]
    shape = (2, 3, angles)
    weights, observable = random_weights(*shape), kg.PauliSum(OBSERVABLE)
    function = kg.value_and_grad(lambda w: build(w).expectation(observable), fallback="error")
    value, slope = function(autodiff_backend.asarray(weights))
    energy = dense_energy(program, shape)
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), energy(weights.ravel()), rtol=0, atol=1e-12)
    expected = np.reshape(gradient(energy, weights.ravel()), shape)
    np.testing.assert_allclose(autodiff_backend.to_numpy(slope), expected, rtol=0, atol=1e-10)


def test_two_qubits_have_one_cx_in_a_hardware_efficient_layer():
    assert repr(templates.hardware_efficient([[[0.1, 0.2], [0.3, 0.4]]])) == (
        "Circuit(2): ry(0.1) 0; rz(0.2) 0; ry(0.3) 1; rz(0.4) 1; cx 0 1"
    )


def test_the_range_of_strongly_entangling_layers_grows_and_begins_again():
    circuit = templates.strongly_entangling(np.zeros((4, 4, 3)))
    firsts = [item.qubits for item in circuit.operations if item.name == "cx"][::4]
    assert firsts == [(0, 1), (0, 2), (0, 3), (0, 1)]


DUE = "give the shape (layers, qubits, {}), with at least one of each"

REFUSED = {
    "angles too few": (
        lambda: templates.strongly_entangling(np.zeros((1, 2, 2))),
        ValueError,
        "strongly_entangling got weights of shape (1, 2, 2); " + DUE.format(3),
    ),
    "angles too many": (
        lambda: templates.hardware_efficient(kg.parameters("w", (1, 2, 3))),
        ValueError,
        "hardware_efficient got weights of shape (1, 2, 3); " + DUE.format(2),
    ),
    "a layer alone": (
        lambda: templates.hardware_efficient(np.zeros((3, 2))),
        ValueError,
        "hardware_efficient got weights of shape (3, 2); " + DUE.format(2),
    ),
    "no layers": (
        lambda: templates.hardware_efficient(np.zeros((0, 3, 2))),
        ValueError,
        "hardware_efficient got weights of shape (0, 3, 2); " + DUE.format(2),
    ),
    "no qubits": (
        lambda: templates.strongly_entangling([[]]),
        ValueError,
        "strongly_entangling got weights of shape (1, 0); " + DUE.format(3),
    ),
    "a number": (
        lambda: templates.hardware_efficient(0.5),
        ValueError,
        "hardware_efficient got weights of shape (); " + DUE.format(2),
    ),
    "rows of different lengths": (
        lambda: templates.hardware_efficient([[[0.1, 0.2]], [[0.1, 0.2], [0.3, 0.4]]]),
        ValueError,
        "hardware_efficient got weights whose rows have the shapes [(1, 2), (2, 2)]; give rows of one length",
    ),
    "text": (
        lambda: templates.hardware_efficient("weights"),
        TypeError,
        "hardware_efficient got weights 'weights'; give an array, a nested list, or kg.parameters",
    ),
    "None": (
        lambda: templates.strongly_entangling(None),
        TypeError,
        "strongly_entangling got weights None; give an array, a nested list, or kg.parameters",
    ),
    "a boolean as angle": (
        lambda: templates.hardware_efficient([[[0.1, True]]]),
        TypeError,
        "rz got the parameter True; give a real number or a 0-d array",
    ),
    "NaN as angle": (
        lambda: templates.strongly_entangling([[[0.1, float("nan"), 0.2]]]),
        ValueError,
        "ry got the parameter nan; give a finite number",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_one_sentence(case):
    function, kind, message = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        function()
    assert isinstance(caught.value, kind)
    assert str(caught.value) == message

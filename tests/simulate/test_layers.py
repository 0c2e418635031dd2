"""Equal layers in a compiled function: one of them in the program, the numbers of the slow dense reference."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import expectation, run
from ketgrad.simulate.program import lower
from ketgrad.simulate.repetition import FEWEST, Repetition, repetitions
from ketgrad.simulate.schedule import Layers

TERMS = {"Z0 X1": 0.5, "Y2": 0.3, "Z1": 1.0, "Z3 X2": -0.4}
LAYERS = FEWEST + 2


def layers(circuit):
    """Return for each loop in a circuit how often it runs and how many blocks it holds."""
    schedule = lower(circuit.operations, circuit.num_qubits).recipe.schedule(by_layers=True)
    return [(len(item.slots), len(item.layer.items)) for item in schedule.items if isinstance(item, Layers)]


def program(angles):
    """Return the gates of hardware-efficient layers on four qubits."""
    gates = []
    for layer in angles:
        for qubit, (y, z) in enumerate(layer):
            gates += [("ry", (y,), (qubit,)), ("rz", (z,), (qubit,))]
        gates += [("cx", (), (qubit, (qubit + 1) % 4)) for qubit in range(4)]
    return gates


def value_of(angles):
    return expectation(TERMS, run(program(angles), 4))


def gradient_of(angles):
    """Differentiate by shifts of a quarter turn, which is exact for these gates."""
    result = np.zeros_like(angles)
    for place in np.ndindex(angles.shape):
        shift = np.zeros_like(angles)
        shift[place] = np.pi / 2
        result[place] = (value_of(angles + shift) - value_of(angles - shift)) / 2
    return result


@pytest.fixture
def function():
    circuit = kg.templates.hardware_efficient(kg.parameters("theta", (LAYERS, 4, 2)))
    assert len(layers(circuit)) == 1
    return kg.function(circuit, kg.expval(kg.PauliSum(TERMS)), engine="traced")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("abcdefgh", []),
        ("a" * (FEWEST - 1), []),
        ("a" * FEWEST, [(0, 1, FEWEST)]),
        ("xy" + "abc" * 9 + "ab", [(2, 3, 9)]),
        ("aab" * 10, [(0, 3, 10)]),
        ("aabb" * 10, [(0, 4, 10)]),
        ("ab" * 8 + "x" + "cd" * 8, [(0, 2, 8), (17, 2, 8)]),
        ("abcabd" * 8, [(0, 6, 8)]),
    ],
)
def test_the_longest_repetition_is_found(text, expected):
    assert repetitions(text) == [Repetition(*entry) for entry in expected]


def test_layers_of_a_template_are_a_loop():
    assert layers(kg.templates.hardware_efficient(kg.parameters("theta", (50, 10, 2)))) == [(48, 5)]


def test_layers_of_qaoa_are_a_loop():
    circuit, gamma, beta = kg.Circuit(4), kg.parameters("gamma", (20,)), kg.parameters("beta", (20,))
    for layer in range(20):
        for qubit in range(4):
            circuit.rzz(gamma[layer], qubit, (qubit + 1) % 4)
        for qubit in range(4):
            circuit.rx(beta[layer], qubit)
    ((count, size),) = layers(circuit)
    assert count >= 18
    assert size <= 4


def test_layers_of_fixed_gates_and_controls_are_a_loop():
    circuit = kg.Circuit(3).h(0)
    for _ in range(12):
        circuit.controlled(kg.Circuit(1).h(0), [0], [1]).ccx(0, 1, 2)
    assert layers(circuit) == [(12, 2)]


def test_a_channel_a_measurement_or_a_given_matrix_is_in_no_loop():
    noisy, given = kg.Circuit(1), kg.Circuit(1)
    for _ in range(12):
        noisy.rx(0.1, 0).bit_flip(0.1, 0)
        given.rx(0.1, 0).unitary(np.eye(2), [0])
    assert layers(noisy) == layers(given) == []


@pytest.mark.parametrize("precision", ["double", "single"])
def test_a_compiled_derivative_is_that_of_shifts_of_the_reference(autodiff_backend, function, precision):
    angles = np.random.default_rng(1).uniform(-2, 2, (LAYERS, 4, 2))
    kind, tolerance = ("float64", 1e-12) if precision == "double" else ("float32", 2e-5)
    with kg.use_precision(precision):
        given = autodiff_backend.asarray(angles, dtype=kind)
        found = kg.jit(kg.value_and_grad(function, fallback="error"))(given)
    value, gradient = map(autodiff_backend.to_numpy, found)
    assert value.dtype == gradient.dtype == kind
    np.testing.assert_allclose(value, value_of(angles), rtol=0, atol=tolerance)
    np.testing.assert_allclose(gradient, gradient_of(angles), rtol=0, atol=tolerance)


def test_a_compiled_batch_and_a_compiled_map_give_what_the_elements_give(autodiff_backend, function):
    batch = np.random.default_rng(2).uniform(-2, 2, (2, LAYERS, 4, 2))
    given = autodiff_backend.asarray(batch)
    expected = [value_of(angles) for angles in batch], [gradient_of(angles) for angles in batch]
    mapped = kg.jit(kg.vmap(kg.value_and_grad(function, fallback="error")))(given)
    summed = kg.value_and_grad(lambda x: autodiff_backend.sum(function(x)), fallback="error")
    gradient = kg.jit(summed)(given)[1]
    for found, wanted in zip([*mapped, kg.jit(function)(given), gradient], [*expected, *expected], strict=True):
        np.testing.assert_allclose(autodiff_backend.to_numpy(found), wanted, rtol=0, atol=1e-12)


def test_a_compiled_second_derivative_is_that_of_the_plain_one(autodiff_backend):
    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(2)
    for _ in range(LAYERS + 3):
        circuit.rx(theta[0], 0).ry(theta[1], 1).cx(0, 1).cx(1, 0).controlled(kg.Circuit(1).rz(theta[1], 0), [0], [1])
    assert len(layers(circuit)) == 1
    hessian = kg.hessian(kg.function(circuit, kg.expval(kg.Z(0) @ kg.X(1)), engine="traced"), fallback="error")
    given = autodiff_backend.asarray([0.3, -0.7])
    compiled, plain = (autodiff_backend.to_numpy(each(given)) for each in (kg.jit(hessian), hessian))
    assert np.abs(plain).max() > 0.1
    np.testing.assert_allclose(compiled, plain, rtol=0, atol=1e-11)


def test_density_matrices_and_fixed_layers_go_through_the_loop(backend):
    circuit = kg.Circuit(2).h(0).amplitude_damping(0.2, 0)
    for _ in range(24):
        circuit.controlled(kg.Circuit(1).sx(0), [0], [1]).controlled(kg.Circuit(1).t(0), [1], [0])
    assert layers(circuit) == [(24, 2)]
    f = kg.function(circuit, kg.probs(), engine="traced")
    np.testing.assert_allclose(backend.to_numpy(kg.jit(f)()), backend.to_numpy(f()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("differentiated", [False, True], ids=["value", "gradient"])
def test_fifty_layers_take_as_many_operations_in_jax_as_ten(differentiated):
    jax = pytest.importorskip("jax")

    def count(depth):
        theta = kg.parameters("theta", (depth, 4, 2))
        f = kg.function(kg.templates.hardware_efficient(theta), kg.expval(kg.Z(0)), engine="traced")
        traced = jax.make_jaxpr(jax.grad(f) if differentiated else f)(np.zeros((depth, 4, 2)))
        return equations(traced.jaxpr)

    with kg.use_backend("jax"):
        assert count(50) == count(LAYERS + 2)


def equations(program):
    """Count the equations of a program of JAX, those of programs inside it too."""
    inner = [entry for equation in program.eqns for entry in equation.params.values()]
    inner += [entry for entries in inner if isinstance(entries, tuple | list) for entry in entries]
    programs = [getattr(entry, "jaxpr", entry) for entry in inner]
    return len(program.eqns) + sum(equations(each) for each in programs if hasattr(each, "eqns"))


@pytest.mark.parametrize("differentiated", [False, True], ids=["value", "gradient"])
def test_fifty_layers_take_as_many_operations_in_tensorflow_as_ten(differentiated):
    tf = pytest.importorskip("tensorflow")

    def count(depth):
        theta = kg.parameters("theta", (depth, 4, 2))
        f = kg.function(kg.templates.hardware_efficient(theta), kg.expval(kg.Z(0)), engine="traced")
        compiled = tf.function(kg.value_and_grad(f) if differentiated else f, autograph=False)
        graph = compiled.get_concrete_function(tf.TensorSpec((depth, 4, 2), tf.float64)).graph.as_graph_def()
        return len(graph.node) + sum(len(part.node_def) for part in graph.library.function)

    with kg.use_backend("tensorflow"):
        assert count(50) == count(LAYERS + 2)

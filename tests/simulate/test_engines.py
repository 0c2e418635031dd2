"""The compiled engine against the slow dense reference, and against the traced engine."""

from itertools import pairwise

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import GATES, PREPARATION, embed, expectation, play, probabilities, run

TERMS = {"X0 Y2": 0.7, "Y0 Z2": -0.4, "Z0 X3": 0.9, "Y2": 0.3, "Z1 Z3": 0.55, "X0 X1": -0.25, "Y0 Y1": 0.35}
OBSERVABLE = kg.PauliSum(TERMS)
PARAMETRISED = [name for name, gate in GATES.items() if gate.angles]
TOLERANCE = {"double": 1e-12, "single": 1e-5}


@pytest.fixture
def compiled_backend(autodiff_backend):
    return autodiff_backend


def random_program(seed, num_qubits, count):
    """Return gates of the whole table on random qubits."""
    rng = np.random.default_rng(seed)
    names = [name for name, gate in GATES.items() if gate.qubits <= num_qubits]
    program = []
    for name in rng.choice(names, count):
        gate = GATES[str(name)]
        qubits = tuple(int(qubit) for qubit in rng.permutation(num_qubits)[: gate.qubits])
        program.append((str(name), tuple(rng.uniform(-3, 3, gate.angles).tolist()), qubits))
    return program


def symbolic(program, num_qubits):
    """Return the circuit with a symbol for each angle, and the angles."""
    angles = [angle for _, values, _ in program for angle in values]
    theta, circuit, used = kg.parameters("theta", (max(1, len(angles)),)), kg.Circuit(num_qubits), 0
    for name, values, qubits in program:
        circuit.append(name, [theta[used + index] for index in range(len(values))], qubits)
        used += len(values)
    # The symbol declared above is used at least once, whatever the program.
    circuit.rz(theta[0], 0)
    return circuit, angles or [0.3]


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(4))
def test_a_random_circuit_prepares_the_state_of_the_reference(compiled_backend, seed, num_qubits):
    program = random_program(seed, num_qubits, 25)
    circuit, angles = symbolic(program, num_qubits)
    expected = run([*program, ("rz", (angles[0],), (0,))], num_qubits)
    found = kg.function(circuit, kg.state(), engine="compiled")(compiled_backend.asarray(angles))
    np.testing.assert_allclose(compiled_backend.to_numpy(found), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", GATES)
def test_every_gate_acts_on_every_pair_of_neighbours_as_in_the_reference(name):
    gate = GATES[name]
    for shift in range(5):
        qubits = tuple((shift + 2 * place) % 5 for place in range(gate.qubits))
        angles = (0.7, -1.3, 2.1, 0.4)[: gate.angles]
        program = [*PREPARATION, (name, angles, qubits)]
        found = kg.function(play(kg.Circuit(5), program), kg.state(), engine="compiled")()
        np.testing.assert_allclose(found, run(program, 5), rtol=0, atol=1e-12)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("seed", range(3))
def test_the_engines_agree_on_values_and_gradients(compiled_backend, seed, precision):
    program = random_program(seed + 100, 4, 30)
    circuit, angles = symbolic(program, 4)
    found = []
    with kg.use_precision(precision):
        for engine in ("traced", "compiled"):
            f = kg.function(circuit, kg.expval(OBSERVABLE), engine=engine)
            values = compiled_backend.asarray(np.array(angles, "float64" if precision == "double" else "float32"))
            found.append([compiled_backend.to_numpy(x) for x in kg.value_and_grad(f, fallback="error")(values)])
    for traced, compiled in zip(*found, strict=True):
        assert traced.dtype == compiled.dtype
        np.testing.assert_allclose(compiled, traced, rtol=0, atol=TOLERANCE[precision])


@pytest.mark.parametrize("name", PARAMETRISED)
def test_the_gradient_of_every_parametrised_gate_is_that_of_central_differences_of_the_reference(name):
    gate = GATES[name]
    qubits = (2, 0, 3, 1)[: gate.qubits]
    theta = kg.parameters("theta", (gate.angles,))
    circuit = play(kg.Circuit(5), PREPARATION).append(name, [theta[index] for index in range(gate.angles)], qubits)
    circuit.cx(1, 2).ry(0.3, 0)

    def expected(angles):
        tail = [("cx", (), (1, 2)), ("ry", (0.3,), (0,))]
        return expectation(TERMS, run([*PREPARATION, (name, tuple(angles), qubits), *tail], 5))

    angles = np.array([0.7, -1.3, 2.1, 0.4][: gate.angles])
    value, gradient = kg.value_and_grad(kg.function(circuit, kg.expval(OBSERVABLE), engine="compiled"))(angles)
    np.testing.assert_allclose(value, expected(angles), rtol=0, atol=1e-12)
    steps = 1e-5 * np.eye(gate.angles)
    differences = [(expected(angles + step) - expected(angles - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient, differences, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "measurement",
    [
        kg.var(OBSERVABLE),
        kg.probs([2, 0]),
        kg.expval(kg.Hermitian([[0.3, 0.5 - 0.2j], [0.5 + 0.2j, -1.0]], [1])),
        kg.expval(kg.Projector("01", [3, 1])),
        kg.entropy([1, 2]),
        kg.mutual_info([0], [3]),
        kg.purity([0, 1]),
        kg.fidelity(np.eye(16)[5]),
    ],
    ids=["variance", "probabilities", "matrix", "projector", "entropy", "mutual", "purity", "fidelity"],
)
def test_every_result_differentiates_as_in_the_traced_engine(compiled_backend, measurement):
    circuit, angles = symbolic(random_program(7, 4, 24), 4)
    values = compiled_backend.asarray(angles)
    jacobians = [
        compiled_backend.to_numpy(
            kg.jacobian(kg.function(circuit, measurement, engine=engine), fallback="error")(values)
        )
        for engine in ("traced", "compiled")
    ]
    assert np.abs(jacobians[0]).max() > 1e-3
    np.testing.assert_allclose(jacobians[1], jacobians[0], rtol=0, atol=1e-10)


def test_a_batch_gives_what_its_elements_give(compiled_backend):
    circuit, angles = symbolic(random_program(11, 3, 20), 3)
    batch = np.array([angles, np.array(angles) + 0.4, np.array(angles) * -0.7])
    f = kg.function(circuit, kg.expval(kg.Z(0) @ kg.X(2)), kg.probs([1]), engine="compiled")
    values, marginals = map(compiled_backend.to_numpy, f(compiled_backend.asarray(batch)))
    for row, value, marginal in zip(batch, values, marginals, strict=True):
        alone = [compiled_backend.to_numpy(result) for result in f(compiled_backend.asarray(row))]
        np.testing.assert_allclose([value, *marginal], [alone[0], *alone[1]], rtol=0, atol=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_measured_circuits_run_in_both_engines(compiled_backend, seed):
    rng = np.random.default_rng(seed)
    theta = kg.parameters("theta", (4,))
    circuit = kg.Circuit(3).ry(theta[0], 0).cx(0, 1).rx(theta[1], 1).measure(1, 0).ry(theta[2], 1)
    circuit.conditioned(kg.Circuit(1).rx(theta[3], 0), [0], [2]).reset(0).ry(theta[1], 0).cx(0, 2).measure(2, 1)
    circuit.post_select("0", [1])
    values = compiled_backend.asarray(rng.uniform(-2, 2, 4))
    results = []
    for engine in ("traced", "compiled"):
        f = kg.function(circuit, kg.expval(kg.Z(0) @ kg.Z(2)), kg.probs(bits=[1, 0]), engine=engine)
        gradient = kg.grad(lambda x, f=f: f(x)[0], fallback="error")(values)
        results.append([compiled_backend.to_numpy(result) for result in (*f(values), gradient)])
    for traced, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, traced, rtol=0, atol=1e-12)


def test_initial_states_and_their_gradients_pass_through(compiled_backend):
    theta = kg.parameters("theta")
    f = kg.function(kg.Circuit(2).rx(theta, 0).cx(0, 1), kg.expval(kg.Z(0) + kg.X(1)), engine="compiled")
    g = kg.function(kg.Circuit(2).rx(theta, 0).cx(0, 1), kg.expval(kg.Z(0) + kg.X(1)), engine="traced")
    start = compiled_backend.asarray([0.1 + 0.2j, 0.3, -0.4j, 0.5 + 0.1j])
    gradients = [
        compiled_backend.to_numpy(kg.grad(lambda state, h=h: h(0.4, initial_state=state), fallback="error")(start))
        for h in (f, g)
    ]
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("part", ["matrix", "initial_state"])
def test_what_a_map_repeats_for_each_element_reaches_the_kernels_contiguous(compiled_backend, part):
    """For another layout of memory they would be compiled once more, and run slower."""
    from ketgrad.simulate.kernels import numbers, sweep

    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(3).rx(theta[0], 0).ry(theta[1], 2)
    if part == "matrix":
        matrix = np.roll(np.eye(4), 1, axis=0).astype("complex128")
        circuit.unitary(compiled_backend.asarray(matrix), [0, 1])
    start = compiled_backend.asarray(np.eye(8)[1]) if part == "initial_state" else None
    f = kg.function(circuit, kg.probs([0]), engine="compiled")

    def first(x):
        return compiled_backend.take(f(x, initial_state=start), 0, axis=0)

    points = compiled_backend.asarray([[0.1, 0.2], [0.4, 1.1], [0.7, 0.5]])
    found = compiled_backend.to_numpy(kg.vmap(kg.grad(first))(points))[:, 0]
    # The roll takes |10⟩ of the first two qubits, with weight sin² a/2, to |11⟩, and |00⟩ to |01⟩.
    np.testing.assert_allclose(found, -0.5 * np.sin([0.1, 0.4, 0.7]), rtol=0, atol=1e-12)
    kernels = (numbers.fill_numbers, sweep.forward, sweep.backward, numbers.pull_numbers)
    arrays = [kind for kernel in kernels for signature in kernel.signatures for kind in signature[1:]]
    assert {getattr(kind, "layout", "C") for kind in arrays} == {"C"}


@pytest.mark.parametrize("measurement", [kg.expval(kg.Z(0)), kg.probs([0])])
def test_a_map_of_jax_over_no_elements_has_no_results(measurement):
    jax = pytest.importorskip("jax")
    theta = kg.parameters("theta", (2,))
    with kg.use_backend("jax") as backend:
        matrix = backend.asarray(np.eye(4)[::-1].astype("complex128"))
        circuit = kg.Circuit(2).rx(theta[0], 0).unitary(matrix, [0, 1]).ry(theta[1], 1)
        f = kg.function(circuit, measurement, engine="compiled")
        found = jax.vmap(jax.grad(lambda x: f(x).sum()))(jax.numpy.zeros((0, 2)))
    assert found.shape == (0, 2)


def test_the_engine_takes_wide_gates_and_many_controls(compiled_backend):
    rng = np.random.default_rng(5)
    matrix = np.linalg.qr(rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8)))[0]
    circuit = play(kg.Circuit(5), PREPARATION).unitary(matrix, [4, 0, 2])
    circuit.controlled(kg.Circuit(1).ry(0.7, 0), [4, 1, 3], [2], on="010").pauli_rotation(0.6, "XYZXY", range(5))
    found = kg.function(circuit, kg.state(), engine="compiled")()
    state = embed(matrix, (4, 0, 2), 5) @ run(PREPARATION, 5)
    kept = [index for index in range(32) if (index >> 0 & 1, index >> 3 & 1, index >> 1 & 1) == (0, 1, 0)]
    turned = embed([[np.cos(0.35), -np.sin(0.35)], [np.sin(0.35), np.cos(0.35)]], (2,), 5) @ state
    state[kept] = turned[kept]
    word = np.eye(1)
    letters = {"X": [[0, 1], [1, 0]], "Y": [[0, -1j], [1j, 0]], "Z": [[1, 0], [0, -1]]}
    for letter in "XYZXY":
        word = np.kron(word, letters[letter])
    expected = np.cos(0.3) * state - 1j * np.sin(0.3) * word @ state
    np.testing.assert_allclose(compiled_backend.to_numpy(found), expected, rtol=0, atol=1e-12)


def test_no_gradient_is_taken_back_through_a_matrix_that_is_not_unitary(compiled_backend):
    """Its values can't be seen where `jit` records the circuit, and the backward sweep undoes it by its adjoint."""
    theta = kg.parameters("theta")

    def energy(angle, matrix):
        circuit = kg.Circuit(1).rx(theta, 0).unitary(matrix, [0])
        return kg.function(circuit, kg.expval(kg.Z(0)), engine="compiled")(angle)

    matrix = compiled_backend.asarray([[1.0, 2.0], [0.0, 1.0]], dtype="complex128")
    with pytest.raises(Exception, match="the matrix is not unitary: U†U differs from the identity by 4"):
        kg.jit(kg.grad(energy))(compiled_backend.asarray(0.3), matrix)


def test_a_second_derivative_raises_and_is_never_zero(compiled_backend):
    theta = kg.parameters("theta")
    f = kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0)), engine="compiled")
    with pytest.raises(Exception, match='gradient="backprop"'):
        compiled_backend.to_numpy(kg.grad(kg.grad(f))(compiled_backend.asarray(0.3)))


def test_noise_is_refused_with_its_sentence():
    with pytest.raises(kg.UnsupportedError, match='the compiled engine has no noise; give engine="traced"'):
        kg.function(kg.Circuit(1).bit_flip(0.1, 0), kg.probs(), engine="compiled")()


def test_a_backend_without_host_functions_is_refused_with_its_sentence():
    with kg.use_backend("strict"), pytest.raises(kg.UnsupportedError, match="the strict backend runs nothing outside"):
        kg.function(kg.Circuit(1).x(0), kg.probs(), engine="compiled")()


def test_a_marginal_of_neighbours_is_that_of_the_reference():
    for pair in pairwise(range(5)):
        found = kg.function(play(kg.Circuit(5), PREPARATION), kg.probs(pair), engine="compiled")()
        np.testing.assert_allclose(found, probabilities(run(PREPARATION, 5), pair), rtol=0, atol=1e-12)

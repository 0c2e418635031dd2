"""Metric tensors and Fisher information against closed forms and published values."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.differentiate.methods import amplitude_moves
from ketgrad.differentiate.metric_tensor import columns_of
from ketgrad_conformance import expect

REFERENCE = json.loads((Path(__file__).parent / "reference_values.json").read_text())
THREAD = REFERENCE["natural_gradient_thread_circuit"]
POINT = np.array(THREAD["p"])


def thread_circuit():
    """The circuit of the reference values: two layers of two parameters, between which fixed gates stand."""
    p = kg.parameters("p", (4,))
    circuit = kg.Circuit(3).ry(math.pi / 4, 0).ry(math.pi / 3, 1).ry(math.pi / 7, 2).rz(p[0], 0).rz(p[1], 1)
    return circuit.cx(0, 1).cx(1, 2).ry(p[2], 1).rx(p[3], 2).cx(0, 1).cx(1, 2)


def thread_metric(*kept):
    tensor = np.diag(THREAD["metric_diagonal"])
    for pair in kept:
        i, j = map(int, pair)
        tensor[i, j] = tensor[j, i] = THREAD["metric_off_diagonal"][pair]
    return tensor.tolist()


@pytest.mark.parametrize(("approximation", "kept"), [(None, ("02", "12", "23")), ("block-diag", ("23",)), ("diag", ())])
@pytest.mark.parametrize("engine", ["traced", "compiled"])
def test_the_tensor_of_the_reference_values(autodiff_backend, approximation, kept, engine):
    function = kg.function(thread_circuit(), kg.expval(kg.Y(0)), engine=engine)
    found = kg.metric_tensor(function, approximation=approximation)(POINT)
    expect.close(autodiff_backend, found, thread_metric(*kept))


def test_each_gate_has_the_variance_of_its_generator_in_the_state_before_it(autodiff_backend):
    w = kg.parameters("w", (3,))
    function = kg.function(kg.Circuit(2).rx(w[0], 0).ry(w[1], 0).cx(0, 1).rx(w[2], 1), kg.state())
    # The variances of X in |0⟩, of Y after rx(0.1), and of X of a target whose coherence its control has taken.
    expected = np.diag([1.0, math.cos(0.1) ** 2, 1.0]) / 4
    expect.close(autodiff_backend, kg.metric_tensor(function)(np.array([0.1, 0.2, 0.3])), expected.tolist())


def test_a_backend_without_automatic_differentiation_has_it_too():
    with kg.use_backend("strict") as strict:
        found = kg.metric_tensor(kg.function(thread_circuit(), kg.state()))(strict.asarray(POINT))
        expect.close(strict, found, thread_metric("02", "12", "23"))


def test_any_function_that_returns_a_state_vector(autodiff_backend):
    function = kg.function(thread_circuit(), kg.state())
    found = kg.metric_tensor(lambda x: function(2.0 * x))(POINT / 2)
    expect.close(autodiff_backend, found, (4 * np.array(thread_metric("02", "12", "23"))).tolist())


# G of exp(−iθG/2) on ψ: the metric is its variance over 4.


def test_a_rotation_has_a_quarter_of_the_variance_of_its_generator(autodiff_backend):
    theta = kg.parameters("theta")
    function = kg.function(kg.Circuit(1).ry(0.7, 0).rz(theta, 0), kg.state())
    expect.close(autodiff_backend, kg.metric_tensor(function)(0.3), math.sin(0.7) ** 2 / 4)


def test_a_shared_and_scaled_parameter_has_the_sum_of_its_gates(autodiff_backend):
    theta = kg.parameters("theta")
    # exp(−iθ(Z0 + 2 Z1)/2) on |+⟩|+⟩: the variance of Z0 + 2 Z1 is 5.
    function = kg.function(kg.Circuit(2).h(0).h(1).rz(theta, 0).rz(2 * theta + 0.4, 1), kg.state())
    expect.close(autodiff_backend, kg.metric_tensor(function)(0.3), 5 / 4)


def test_controlled_rotations(autodiff_backend):
    theta = kg.parameters("theta")
    # G = |1⟩⟨1| ⊗ Z with the control in √(0.3)|1⟩: ⟨G²⟩ = 0.3 and ⟨G⟩ = 0.3 cos 0.7.
    circuit = kg.Circuit(2).ry(2 * math.asin(math.sqrt(0.3)), 0).ry(0.7, 1).crz(theta, 0, 1)
    found = kg.metric_tensor(kg.function(circuit, kg.state()))(1.1)
    expect.close(autodiff_backend, found, (0.3 - (0.3 * math.cos(0.7)) ** 2) / 4)


@pytest.mark.parametrize("name", ["p", "single_excitation", "ry"])
def test_a_generator_of_any_eigenvalues_has_its_variance(autodiff_backend, name):
    theta = kg.parameters("theta")
    circuit, share = kg.Circuit(2).ry(0.7, 0), math.sin(0.35) ** 2
    getattr(circuit, name)(theta, *([0, 1] if name == "single_excitation" else [0]))
    # 2|1⟩⟨1|, G with G² the projector on one excitation and ⟨G⟩ = 0, and Y, in a state with real amplitudes.
    expected = {"p": 4 * share * (1 - share), "single_excitation": share, "ry": 1.0}[name] / 4
    expect.close(autodiff_backend, kg.metric_tensor(kg.function(circuit, kg.state()))(1.1), expected)


def test_an_array_of_parameters_has_its_axes_twice(autodiff_backend):
    theta = kg.parameters("theta", (2, 1))
    function = kg.function(kg.Circuit(2).ry(theta[0, 0], 0).ry(theta[1, 0], 1), kg.state())
    found = kg.metric_tensor(function)(np.array([[0.2], [0.4]]))
    expect.close(autodiff_backend, found, [[[[0.25], [0.0]]], [[[0.0], [0.25]]]])


def test_inputs_are_not_differentiated_and_may_be_a_batch(autodiff_backend):
    x, w = kg.parameters("x"), kg.parameters("w", (2,))
    circuit = kg.Circuit(1).ry(x, 0).rz(w[0], 0).ry(w[1], 0)
    function, angles = kg.function(circuit, kg.expval(kg.Z(0))), np.array([0.3, 1.2, 2.0])
    # After rz(a) the state has ⟨Y⟩ = sin x sin a; and so the elements are sin² x/4, (1 − ⟨Y⟩²)/4, −⟨Z⟩⟨Y⟩/4.
    z, y = np.cos(angles), np.sin(angles) * math.sin(0.5)
    expected = np.array([[np.sin(angles) ** 2, -z * y], [-z * y, 1 - y**2]]).transpose(2, 0, 1) / 4
    tensor = kg.metric_tensor(function, argnums=1)(angles, np.array([0.5, 0.9]))
    expect.close(autodiff_backend, tensor, expected.tolist())
    mean = kg.metric_tensor(function, argnums=1, average=True)(angles, np.array([0.5, 0.9]))
    expect.close(autodiff_backend, mean, expected.mean(axis=0).tolist())


@pytest.mark.parametrize("approximation", [None, "block-diag", "diag"])
def test_inputs_need_no_shift_rule(autodiff_backend, approximation):
    x, w = kg.parameters("x", (2,)), kg.parameters("w")
    function = kg.function(kg.Circuit(1).prepare(list(x), [0]).rz(w, 0), kg.expval(kg.Z(0)))
    amplitudes = np.array([[math.cos(0.35), math.sin(0.35)], [3.0, 4.0]])
    found = kg.metric_tensor(function, 1, approximation)(amplitudes, 0.2)
    # The variance of Z, which is (2ab)² for amplitudes a and b.
    expect.close(autodiff_backend, found, [math.sin(0.7) ** 2 / 4, (24 / 25) ** 2 / 4])


def test_a_batch_of_any_function_and_its_mean(autodiff_backend):
    x, w = kg.parameters("x"), kg.parameters("w")
    states, angles = kg.function(kg.Circuit(1).ry(x, 0).rz(w, 0), kg.state()), np.array([0.3, 1.2, 2.0])

    def tripled(inputs, weight):
        return states(inputs, 3.0 * weight)

    expected = 9 * np.sin(angles) ** 2 / 4
    expect.close(autodiff_backend, kg.metric_tensor(tripled, 1)(angles, 0.5), expected.tolist())
    expect.close(autodiff_backend, kg.metric_tensor(tripled, 1, average=True)(angles, 0.5), expected.mean())


def test_several_arguments_have_a_tensor_each(autodiff_backend):
    a, b = kg.parameters("a"), kg.parameters("b", (1,))
    function = kg.function(kg.Circuit(1).ry(0.7, 0).rz(a, 0).rz(2 * b[0], 0), kg.state())
    by_a, by_b = kg.metric_tensor(function, (0, 1))(0.1, np.array([0.2]))
    expect.close(autodiff_backend, by_a, math.sin(0.7) ** 2 / 4)
    expect.close(autodiff_backend, by_b, [[math.sin(0.7) ** 2]])


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_joint_tensor_has_the_elements_between_arguments(autodiff_backend, by_hand):
    a, b = kg.parameters("a", (2, 1)), kg.parameters("b")
    # Generators 2 Z0, Z1 and Z0 + Z1 on |+⟩|+⟩, where ⟨Zᵢ Zⱼ⟩ = δᵢⱼ: a quarter of their covariances.
    circuit = kg.Circuit(2).h(0).h(1).rz(2 * a[0, 0], 0).rz(a[1, 0], 1).rz(b, 0).rz(b, 1)
    function = kg.function(circuit, kg.state())
    states = (lambda *args: function(*args)) if by_hand else function
    expected = np.array([[4.0, 0.0, 2.0], [0.0, 1.0, 1.0], [2.0, 1.0, 2.0]]) / 4
    points = np.array([[0.1], [0.2]]), 0.3
    expect.close(autodiff_backend, kg.metric_tensor(states, (0, 1), joint=True)(*points), expected.tolist())
    swapped = expected[np.ix_([2, 0, 1], [2, 0, 1])]
    expect.close(autodiff_backend, kg.metric_tensor(states, (1, 0), joint=True)(*points), swapped.tolist())
    alone = kg.quantum_fisher_information(states, 0, joint=True)(*points)
    expect.close(autodiff_backend, alone, (4 * expected[:2, :2]).tolist())


def test_the_joint_tensor_of_a_batch_and_its_mean(autodiff_backend):
    x, a, b = kg.parameters("x"), kg.parameters("a"), kg.parameters("b")
    function = kg.function(kg.Circuit(1).ry(x, 0).rz(a, 0).rz(2 * b, 0), kg.state())
    angles = np.array([0.3, 1.2, 2.0])
    expected = np.sin(angles)[:, None, None] ** 2 / 4 * np.array([[1.0, 2.0], [2.0, 4.0]])
    found = kg.metric_tensor(function, (1, 2), joint=True)(angles, 0.1, 0.2)
    expect.close(autodiff_backend, found, expected.tolist())
    mean = kg.metric_tensor(function, (1, 2), average=True, joint=True)(angles, 0.1, 0.2)
    expect.close(autodiff_backend, mean, expected.mean(axis=0).tolist())


def test_an_initial_state_is_where_the_circuit_begins(autodiff_backend):
    theta = kg.parameters("theta")
    function = kg.function(kg.Circuit(1).rz(theta, 0), kg.state())
    found = kg.metric_tensor(function)(0.3, initial_state=np.array([math.cos(0.35), math.sin(0.35)]))
    expect.close(autodiff_backend, found, math.sin(0.7) ** 2 / 4)


def test_a_circuit_without_parameters_of_an_argument_has_zeros(autodiff_backend):
    a, b = kg.parameters("a"), kg.parameters("b")
    function = kg.function(kg.Circuit(1).ry(a, 0).rz(b * 0, 0), kg.state())
    expect.close(autodiff_backend, kg.metric_tensor(function, 1)(0.4, 0.2), 0.0)


def test_the_tensor_is_differentiated(autodiff_backend):
    a, b = kg.parameters("a"), kg.parameters("b")
    function = kg.function(kg.Circuit(1).ry(a, 0).rz(b, 0), kg.state())
    slope = kg.grad(lambda x: kg.metric_tensor(function, 1)(x, 0.2), fallback="error")(0.7)
    expect.close(autodiff_backend, slope, math.sin(1.4) / 4)


@pytest.mark.parametrize("wrap", [kg.jit, kg.vmap])
def test_the_tensor_is_compiled_and_mapped(autodiff_backend, wrap):
    evaluate, points = kg.metric_tensor(kg.function(thread_circuit(), kg.state())), np.stack([POINT, POINT])
    found = wrap(evaluate)(autodiff_backend.asarray(POINT if wrap is kg.jit else points))
    expected = thread_metric("02", "12", "23")
    expect.close(autodiff_backend, found, expected if wrap is kg.jit else [expected] * 2)


def test_prepared_amplitudes_go_by_the_jacobian(autodiff_backend):
    a = kg.parameters("a", (2,))
    function = kg.function(kg.Circuit(1).prepare(list(a), [0]), kg.state())
    # (x, y)/r moves by dφ across the radius, and not along it.
    found = kg.metric_tensor(function)(np.array([3.0, 4.0]))
    expect.close(autodiff_backend, found, [[16 / 625, -12 / 625], [-12 / 625, 9 / 625]])


def test_fifty_parameters_on_ten_qubits(autodiff_backend):
    circuit = kg.templates.hardware_efficient(kg.parameters("theta", (3, 10, 2)))
    values = np.random.default_rng(2).uniform(-3, 3, (3, 10, 2))
    found = autodiff_backend.to_numpy(kg.metric_tensor(kg.function(circuit, kg.state()))(values)).reshape(60, 60)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    # The first layer's RY act on |0⟩, where Y has the variance 1; a metric has no negative eigenvalue.
    np.testing.assert_allclose(np.diag(found)[:20:2], 0.25, atol=1e-12)
    assert np.linalg.eigvalsh(found).min() > -1e-12


@pytest.mark.parametrize(
    ("rule", "approximation"), [("qng_full", None), ("qng_block_diagonal", "block-diag"), ("qng_diagonal", "diag")]
)
def test_two_hundred_steps_of_natural_gradient(rule, approximation):
    function = kg.function(thread_circuit(), kg.expval(kg.Y(0)))
    metric, gradient, point = kg.metric_tensor(function, approximation=approximation), kg.grad(function), POINT
    for _ in range(200):
        point = point - 0.01 * np.linalg.pinv(metric(point)) @ gradient(point)
    reference = THREAD["after_200_steps_lr_0.01"][rule]
    assert function(point) == pytest.approx(reference["cost"], abs=1e-9)
    np.testing.assert_allclose(point, reference.get("params", point), atol=1e-9)


# Fisher information


def test_the_quantum_fisher_information_is_four_times_the_metric(autodiff_backend):
    function = kg.function(thread_circuit(), kg.state())
    expected = 4 * np.array(thread_metric("02", "12", "23"))
    expect.close(autodiff_backend, kg.quantum_fisher_information(function)(POINT), expected.tolist())
    (both,) = kg.quantum_fisher_information(function, (0,))(POINT)
    expect.close(autodiff_backend, both, expected.tolist())


def test_the_classical_fisher_information(autodiff_backend):
    p = kg.parameters("p", (2,))
    function = kg.function(kg.Circuit(2).ry(p[0], 0).rx(2 * p[1], 1), kg.probs())
    # Each qubit alone has cos² and sin² of half its angle, whose information is 1.
    found = kg.classical_fisher_information(function)(np.array([0.4, 0.9]))
    expect.close(autodiff_backend, found, [[1.0, 0.0], [0.0, 4.0]])


def test_outcomes_that_never_come_have_no_share(autodiff_backend):
    p = kg.parameters("p", (1,))
    function = kg.function(kg.Circuit(2).ry(p[0], 0), kg.probs())
    expect.close(autodiff_backend, kg.classical_fisher_information(function)(np.array([0.4])), [[1.0]])


# Wrong input


def test_a_noisy_circuit_has_no_metric_tensor():
    p = kg.parameters("p")
    function = kg.function(kg.Circuit(1).rx(p, 0).bit_flip(0.1, 0), kg.expval(kg.Z(0)))
    with pytest.raises(kg.UnsupportedError, match=r"a circuit with noise, .* leave these out, or give"):
        kg.metric_tensor(function)(0.1)


def test_layers_are_seen_in_circuits_alone():
    function = kg.function(thread_circuit(), kg.state())
    with pytest.raises(kg.UnsupportedError, match="layers and angles are seen only in a circuit where"):
        kg.metric_tensor(lambda x: function(x), approximation="diag")(POINT)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda f: kg.metric_tensor(3), kg.InvalidTypeError, "metric_tensor needs a function, got a int"),
        (lambda f: kg.metric_tensor(f, approximation="block"), kg.InvalidValueError, 'give None, "block-diag" or'),
        (lambda f: kg.metric_tensor(f, 1)(POINT), kg.InvalidValueError, "argnums names argument 1, but"),
        (lambda f: kg.metric_tensor(f, "p")(POINT), kg.InvalidTypeError, "argnums holds 'p'; give positions"),
        (lambda f: kg.metric_tensor(f, True)(POINT), kg.InvalidTypeError, "argnums holds True; give positions"),
        (lambda f: kg.metric_tensor(f, (0, 0))(POINT), kg.InvalidValueError, "and each only once"),
        (lambda f: kg.classical_fisher_information(3), kg.InvalidTypeError, "needs a function, got a int"),
        (lambda f: kg.classical_fisher_information(f, "p")(POINT), kg.InvalidTypeError, "argnums holds 'p'"),
        (lambda f: kg.metric_tensor(lambda x: x)(np.array(0.5)), kg.InvalidValueError, "returns state vectors of"),
        (
            lambda f: kg.classical_fisher_information(f)(POINT),
            kg.InvalidValueError,
            "give a function that returns real",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(kg.function(thread_circuit(), kg.expval(kg.Y(0))))


def test_states_are_derived_by_one_run_a_rotation_two_where_it_is_controlled_and_none_for_inputs():
    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (3,))
    circuit = kg.Circuit(2).rx(x[0], 0).rx(x[1], 1).ry(theta[0], 0).rzz(theta[1], 0, 1).crx(theta[2], 0, 1)
    recipe = kg.function(circuit, kg.state()).execution.recipe
    moves = amplitude_moves(recipe, columns_of(recipe, [theta.declaration])).moves
    assert [move.number for move in moves] == [0, 1, 2, 2]

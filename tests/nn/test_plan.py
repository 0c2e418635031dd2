"""What all layers share: inputs and weights by name, batches, features side by side, precision."""

import math
import pickle

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.circuit.parameters import Declaration
from ketgrad_conformance import expect

X = np.array([[0.3, 0.5], [0.7, -0.2], [1.1, 0.4]])
THETA = np.array([0.2, -0.6])
TURNED = np.cos(X + THETA)


def circuit():
    """Each qubit is turned about x by its input and its weight, so ⟨Z⟩ = cos(x + θ)."""
    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    turned = kg.Circuit(2)
    for qubit in range(2):
        turned.rx(x[qubit], qubit).rx(theta[qubit], qubit)
    return turned


def plan_of(*measurements, **options):
    return kg.nn.LayerPlan.of(kg.function(circuit(), *measurements), "x", **options)


def run(backend, plan, x=X, theta=THETA):
    return plan(backend, {"theta": backend.asarray(theta)}, [backend.asarray(x)])


def near(backend, actual, expected, tolerance=1e-12):
    assert tuple(actual.shape) == np.shape(expected)
    expect.near(backend.to_numpy(actual), expected, tolerance)


def outcome_probabilities(cosines):
    """Return those of two independent qubits with these ⟨Z⟩, qubit 0 leftmost."""
    ones = (1 - cosines) / 2
    first, second = (np.stack([1 - ones[..., qubit], ones[..., qubit]], axis=-1) for qubit in range(2))
    return (first[..., :, None] * second[..., None, :]).reshape(*cosines.shape[:-1], 4)


# Inputs and weights


def test_what_is_no_input_is_a_weight():
    plan = plan_of(kg.expval(kg.Z(0)))
    assert plan.inputs == ("x",)
    assert plan.weights == (Declaration("theta", (2,)),)


def test_without_inputs_all_arrays_are_weights(backend):
    plan = kg.nn.LayerPlan.of(kg.function(circuit(), kg.expval(kg.Z(0))))
    assert [weight.name for weight in plan.weights] == ["x", "theta"]
    given = {"x": backend.asarray(X[0]), "theta": backend.asarray(THETA)}
    near(backend, plan(backend, given, []), TURNED[0, :1])


def test_several_inputs_come_in_the_order_of_their_names(backend):
    plan = kg.nn.LayerPlan.of(kg.function(circuit(), kg.probs([0]), kg.probs([1])), ("theta", "x"))
    features = plan(backend, {}, [backend.asarray(THETA), backend.asarray(X)])
    zeros = (1 + TURNED) / 2
    near(backend, features, np.stack([zeros[:, 0], 1 - zeros[:, 0], zeros[:, 1], 1 - zeros[:, 1]], axis=-1))


# Batches and features


@pytest.mark.parametrize("batch", [(), (3,), (2, 3), (1, 2, 3)])
def test_the_batch_has_any_number_of_axes(backend, batch):
    x = np.broadcast_to(X, (*batch, 2)).copy() if batch else X[0]
    expected = np.cos(x + THETA)
    near(backend, run(backend, plan_of(kg.expval(kg.Z(0))), x), expected[..., :1])
    near(backend, run(backend, plan_of(kg.expval(kg.Z(0)), kg.expval(kg.Z(1))), x), expected)
    near(backend, run(backend, plan_of(kg.probs([0, 1])), x), outcome_probabilities(expected))


def test_results_of_several_sizes_stand_side_by_side_in_their_order(backend):
    plan = plan_of(kg.expval(kg.Z(1)), kg.probs([0, 1]), kg.purity([0]), kg.probs([0]))
    zeros = (1 + TURNED[:, :1]) / 2
    expected = [TURNED[:, 1:], outcome_probabilities(TURNED), np.ones((3, 1)), zeros, 1 - zeros]
    near(backend, run(backend, plan), np.concatenate(expected, axis=1))


def test_complex_results_are_joined_to_complex_features(backend):
    plan = plan_of(kg.state(), kg.density_matrix([0]))
    features = backend.to_numpy(run(backend, plan))
    half, angles = np.array([1, -1j]), (X + THETA) / 2
    first, second = (half * np.stack([np.cos(angles[:, q]), np.sin(angles[:, q])], axis=-1) for q in range(2))
    expect.near(features[:, :4], (first[:, :, None] * second[:, None, :]).reshape(3, 4), 1e-12)
    expect.near(features[:, 4:], (first[:, :, None] * first[:, None, :].conj()).reshape(3, 4), 1e-12)


def test_without_join_results_are_those_of_the_function(backend):
    features, probabilities = run(backend, plan_of(kg.expval(kg.Z(0)), kg.probs([0, 1]), join=False))
    near(backend, features, TURNED[:, 0])
    near(backend, probabilities, outcome_probabilities(TURNED))


def test_weights_may_have_batch_axes_too(backend):
    theta = np.stack([THETA, 2 * THETA])[:, None]
    near(backend, run(backend, plan_of(kg.expval(kg.Z(0))), X, theta), np.cos(X + theta)[..., :1])


MEASUREMENTS = (
    [kg.expval(kg.Z(0))],
    [kg.var(kg.Z(0)), kg.purity([0]), kg.entropy([0]), kg.mutual_info([0], [1])],
    [kg.fidelity(np.array([1, 0, 0, 0]))],
    [kg.probs([1]), kg.probs()],
    [kg.state(), kg.density_matrix([1]), kg.density_matrix()],
)


@pytest.mark.parametrize("measurements", MEASUREMENTS)
def test_the_number_of_features_is_known_before_a_call(measurements):
    plan = plan_of(*measurements)
    backend = kg.get_backend()
    assert run(backend, plan).shape == (3, plan.num_features)


def test_a_batch_is_one_run_of_the_circuit(backend, monkeypatch):
    batches = []
    execute = kg.circuit_function.Execution.results

    def counted(self, backend, precision, values, batch, *rest):
        batches.append(batch)
        return execute(self, backend, precision, values, batch, *rest)

    monkeypatch.setattr(kg.circuit_function.Execution, "results", counted)
    run(backend, plan_of(kg.expval(kg.Z(0)), kg.probs()), np.zeros((4, 64, 2)))
    assert batches == [256]


def test_features_are_differentiated_by_inputs_and_weights(autodiff_backend):
    plan = plan_of(kg.expval(kg.Z(0)), kg.probs([1]))
    derivative = kg.jacobian(lambda x, theta: plan(autodiff_backend, {"theta": theta}, [x]), argnums=(0, 1))
    by_x, by_theta = derivative(autodiff_backend.asarray(X[0]), autodiff_backend.asarray(THETA))
    slopes = -np.sin(X[0] + THETA)
    expected = [[slopes[0], 0], [0, slopes[1] / 2], [0, -slopes[1] / 2]]
    near(autodiff_backend, by_x, expected)
    near(autodiff_backend, by_theta, expected)


# Backends and precision


def test_a_plan_computes_in_the_backend_that_it_is_given(backend):
    plan = plan_of(kg.expval(kg.Z(0)))
    arrays = backend.asarray(THETA), backend.asarray(X)
    with kg.use_backend("strict" if backend.name == "numpy" else "numpy"):
        features = plan(backend, {"theta": arrays[0]}, [arrays[1]])
    assert backend.is_array(features)


@pytest.mark.parametrize("in_force", ["single", "double"])
@pytest.mark.parametrize(
    ("of_x", "of_theta", "expected"),
    [
        ("float32", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("float64", "float32", "float64"),
        ("float16", "float32", "float32"),
        ("int64", "float32", "float32"),
    ],
)
def test_the_precision_is_that_of_the_widest_array(backend, in_force, of_x, of_theta, expected):
    with kg.use_precision(in_force):
        x, theta = np.ones((3, 2), of_x), backend.asarray(THETA.astype(of_theta))
        features = plan_of(kg.expval(kg.Z(0)))(backend, {"theta": theta}, [x])
    assert backend.dtype(features) == expected
    near(backend, features, np.full((3, 1), math.cos(1 + THETA[0])), 1e-6)


@pytest.mark.parametrize(("in_force", "expected"), [("single", "float32"), ("double", "float64")])
def test_numbers_take_the_precision_in_force(backend, in_force, expected):
    with kg.use_precision(in_force):
        features = plan_of(kg.expval(kg.Z(0)))(backend, {"theta": [0.2, -0.6]}, [[0.3, 0.5]])
    assert backend.dtype(features) == expected


# Callables


def scaled(x, theta, scale):
    return kg.function(circuit(), kg.expval(kg.Z(0)), kg.expval(kg.Z(1)))(x, scale * theta)


def test_a_callable_takes_inputs_by_position_and_weights_by_name(backend):
    plan = kg.nn.LayerPlan.of(scaled, "x", {"scale": (), "theta": 2})
    given = {"theta": backend.asarray(THETA), "scale": backend.asarray(3.0)}
    near(backend, plan(backend, given, [backend.asarray(X)]), np.cos(X + 3 * THETA))


def test_a_callable_computes_in_one_precision(backend):
    plan = kg.nn.LayerPlan.of(lambda x, theta: x * theta, "x", {"theta": 2})
    features = plan(backend, {"theta": backend.asarray(THETA)}, [X.astype("float32")])
    near(backend, features, X * THETA, 1e-6)
    assert backend.dtype(features) == "float64"


def test_a_plan_is_pickled_before_and_after_a_call():
    backend, plan = kg.get_backend(), plan_of(kg.expval(kg.Z(0)))
    before = pickle.loads(pickle.dumps(plan))
    near(backend, run(backend, before), TURNED[:, :1])
    near(backend, run(backend, pickle.loads(pickle.dumps(before))), TURNED[:, :1])


# Misuse


def function(*measurements):
    return kg.function(circuit(), *(measurements or [kg.expval(kg.Z(0))]))


NO_PLAN = (
    ((function(), "y"), {}, "the function has no array 'y' for an input; it has x of shape (2,), theta of shape (2,)"),
    ((function(), ("x", "x")), {}, "inputs names an array twice: x, x"),
    ((function(), 3), {}, 'inputs is 3; give a name such as "x", or several such as ("x", "y")'),
    (
        (function(), "x"),
        {"weights": {"theta": (2,)}},
        "weights are the arrays that the function declares, and it has x of shape (2,), theta of shape (2,); leave "
        "weights out",
    ),
    ((circuit(), "x"), {}, "got a Circuit; give a function made by kg.function, or a callable"),
    (
        (scaled, "x"),
        {},
        "the function is not made by kg.function, so its weights are not known; give their shapes, such as "
        'weights={"theta": (3, 4)}, or {} if there are none',
    ),
    ((scaled, "x", {"x": (2,)}), {}, "'x' is among the inputs and the weights; give another name"),
    ((scaled, "x", {"theta": None}), {}, "the shape of theta is None; give sizes, such as (3, 4)"),
    ((scaled, "x", {"theta": (0,)}), {}, "the shape of theta is (0,); give sizes of at least 1"),
    (
        (kg.function(circuit(), kg.counts(), shots=10), "x"),
        {},
        "counts has no gradient, so it is no layer's result; measure kg.expval or kg.probs, with shots too",
    ),
    (
        (kg.function(circuit(), kg.sample(), shots=10), "x"),
        {"join": False},
        "sample has no gradient, so it is no layer's result; measure kg.expval or kg.probs, with shots too",
    ),
    (
        (function(kg.probs(), kg.state()), "x"),
        {},
        "results of probs (real) and of state (complex) are not joined; give join=False, or functions that return one "
        "kind each",
    ),
)


@pytest.mark.parametrize(("args", "options", "sentence"), NO_PLAN)
def test_what_makes_no_layer_is_told_in_one_sentence(args, options, sentence):
    with pytest.raises(kg.KetgradError) as error:
        kg.nn.LayerPlan.of(*args, **options)
    assert str(error.value) == sentence


NO_CALL = (
    (
        lambda plan, backend: plan(backend, {"theta": THETA}, []),
        "the layer takes 1 inputs (x), got 0; name with inputs=... the arrays that are given at a call",
    ),
    (lambda plan, backend: plan(backend, {}, [X]), "the weights are theta, got none"),
    (
        lambda plan, backend: plan(backend, {"theta": THETA}, [X.T]),
        "x got values of shape (2, 3); give shape (2,), with batch axes in front if wanted",
    ),
    (
        lambda plan, backend: plan(backend, {"theta": np.ones((2, 2))}, [X]),
        "the batch axes (3,), (2,) do not broadcast",
    ),
)


@pytest.mark.parametrize(("call", "sentence"), NO_CALL)
def test_a_wrong_call_is_told_in_one_sentence(backend, call, sentence):
    with pytest.raises(kg.KetgradError) as error:
        call(plan_of(kg.expval(kg.Z(0))), backend)
    assert str(error.value) == sentence


NO_RESULT = (
    (lambda x: x[0], "the function returned an array of shape (2,) for a batch of shape (3,); return one with the"),
    (lambda x: 1.0, "the function returned a float; return an array of numpy, or a tuple of them"),
    (lambda x: (x, x * 1j), "results of float64 and of complex128 are not joined; give join=False, or functions that"),
)


@pytest.mark.parametrize(("callable_", "sentence"), NO_RESULT)
def test_a_callable_that_returns_no_features_is_told_so(callable_, sentence):
    with pytest.raises(kg.KetgradError) as error:
        kg.nn.LayerPlan.of(callable_, "x", {})(kg.get_backend(), {}, [X])
    assert str(error.value).startswith(sentence)


def test_the_number_of_features_of_what_is_not_joined_is_refused():
    with pytest.raises(kg.UnsupportedError, match="not known before a call: results are not joined"):
        _ = plan_of(kg.probs(), join=False).num_features
    with pytest.raises(kg.UnsupportedError, match=r"not known before a call: only a function of kg\.function tells it"):
        _ = kg.nn.LayerPlan.of(scaled, "x", {}).num_features


def test_a_name_that_no_distribution_provides_is_no_attribute():
    with pytest.raises(AttributeError, match=r"module 'ketgrad\.nn' has no attribute 'TorchLyer'"):
        _ = kg.nn.TorchLyer
    assert {"FlaxLayer", "KerasLayer", "TorchLayer", "functional"} <= set(dir(kg.nn))

"""Natural gradient in Keras, trained by `fit` on each of its backends, against published results and closed forms."""

import json
import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from installed import installed_backends
from ketgrad_conformance import expect
from reference_circuits import AFTER_200_STEPS, thread

if find_spec("keras") is None:
    pytest.skip("Keras is not installed", allow_module_level=True)
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "pytorch"}
CODE = f"import runpy; runpy.run_path({str(Path(__file__).parent / 'keras_training.py')!r})"
DATA = np.array([0.3, 1.2, 2.0, 2.5, 0.8, 1.7])
START = (0.9, 0.5, 0.4, 0.8)
FOUND = {}


@pytest.fixture(params=[name for name, own in BACKENDS.items() if own in installed_backends()])
def found(request, in_new_process):
    """What keras_training.py prints on each backend of Keras, run once."""
    if request.param not in FOUND:
        FOUND[request.param] = in_new_process(CODE, KERAS_BACKEND=request.param, JAX_ENABLE_X64="1")
    return FOUND[request.param]


def near(actual, expected, tolerance=1e-12):
    expect.near(np.array(actual), expected, tolerance)


@pytest.mark.parametrize(
    ("approximation", "name"),
    [
        ("null", "qng_full"),
        ("block-diag", "qng_block_diagonal"),
        ("diag", "qng_diagonal"),
        ("none", "gradient_descent"),
    ],
)
def test_two_hundred_steps_of_fit(found, approximation, name):
    weights, expected = np.array(found["thread"][approximation]), AFTER_200_STEPS[name]
    assert float(thread()(weights)) == pytest.approx(expected["cost"], abs=1e-9)
    if "params" in expected:
        near(weights, expected["params"], 1e-9)


# Hybrid models: s x = h goes to sin h cos w + cos h cos v − sin h cos u sin v.


def gradients(values, x):
    """Return the gradients of the mean of the results over x."""
    scale, w, u, v = values
    h, sin, cos = scale * x, math.sin, math.cos
    by_h = np.cos(h) * cos(w) - np.sin(h) * cos(v) - np.cos(h) * cos(u) * sin(v)
    by_u, by_v = np.sin(h) * sin(u) * sin(v), -np.cos(h) * sin(v) - np.sin(h) * cos(u) * cos(v)
    return np.array([(x * by_h).mean(), -(np.sin(h) * sin(w)).mean(), by_u.mean(), by_v.mean()])


def metrics(values, x):
    """Return the metrics of the two circuits, averaged over x."""
    scale, _, u, _ = values
    h = scale * x
    y, z = np.sin(h) * math.sin(u), np.cos(h)
    squares = (np.sin(h) ** 2).mean()
    return squares / 4, np.array([[squares, -(z * y).mean()], [-(z * y).mean(), (1 - y**2).mean()]]) / 4


@pytest.mark.parametrize(("name", "regularization"), [("hybrid", 0.0), ("hybrid_regularized", 0.5)])
def test_variables_have_their_own_metrics_or_the_ordinary_step(found, name, regularization):
    first, second = metrics(START, DATA)
    scales = np.array([1.0, first + regularization, 1.0, second[1, 1] + regularization])
    near(found[name], np.array(START) - 0.1 * gradients(START, DATA) / scales)


def test_natural_functions_bring_the_metric_of_each_batch_into_fit(found):
    values = np.array(START)
    for batch in (DATA[:3], DATA[3:]):
        (first, second), (scale, w, *others) = metrics(values, batch), gradients(values, batch)
        values = values - 0.1 * np.array([scale, w / first, *np.linalg.solve(second, others)])
    near(found["natural"], values)


# Steps


def test_metrics_are_set_anew_in_a_loop_by_hand(found):
    near(found["by_hand"], -(1 / 2) - (0.5 / 2 + 1 / 4))


def test_a_singular_metric_has_its_pseudo_inverse(found):
    near(found["singular"], [-1.0, -1.0])  # eigenvalue 2 along (1, 1), 0 along (1, −1), of the gradient (3, 1)


def test_learning_rates_are_functions_or_schedules(found):
    near(found["scheduled"], [-1.5, -0.25])
    near(found["decayed"], [-3.3, -1.1], 1e-7)  # Keras has them in single precision


def test_variables_keep_their_type(found):
    near(found["bfloat16"], [-1.5, -0.25])


def test_training_goes_on_after_loading_once_metrics_are_set(found):
    whole, resumed, refusal = found["resumed"]
    v = [0.5, 0.75, 0.875, 0.9375]  # v ← v/2 + 1/2
    near(whole, [[-0.1 * sum(v)]])
    near(resumed, whole)
    assert "the metric of dense/kernel is a function, which is not saved with a model; set optimizer.metrics" in refusal


def test_the_configuration_names_what_has_a_metric(found):
    kept = {name: found["config"][name] for name in ("learning_rate", "regularization", "momentum", "metrics")}
    assert kept == {"learning_rate": 0.5, "regularization": 0.25, "momentum": 0.75, "metrics": ["theta"]}
    json.dumps(found["config"])


def test_each_misuse_has_its_sentence(found):
    expected = [
        ("InvalidValueError", "momentum is 1.0; give a number from 0 up to, but not, 1"),
        ("InvalidValueError", "regularization is -1.0; give a number of zero or more"),
        ("InvalidTypeError", "the metric of theta is a int; give a function of the variable's value, or a tensor"),
        ("InvalidTypeError", "give a mapping from names of variables to functions of their values, or a list of pairs"),
        ("InvalidValueError", "metrics names kernel, which no variable is; those that are trained are theta, theta, p"),
        ("InvalidValueError", "metrics names theta, which several variables are; those that are trained are theta, th"),
        (
            "InvalidValueError",
            "the metric tensor has the shape (1, 1), and the gradient (2,); give one of shape (2, 2)",
        ),
    ]
    for (kind, sentence), (wanted, part) in zip(found["refusals"], expected, strict=True):
        assert kind == wanted
        assert part in sentence


@pytest.mark.skipif("jax" not in installed_backends(), reason="needs JAX")
def test_metrics_are_in_the_precision_of_their_variable(in_new_process):
    code = """
        import keras, numpy as np, ketgrad as kg
        theta = kg.parameters("theta", ())
        energy = kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(kg.Z(0)))
        variable = keras.Variable(np.float32(0.5), name="theta")
        kg.optimize.keras.QNG(0.1, {"theta": kg.metric_tensor(energy)}).apply([np.float32(1.0)], [variable])
        print(json.dumps([str(variable.dtype), float(variable.value)]))
    """
    dtype, value = in_new_process(code, KERAS_BACKEND="jax")  # where JAX has no double precision
    assert dtype == "float32"
    assert value == pytest.approx(0.5 - 0.1 * 4, abs=1e-6)


def test_a_backend_of_keras_without_training(in_new_process):
    found = in_new_process(
        """
        import keras, numpy as np, ketgrad as kg
        optimizer = kg.optimize.keras.QNG(0.1, {"theta": np.eye(1)})
        try:
            optimizer.apply([np.ones(1)], [keras.Variable(np.zeros(1), name="theta")])
        except kg.UnsupportedError as error:
            print(json.dumps(str(error)))
        """,
        KERAS_BACKEND="numpy",
    )
    assert found == "Keras does not train on its backend 'numpy'; give one of tensorflow, jax, torch"


@pytest.mark.skipif("tensorflow" not in installed_backends(), reason="needs TensorFlow")
def test_ketgrad_s_tensorflow_can_be_imported_while_a_graph_is_made(in_new_process):
    found = in_new_process(
        """
        import tensorflow as tf, ketgrad as kg
        theta = kg.parameters("theta", ())
        f = kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(kg.Z(0)))

        @tf.function
        def value(x):
            with kg.use_backend("tensorflow"):
                return f(x)

        print(json.dumps(float(value(tf.constant(0.3, tf.float64)))))
        """
    )
    assert found == pytest.approx(math.cos(0.3), abs=1e-12)


@pytest.mark.skipif("jax" not in installed_backends(), reason="needs JAX")
def test_the_example_of_the_documentation_runs(in_new_process):
    code = """
        import doctest, ketgrad as kg
        print(json.dumps(doctest.testmod(kg.optimize.keras).failed))
    """
    assert in_new_process(code, KERAS_BACKEND="jax", JAX_ENABLE_X64="1") == 0


def test_without_keras_one_sentence_tells_what_to_install(in_new_process):
    code = """
        hide("keras")
        import ketgrad as kg
        try:
            kg.optimize.keras
        except kg.KetgradError as error:
            print(json.dumps(str(error)))
    """
    assert in_new_process(code).endswith("needs keras, which is not installed; run: pip install 'ketgrad[keras]'")

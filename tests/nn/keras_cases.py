"""Layers of Keras on the backend that KERAS_BACKEND names; `test_keras_layer` runs the cases once for each."""

import doctest
import re

import keras
import numpy as np
import pytest

import ketgrad as kg
from ketgrad_backends import keras_layer
from nn.keras_layers import BACKEND, START, cosine, data, features_of_wide, numbers, wide


def gradient(layer, x):
    """Return the derivative of the sum of the features by the first weight."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x))
        return numbers(tape.gradient(total, layer.weights[0].value))
    if BACKEND == "jax":
        import jax

        layer.build(tuple(x.shape))

        def total(weights):
            features, _ = layer.stateless_call(weights, [], x)
            return features.sum()

        return numbers(jax.jit(jax.grad(total))([weight.value for weight in layer.trainable_variables])[0])
    layer(x).sum().backward()
    return numbers(layer.weights[0].value.grad)


@pytest.mark.parametrize("shape", [(1,), (5, 1), (2, 3, 1)])
def test_forward_features_are_those_of_the_closed_form(shape):
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    np.testing.assert_allclose(numbers(cosine()(x)), np.cos(x + START), atol=1e-6)


def test_forward_results_stand_side_by_side_for_several_inputs_whose_batches_broadcast():
    x = np.random.default_rng(2).normal(size=(4, 3, 2)).astype("float32")
    y = np.ones((3, 1), "float32")
    np.testing.assert_allclose(numbers(wide()([x, y])), features_of_wide(x), atol=1e-6)


def test_forward_takes_inputs_by_name():
    x, y = np.array([[0.2, 0.3], [0.4, 0.5]]), np.zeros((2, 1))
    np.testing.assert_allclose(numbers(wide()(y=y, x=x)), features_of_wide(x), atol=1e-6)
    np.testing.assert_allclose(numbers(wide()(x, y=y)), features_of_wide(x), atol=1e-6)
    np.testing.assert_allclose(numbers(cosine()(x=x[:, :1])), np.cos(x[:, :1] + START), atol=1e-6)
    assert cosine()(x=keras.Input((1,))).shape == (None, 1)


def test_forward_takes_some_inputs_by_position_in_a_list_and_others_by_name():
    x, y = np.array([[0.3, 0.5], [0.7, -0.2]]), np.array([[0.1], [0.2]])
    assert np.allclose(numbers(wide()([x], y=y)), features_of_wide(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["training", "mask"])
def test_keras_keeps_its_own_names(name):
    x, theta = kg.parameters(name, (1,)), kg.parameters("theta")
    circuit = kg.Circuit(1).rx(x[0], 0).rx(theta, 0)
    layer = kg.nn.KerasLayer(kg.function(circuit, kg.expval(kg.Z(0))), inputs=name, initial={"theta": START})
    model = keras.Sequential([layer])
    model.compile(optimizer="sgd", loss="mse")
    given = np.array([[0.2], [0.4]])
    assert np.allclose(numbers(model(given, training=True)), np.cos(given + START), rtol=0, atol=1e-6)
    model.fit(given, given, verbose=0)
    assert model.predict(given, verbose=0).shape == (2, 1)


def test_forward_computes_in_the_framework_of_keras_whatever_is_in_force():
    with kg.use_backend("strict"), kg.use_precision("double"):
        found = cosine()(np.zeros((2, 1), "float32"))
    assert keras.ops.is_tensor(found)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"


def test_gradients_are_those_of_the_closed_form():
    x, _ = data()
    assert gradient(cosine(), keras.ops.convert_to_tensor(x)) == pytest.approx(-np.sin(x + START).sum(), abs=1e-5)


def after_steps(x, y, batch_size, rate):
    """Return θ after one epoch of gradient descent on the mean square of cos(x + θ) − y."""
    theta = START
    for start in range(0, len(x), batch_size):
        part, wanted = x[start : start + batch_size], y[start : start + batch_size]
        theta -= rate * np.mean(2 * (np.cos(part + theta) - wanted) * -np.sin(part + theta))
    return theta


@pytest.mark.parametrize("symbolic", [True, False])
def test_fit_takes_the_steps_of_gradient_descent_and_a_last_batch_that_is_smaller(symbolic):
    x, y = data()
    layer = cosine()
    model = keras.Sequential([*([keras.Input((1,))] if symbolic else []), layer])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    assert numbers(layer.weights[0].value) == pytest.approx(after_steps(x, y, 4, 0.5), abs=1e-5)


def test_predict_and_evaluate_give_the_closed_form():
    x, y = data()
    model = keras.Sequential([keras.Input((1,)), cosine()])
    model.compile(loss="mse")
    np.testing.assert_allclose(model.predict(x, batch_size=4, verbose=0), np.cos(x + START), atol=1e-6)
    loss = model.evaluate(x, y, batch_size=4, verbose=0)
    assert loss == pytest.approx(np.mean((np.cos(x + START) - y) ** 2), abs=1e-6)


def test_frozen_weights_stay():
    x, y = data()
    layer = cosine(trainable=False)
    model = keras.Sequential([keras.Input((1,)), layer, keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, y, verbose=0)
    assert numbers(layer.weights[0].value) == pytest.approx(START)


def test_symbolic_inputs_give_the_shape_of_the_features():
    layer = wide()
    x, y = keras.Input((None, 2)), keras.Input((7, 1))
    assert layer([x, y]).shape == (None, 7, 6)
    assert layer.compute_output_shape([(5, None, 2), (1, 1)]) == (5, None, 6)
    assert cosine().compute_output_shape((None, 1)) == (None, 1)
    assert [tuple(weight.shape) for weight in layer.weights] == [(2,)]


def test_a_functional_model_of_several_inputs_is_trained_between_dense_layers():
    a, b = keras.Input((3,)), keras.Input((1,))
    features = wide()([keras.layers.Dense(2)(a), b])
    model = keras.Model([a, b], keras.layers.Dense(1)(features))
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="mse")
    x, y = np.random.default_rng(5).normal(size=(20, 3)), np.ones((20, 1))
    losses = model.fit([x, y], np.sin(x[:, :1]), epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_results_stay_apart_without_join():
    layer = wide(join=False)
    x = np.random.default_rng(2).normal(size=(3, 2)).astype("float32")
    parts = layer([x, np.ones((1,), "float32")])
    assert [tuple(part.shape) for part in parts] == [(3,), (3,), (3, 4)]
    symbolic = layer([keras.Input((2,)), keras.Input((1,))])
    assert [part.shape for part in symbolic] == [(None,), (None,), (None, 4)]
    model = keras.Model(inputs := [keras.Input((2,)), keras.Input((1,))], layer(inputs))
    found = model.predict([x, np.ones((3, 1))], verbose=0)
    np.testing.assert_allclose(
        np.concatenate([part.reshape(3, -1) for part in found], 1), features_of_wide(x), atol=1e-6
    )


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_the_circuit_is_computed_in_32_bits_under_16_bit_policies(policy):
    x, _ = data()
    layer = cosine(dtype=policy)
    found = layer(x)
    half = keras.dtype_policies.get(policy).compute_dtype
    assert keras.backend.standardize_dtype(found.dtype) == half
    weight = keras.ops.cast(layer.weights[0].value, "float32")
    exact = keras.ops.cast(keras.ops.convert_to_tensor(np.cos(x + numbers(weight)).astype("float32")), half)
    assert np.abs(numbers(found) - numbers(exact)).max() <= 2**-8
    if policy.startswith("mixed"):
        assert keras.backend.standardize_dtype(layer.weights[0].dtype) == "float32"
        assert numbers(weight) == pytest.approx(START, abs=1e-7)


def test_models_of_mixed_precision_are_trained():
    x, y = data()
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, dtype="mixed_bfloat16"), cosine(dtype="mixed_bfloat16")]
    )
    model.compile(optimizer="sgd", loss="mse")
    before = numbers(model.layers[-1].weights[0].value)
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()
    assert numbers(model.layers[-1].weights[0].value) != before


def test_float64_is_double_precision():
    x = np.linspace(0, 1, 5)[:, None]
    found = cosine(dtype="float64")(x)
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    np.testing.assert_allclose(numbers(found), np.cos(x + START), atol=1e-14)


def test_weights_start_in_one_turn_and_from_the_seed_of_keras():
    def weights():
        keras.utils.set_random_seed(7)
        layer = kg.nn.KerasLayer(many())
        layer.build()
        return numbers(layer.weights[0].value)

    def many():
        theta = kg.parameters("theta", (400,))
        circuit = kg.Circuit(1)
        for angle in theta:
            circuit.rx(angle, 0)
        return kg.function(circuit, kg.expval(kg.Z(0)))

    found = weights()
    assert 0 <= found.min() < 0.2
    assert 2 * np.pi - 0.2 < found.max() <= 2 * np.pi
    assert np.array_equal(found, weights())


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("zeros", [0, 0]),
        (keras.initializers.Constant(0.25), [0.25, 0.25]),
        (0.5, [0.5, 0.5]),
        ([1.0, 2.0], [1, 2]),
        (np.array([3.0, 4.0]), [3, 4]),
        (lambda shape, dtype=None: keras.ops.ones(shape, dtype), [1, 1]),
    ],
)
def test_weights_start_where_initial_says(start, expected):
    layer = wide(initial={"theta": start})
    layer.build([(None, 2), (None, 1)])
    assert numbers(layer.weights[0].value).tolist() == expected


def test_a_layer_without_inputs_has_features_without_a_batch():
    theta = kg.parameters("theta")
    layer = kg.nn.KerasLayer(kg.function(kg.Circuit(1).rx(theta, 0), kg.probs()), initial={"theta": np.pi})
    np.testing.assert_allclose(numbers(layer()), [0, 1], atol=1e-6)


def test_a_callable_has_features_of_as_many_inputs_as_come():
    model = keras.Sequential([keras.Input((2,)), kg.nn.KerasLayer(lambda x, w: x @ w, "x", weights={"w": (2, 3)})])
    assert model.output_shape == (None, 3)
    assert model.predict(np.ones((5, 2)), verbose=0).shape == (5, 3)
    scale = kg.nn.KerasLayer(lambda x, w: w * x, "x", weights={"w": ()})
    assert scale(keras.Input((4,))).shape == (None, 4)
    assert scale.compute_output_shape((7, 5)) == (7, 5)


MISUSE = {
    "a size that is open": (
        lambda: kg.nn.KerasLayer(lambda x, w: w * x, "x", weights={"w": ()})(keras.Input((None,))),
        "x has the shape (None, None), and what the function returns may depend on its last size; give one",
    ),
    "one input of two": (
        lambda: wide()(np.ones((3, 2))), "the layer takes 2 inputs (x, y), got 1; give several as a list",
    ),
    "an input twice": (
        lambda: cosine()(np.ones((3, 1)), x=np.ones((3, 1))), "the layer takes the inputs x, got 1 by position and x",
    ),
    "another shape": (lambda: cosine()(np.ones((3, 2))), "x got values of shape (3, 2); give shape (batch..., 1)"),
    "another symbolic shape": (
        lambda: cosine()(keras.Input((2,))), "x got values of shape (None, 2); give shape (batch..., 1)",
    ),
    "batches that do not broadcast": (
        lambda: wide().build([(3, 2), (4, 1)]), "the batch axes (3,), (4,) do not broadcast",
    ),
    "a start of another shape": (
        lambda: wide(initial={"theta": [1.0, 2.0, 3.0]}),
        "initial has an array of shape (3,) for theta; give shape (2,)",
    ),
    "a start for no weight": (lambda: cosine(initial={"phi": 1.0}), "initial names 'phi', which is no weight"),
    "a layer as a function": (
        lambda: kg.nn.KerasLayer(keras.layers.Dense(2), "x", {}),
        "got a Dense, whose weights a layer around it would hide; put the two into keras.Sequential",
    ),
    "samples": (
        lambda: kg.nn.KerasLayer(kg.function(kg.Circuit(1).h(0), kg.sample(), shots=5)), "sample has no gradient",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "sentence"), MISUSE.values(), ids=MISUSE.keys())
def test_what_is_wrong_is_told_in_a_sentence(wrong, sentence):
    with pytest.raises((TypeError, ValueError, NotImplementedError), match=re.escape(sentence)):
        wrong()


def test_a_backend_of_keras_that_has_none_here_is_refused(monkeypatch):
    layer = cosine()
    monkeypatch.setattr(keras.config, "backend", lambda: "openvino")
    with pytest.raises(kg.UnsupportedError, match="Keras has the backend 'openvino', which ketgrad has none for"):
        layer.get_config()


def test_the_example_runs():
    assert doctest.testmod(keras_layer).failed == 0

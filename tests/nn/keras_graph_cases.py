"""Layers of Keras in graphs of TensorFlow, whose batch may have any size; on other backends there are none."""

import keras
import numpy as np
import pytest

import ketgrad as kg
from nn.keras_layers import BACKEND, START, cosine, data, features_of_wide, wide

pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="about graphs of TensorFlow")


def in_open_graph(function, *shapes):
    import tensorflow as tf

    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    return tf.function(function, input_signature=signature, autograph=False)


def test_second_derivatives_go_through_an_open_batch():
    import tensorflow as tf

    layer = cosine()
    layer.build((None, 1))

    def inner(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = tf.reduce_sum(layer(x))
            first = tape.gradient(total, x)
        return first, outer.gradient(first, x)

    x, _ = data()
    first, second = in_open_graph(inner, (None, 1))(x)
    np.testing.assert_allclose(first, -np.sin(x + START), atol=1e-5)
    np.testing.assert_allclose(second, -np.cos(x + START), atol=1e-5)


def test_second_derivatives_by_tapes_outside_of_a_graph_with_an_open_batch():
    import tensorflow as tf

    layer = cosine()
    layer.build((None, 1))
    features = in_open_graph(layer, (None, 1))
    x = tf.constant(data()[0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(features(x))
        first = tape.gradient(total, x)
    np.testing.assert_allclose(first, -np.sin(x + START), atol=1e-5)
    np.testing.assert_allclose(outer.gradient(first, x), -np.cos(x + START), atol=1e-5)


@pytest.mark.parametrize("shape", [(None, None, 2), (4, None, 2), (None, 2)])
def test_every_open_axis_may_have_any_size(shape):
    layer = wide()
    x = np.random.default_rng(4).normal(size=(4, 5, 2)[-len(shape) :]).astype("float32")
    found = in_open_graph(lambda x: layer([x, np.ones((1,), "float32")]), shape)(x)
    np.testing.assert_allclose(found, features_of_wide(x), atol=1e-6)


def test_an_open_batch_has_the_engine_in_force_where_the_graph_was_made():
    x, theta = kg.parameters("x", (1,)), kg.parameters("theta")
    noisy = kg.function(kg.Circuit(1).rx(x[0], 0).rx(theta, 0).bit_flip(0.1, 0), kg.expval(kg.Z(0)))
    layer = kg.nn.KerasLayer(noisy, "x")
    layer.build((None, 1))
    with kg.use_engine("compiled"):
        graph = in_open_graph(layer, (None, 1)).get_concrete_function()
    import tensorflow as tf

    with pytest.raises(tf.errors.OpError, match="compiled"):
        graph(tf.ones((2, 1)))


def test_a_number_of_axes_that_is_not_known_is_refused():
    layer = cosine()
    layer.build((None, 1))
    sentence = "the number of axes of x is not known in this graph; give it a shape"
    with pytest.raises(kg.UnsupportedError, match=sentence):
        in_open_graph(layer, None).get_concrete_function()


def test_a_model_with_the_layer_is_not_given_to_the_compiler_of_tensorflow():
    x, y = data()
    model = keras.Sequential([keras.Input((1,)), cosine()])
    with pytest.warns(UserWarning, match="Model doesn't support `jit_compile=True`"):
        model.compile(optimizer="sgd", loss="mse", jit_compile=True)
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()

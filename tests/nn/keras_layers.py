"""Layers of Keras that the cases share, with their closed forms, on the backend that KERAS_BACKEND names.

The layer of most tests has the features cos(x + θ): rx(x) and rx(θ) in a row turn |0⟩ by the sum of their angles.
"""

import keras
import numpy as np

import ketgrad as kg

BACKEND = keras.config.backend()
START = 0.3


def cosine(**options):
    x, theta = kg.parameters("x", (1,)), kg.parameters("theta")
    circuit = kg.Circuit(1).rx(x[0], 0).rx(theta, 0)
    return kg.nn.KerasLayer(
        kg.function(circuit, kg.expval(kg.Z(0))), inputs="x", **{"initial": {"theta": START}, **options}
    )


def wide(**options):
    """Return a layer of two inputs, a weight of shape (2,), and the features cos(x₀), cos(x₁), p₀ … p₃."""
    x, y, theta = kg.parameters("x", (2,)), kg.parameters("y", (1,)), kg.parameters("theta", (2,))
    circuit = kg.Circuit(2).rx(x[0], 0).rx(x[1], 1).rz(y[0], 0).rz(theta[0], 0).rz(theta[1], 1)
    function = kg.function(circuit, kg.expval(kg.Z(0)), kg.expval(kg.Z(1)), kg.probs())
    return kg.nn.KerasLayer(function, inputs=("x", "y"), **options)


def features_of_wide(x):
    x = np.asarray(x, float)
    each = [np.stack([np.cos(x[..., place] / 2) ** 2, np.sin(x[..., place] / 2) ** 2], axis=-1) for place in (0, 1)]
    joint = each[0][..., :, None] * each[1][..., None, :]
    return np.concatenate([np.cos(x), joint.reshape(*x.shape[:-1], 4)], axis=-1)


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor), "float64")


def data(size=6):
    generator = np.random.default_rng(3)
    return generator.normal(size=(size, 1)).astype("float32"), generator.normal(size=(size, 1)).astype("float32")

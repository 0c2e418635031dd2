"""Models with a layer saved, written as JSON, cloned and made again, on the backend that KERAS_BACKEND names."""

import json

import keras
import numpy as np
import pytest

import ketgrad as kg
from nn.keras_layers import BACKEND, START, cosine, data, numbers, wide

SAVED = """
    import json, sys
    import numpy as np
    import ketgrad as kg
    kg.nn.KerasLayer
    import keras
    model = keras.models.load_model({path!r})
    x = np.linspace(-1, 1, 10).reshape(5, 2).astype("float32")
    print(json.dumps(model.predict(x, verbose=0, batch_size=4).tolist()))
"""


def test_a_saved_model_predicts_the_same_in_a_new_process(tmp_path, in_new_process):
    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    circuit = kg.Circuit(2).rx(x[0], 0).ry(x[1] / 3, 1).cx(0, 1).unitary(np.diag([1, 1j]), [0]).ry(theta[0], 0)
    function = kg.function(
        circuit.depolarizing(0.1, 1).rx(theta[1], 1), kg.expval(0.3 * kg.Z(0) + kg.X(1)), kg.probs([1])
    )
    start = keras.initializers.RandomNormal(stddev=2.0)
    model = keras.Sequential(
        [keras.Input((2,)), kg.nn.KerasLayer(function, "x", initial={"theta": start}, name="circuit")]
    )
    path = str(tmp_path / "model.keras")
    model.save(path)
    inputs = np.linspace(-1, 1, 10).reshape(5, 2).astype("float32")
    found = in_new_process(SAVED.format(path=path), KERAS_BACKEND=BACKEND)
    assert found == model.predict(inputs, verbose=0, batch_size=4).tolist()


def test_the_config_is_json_and_makes_the_same_layer():
    layer = wide(initial={"theta": np.array([0.1, 0.2])}, name="two", dtype="mixed_bfloat16", join=False)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer), allow_nan=False))
    found = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(found) == config
    assert (found.name, found.compute_dtype, found.plan.inputs, found.plan.join) == (
        "two",
        "bfloat16",
        ("x", "y"),
        False,
    )
    found.build([(None, 2), (None, 1)])
    np.testing.assert_allclose(numbers(found.weights[0].value), [0.1, 0.2], atol=1e-7)


def test_models_are_cloned():
    model = keras.Sequential([keras.Input((1,)), cosine()])
    x, _ = data()
    np.testing.assert_allclose(keras.models.clone_model(model).predict(x, verbose=0), np.cos(x + START), atol=1e-6)


def test_a_changed_circuit_in_a_config_is_refused_with_its_sentence():
    config = cosine().get_config()
    config["function"]["circuit"]["instructions"][0]["qubits"] = [5]
    with pytest.raises(kg.InvalidValueError, match="instruction 0: rx got qubit 5, but the circuit has qubits 0 to 0"):
        kg.nn.KerasLayer.from_config(config)


@keras.saving.register_keras_serializable(package="ketgrad_tests")
def scaled(x, theta):
    return keras.ops.stack([keras.ops.sum(x, axis=-1) * theta[0], keras.ops.sum(x, axis=-1) + theta[1]], axis=-1)


def test_a_registered_callable_is_a_layer_and_is_saved(tmp_path):
    layer = kg.nn.KerasLayer(scaled, "x", weights={"theta": (2,)}, initial={"theta": np.array([2.0, 3.0])})
    model = keras.Sequential([keras.Input((4,)), layer])
    assert model.output_shape == (None, 2)
    expected = np.tile([8.0, 7.0], (3, 1))
    np.testing.assert_allclose(model.predict(np.ones((3, 4)), verbose=0), expected)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(np.ones((3, 4)), verbose=0), expected)

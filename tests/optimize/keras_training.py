"""Training by kg.optimize.keras in a process of its own, on the Keras backend that KERAS_BACKEND names.

It prints numbers as JSON, which test_keras_qng.py compares with published ones and with closed forms.
"""

import json
import math
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
NAME = os.environ["KERAS_BACKEND"]
if NAME == "torch":  # importing it after TensorFlow has crashed the process
    import torch  # noqa: F401
import keras  # noqa: E402
import numpy as np  # noqa: E402

import ketgrad as kg  # noqa: E402
from reference_circuits import THREAD, thread  # noqa: E402

keras.config.set_floatx("float64")
QNG, CONSTANT = kg.optimize.keras.QNG, keras.initializers.Constant
DATA = np.array([[0.3], [1.2], [2.0], [2.5], [0.8], [1.7]])
START = {"scale": 0.9, "w": 0.5, "u": 0.4, "v": 0.8}


def to_list(variable):
    return keras.ops.convert_to_numpy(variable).tolist()


class Thread(keras.layers.Layer):
    """The circuit of the reference values, whose cost is the result whatever comes in."""

    def build(self, shape):
        self.cost = thread()
        self.p = self.add_weight(shape=(4,), name="p", initializer=CONSTANT(np.array(THREAD["p"])))

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        with kg.use_backend(NAME):
            return 0.0 * x + self.cost(self.p.value)


class Hybrid(keras.layers.Layer):
    """A classical scale s before two circuits: s x = h goes to sin h cos w + cos h cos v − sin h cos u sin v."""

    def __init__(self, wrap=lambda function, names: function):
        super().__init__(name="hybrid")
        x, w, u, v = (kg.parameters(name) for name in "xwuv")
        first = kg.function(kg.Circuit(1).ry(x, 0).rz(w, 0), kg.expval(kg.X(0)))
        second = kg.function(kg.Circuit(1).ry(x, 0).rz(u, 0).ry(v, 0), kg.expval(kg.Z(0)))
        self.first, self.second = wrap(first, ["w"]), wrap(second, ["u", "v"])

    def build(self, shape):
        for name, value in START.items():
            setattr(self, name, self.add_weight(shape=(), name=name, initializer=CONSTANT(np.array(value))))

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        h = x * self.scale.value
        with kg.use_backend(NAME):
            return self.first(h, self.w.value) + self.second(h, self.u.value, self.v.value)

    def values(self):
        return [to_list(getattr(self, name)) for name in START]


def total(_, found):
    return keras.ops.sum(found)


def fit(layer, optimizer, data, batch_size):
    """Train on the mean of the results, as a sum: Keras's own mean has a gradient in single precision on some."""
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(optimizer, loss=total, loss_weights=1 / batch_size)
    model.fit(data, data, batch_size=batch_size, shuffle=False, verbose=0)
    return model


def two_hundred_steps(approximation):
    layer = Thread()
    metrics = {"p": kg.metric_tensor(thread(), approximation=approximation)} if approximation != "none" else None
    fit(layer, QNG(0.01, metrics), np.ones((200, 1)), 1)
    return to_list(layer.p)


def hybrid(**options):
    """Take one step with a metric for w and for v, and the ordinary step for scale and u."""
    layer = Hybrid()
    h = START["scale"] * DATA
    metrics = {
        "w": lambda w: kg.metric_tensor(layer.first, 1, average=True)(h, w),
        "hybrid/v": lambda v: kg.metric_tensor(layer.second, 2, average=True)(h, START["u"], v),
    }
    fit(layer, QNG(0.1, metrics, **options), DATA, len(DATA))
    return layer.values()


def natural_functions(optimizer):
    """Train on two batches, of which each has its own metric."""
    layer = Hybrid(kg.optimize.natural)
    fit(layer, optimizer, DATA, 3)
    return layer.values()


def by_hand():
    """Take steps on a given gradient of 1, with metrics that are tensors, set anew before each."""
    variable, optimizer = keras.Variable(0.0, name="theta"), QNG(1.0, momentum=0.5)
    for size in (2.0, 4.0):
        optimizer.metrics = [(variable, keras.ops.convert_to_tensor(size))]
        optimizer.apply([keras.ops.convert_to_tensor(1.0)], [variable])
    return to_list(variable)


def steps(optimizer, count=1, dtype="float64"):
    variable = keras.Variable([0.0, 0.0], name="theta", dtype=dtype)
    for _ in range(count):
        optimizer.apply([keras.ops.convert_to_tensor([3.0, 1.0], dtype=dtype)], [variable])
    return to_list(keras.ops.cast(variable, "float64"))


def matrix(rows):
    return lambda value: keras.ops.convert_to_tensor(np.array(rows))


SINGULAR = matrix([[1.0, 1.0], [1.0, 1.0]])


def resumed():
    """Train, save, load, and train on; and the same without the interruption."""

    def dense():
        return keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros", name="dense")

    def optimizer():
        return QNG(0.1, {"dense/kernel": lambda value: 2.0 * keras.ops.ones((1, 1, 1, 1))}, momentum=0.5)

    whole = fit(dense(), optimizer(), np.ones((4, 1)), 1)
    half = fit(dense(), optimizer(), np.ones((2, 1)), 1)
    with tempfile.TemporaryDirectory() as folder:
        half.save(f"{folder}/half.keras")
        untouched, loaded = (
            keras.models.load_model(f"{folder}/half.keras", custom_objects={"total": total}) for _ in range(2)
        )
    try:
        untouched.fit(np.ones((2, 1)), np.ones((2, 1)), batch_size=1, verbose=0)
    except Exception as error:  # noqa: BLE001  # TensorFlow wraps it in another
        refusal = str(error)
    loaded.optimizer.metrics = optimizer().metrics
    loaded.fit(np.ones((2, 1)), np.ones((2, 1)), batch_size=1, verbose=0)
    return to_list(whole.layers[-1].kernel), to_list(loaded.layers[-1].kernel), refusal


def refusals():
    """Return the sentence for each misuse, with the error that it comes in."""
    value, one = keras.Variable([0.0, 0.0], name="theta"), matrix([[1.0]])

    def built(metrics):
        others = [keras.Variable(0.0, name="theta"), keras.Variable(0.0, name="phi")]
        QNG(0.1, metrics).build([value, *others])

    calls = [
        lambda: QNG(0.1, momentum=1.0),
        lambda: QNG(0.1, regularization=-1.0),
        lambda: QNG(0.1, {"theta": 3}),
        lambda: QNG(0.1, [one]),
        lambda: built({"kernel": one}),
        lambda: built({"theta": one}),
        lambda: steps(QNG(0.1, {"theta": one})),
    ]
    return [refusal(call) for call in calls]


def refusal(call):
    try:
        call()
    except kg.KetgradError as error:
        return type(error).__name__, str(error)
    return None


def main():
    half = math.log(0.1)
    report = {
        "thread": {name: two_hundred_steps(name) for name in (None, "block-diag", "diag", "none")},
        "hybrid": hybrid(),
        "hybrid_regularized": hybrid(regularization=0.5),
        "natural": natural_functions(keras.optimizers.SGD(0.1)),
        "by_hand": by_hand(),
        "singular": steps(QNG(1.0, {"theta": SINGULAR})),
        "scheduled": steps(QNG(lambda: 1.0, {"theta": matrix([[2.0, 0.0], [0.0, 4.0]])})),
        "decayed": steps(QNG(keras.optimizers.schedules.ExponentialDecay(1.0, 1, math.exp(half))), 2),
        "bfloat16": steps(QNG(1.0, {"theta": matrix([[2.0, 0.0], [0.0, 4.0]])}), dtype="bfloat16"),
        "resumed": resumed(),
        "refusals": refusals(),
        "config": QNG(0.5, {"theta": SINGULAR}, 0.25, 0.75).get_config(),
    }
    print(json.dumps(report))


main()

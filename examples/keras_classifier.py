"""A hybrid classifier in Keras: three handwritten digits, trained by model.fit, saved, and loaded again.

    KERAS_BACKEND=tensorflow python examples/keras_classifier.py --pictures .

Keras computes in TensorFlow, JAX or PyTorch, as KERAS_BACKEND says, and `kg.nn.KerasLayer` in the same. The 64 pixels
of an image become four angles by a dense layer, the circuit makes four means of Z, a dense layer three probabilities.
The file that is saved holds the circuit too, so it is loaded without any code of this script.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from sklearn.datasets import load_digits

import ketgrad as kg
from common import figure, pictures_folder, save

QUBITS, TRAINED = 4, 300
DIGITS = ("0", "1", "2")


def circuit_function() -> kg.CircuitFunction:
    """Return means of Z as a function of inputs x and weights theta."""
    x, theta = kg.parameters("x", (QUBITS,)), kg.parameters("theta", (2, QUBITS, 3))
    circuit = kg.templates.angle_encoding(x).compose(kg.templates.strongly_entangling(theta))
    return kg.function(circuit, *(kg.expval(kg.Z(qubit)) for qubit in range(QUBITS)))


def hybrid_model(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(QUBITS),
            kg.nn.KerasLayer(circuit_function(), inputs="x"),
            keras.layers.Dense(len(DIGITS), activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def images(seed: int):
    """Return pixels from 0 to 1 and digits of 300 images to train on and of 237 to test."""
    pixels, digits = load_digits(n_class=len(DIGITS), return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(digits))
    x, y = (pixels[order] / 16).astype("float32"), digits[order]
    return (x[:TRAINED], y[:TRAINED]), (x[TRAINED:], y[TRAINED:])


def saved_and_loaded(model: keras.Model) -> keras.Model:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "digits.keras"
        model.save(path)
        return keras.models.load_model(path)


def main(epochs: int = 25, seed: int = 1, pictures: Path = Path()) -> dict[str, float]:
    """Train, save and load the model, and save the picture; return its accuracies before and after."""
    training, (x, y) = images(seed)
    model = hybrid_model(seed)
    history = model.fit(*training, batch_size=15, epochs=epochs, validation_data=(x, y), verbose=0).history
    accuracy = float(model.evaluate(x, y, verbose=0)[1])
    again = saved_and_loaded(model)
    apart = float(np.abs(again.predict(x, verbose=0) - model.predict(x, verbose=0)).max())
    print(f"Keras on {keras.config.backend()}: test accuracy {accuracy:.3f} after {epochs} epochs")
    print(f"saved and loaded: probabilities differ by {apart:.1e} at most")
    save(picture(history, y, model.predict(x, verbose=0)), pictures, "keras_classifier")
    return {"accuracy": accuracy, "apart": apart}


def picture(history, y, probabilities):
    """Draw the losses, and how many images of each digit are taken for each digit."""
    drawn, (left, right) = figure(9, 3.8, columns=2)
    epochs = range(1, len(history["loss"]) + 1)
    left.plot(epochs, history["loss"], label="training")
    left.plot(epochs, history["val_loss"], label="test")
    left.set(xlabel="epoch", ylabel="loss", title="training")
    left.legend()
    table = np.zeros((3, 3), int)
    np.add.at(table, (y, probabilities.argmax(axis=1)), 1)
    right.imshow(table, cmap="Blues", vmax=1.5 * table.max())
    for (row, column), count in np.ndenumerate(table):
        right.text(column, row, count, ha="center", va="center")
    right.set(xticks=range(3), yticks=range(3), xticklabels=DIGITS, yticklabels=DIGITS)
    right.set(xlabel="taken for", ylabel="digit", title="test")
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__, any_backend=False))

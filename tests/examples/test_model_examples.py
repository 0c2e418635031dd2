"""The examples of models and their gradients: they learn, agree with one another, and draw."""

import importlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import ketgrad as kg
from installed import installed_backends
from ketgrad_conformance import expect

pytest.importorskip("matplotlib")

ROOT = Path(__file__).parents[2]
KERAS_BACKENDS = {"tensorflow": "tensorflow", "pytorch": "torch", "jax": "jax"}
FOR_KERAS = [own for name, own in KERAS_BACKENDS.items() if name in installed_backends()]
REFERENCES = json.loads((ROOT / "tests/differentiate/reference_values.json").read_text())


@pytest.fixture
def example():
    """Import an example by its name; some of them need frameworks that may not be there."""
    return importlib.import_module


def drawn(folder):
    """Return the names of the pictures in a folder, none of them empty."""
    return sorted(path.name for path in folder.glob("*.png") if path.stat().st_size > 1000)


# Classifiers


@pytest.mark.skipif("pytorch" not in installed_backends(), reason="PyTorch is not under test")
def test_the_classifier_in_torch_learns_by_adam_and_by_natural_gradient(example, tmp_path):
    pytest.importorskip("sklearn")
    accuracies = example("torch_classifier").main(epochs=4, pictures=tmp_path)
    assert set(accuracies) == {"Adam", "natural gradient"}
    # Of 300 points chance gets so many right with probability 1.2e-7.
    assert min(accuracies.values()) > 0.65
    assert drawn(tmp_path) == ["example_torch_classifier.png"]


@pytest.mark.skipif("jax" not in installed_backends(), reason="JAX is not under test")
def test_the_classifier_in_flax_learns(example, tmp_path):
    pytest.importorskip("flax")
    pytest.importorskip("optax")
    pytest.importorskip("sklearn")
    # Of 165 images chance gets so many right with probability 1.7e-8.
    assert example("flax_classifier").main(epochs=3, pictures=tmp_path) > 0.72
    assert drawn(tmp_path) == ["example_flax_classifier.png"]


@pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")
@pytest.mark.skipif(not FOR_KERAS, reason="no framework for Keras is under test")
def test_the_classifier_in_keras_learns_and_is_the_same_after_it_was_saved(in_new_process, tmp_path):
    pytest.importorskip("sklearn")
    code = f"""
        sys.path.insert(0, {str(ROOT / "examples")!r})
        from pathlib import Path
        import keras_classifier
        print(json.dumps(keras_classifier.main(epochs=10, pictures=Path({str(tmp_path)!r}))))
    """
    found = in_new_process(code, KERAS_BACKEND=FOR_KERAS[0])
    # Of 237 images of three digits chance gets 157 right with a probability below 1e-20.
    assert found["accuracy"] > 0.66
    assert found["apart"] < 1e-6
    assert drawn(tmp_path) == ["example_keras_classifier.png"]


# A recurrent network


@cache
def trained_in_numpy(main):
    with kg.use_backend("numpy"):
        return main(steps=30)


def test_the_recurrent_network_learns_what_takes_memory_alike_on_all_backends(
    autodiff_backend, example, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    network = example("recurrent_network")
    monkeypatch.setattr(network, "WINDOW", 4)
    monkeypatch.setattr(network, "LAYERS", 1)
    found = network.main(steps=30)
    # A wave on its way up and on its way down has the same values: a line through the last one alone can't tell.
    assert found["error"] < found["line"] / 2
    assert found["apart"] < 1e-9
    assert found["error"] == pytest.approx(trained_in_numpy(network.main)["error"], abs=1e-9)
    assert drawn(tmp_path) == ["example_recurrent_network.png"]


def test_all_methods_agree_on_its_gradient_measured_and_on_fresh_qubits(autodiff_backend, example, monkeypatch):
    network, gradients = example("recurrent_network"), example("recurrent_gradients")
    for name, size in {"WINDOW": 2, "SCORED": 0, "LAYERS": 1, "MEMORY": 1}.items():
        monkeypatch.setattr(network, name, size)
    params = {"weights": autodiff_backend.asarray(np.random.default_rng(1).normal(size=(1, 2, 3))), "scale": 1.5}
    angles, targets = (array[:2] for array in network.windows())
    found = gradients.gradients(params, angles, targets)
    assert len(found) == 5
    for gradient in found.values():
        assert np.abs(gradient).max() > 0.01
        expect.near(gradient, found["adjoint, fresh qubits"], 1e-9)


def test_one_angle_in_five_gates_has_the_reference_derivative(autodiff_backend, example):
    reference = REFERENCES["shared_parameter_five_times"]
    single, shared, at_once = example("recurrent_gradients").one_angle_five_times()
    expect.near(single, reference["per_occurrence"], 1e-12)
    expect.near(np.array(shared), reference["derivative"], 1e-12)
    expect.near(np.array(at_once), reference["wrong_answer_of_naive_two_point_shift"], 1e-12)


def test_from_shots_finite_differences_are_the_worse_the_smaller_their_step(example, tmp_path):
    noisy = example("recurrent_gradients").main(shots=1000, repeats=4, pictures=tmp_path)["noisy"]
    small, middle = noisy["finite-diff, step 0.03"], noisy["finite-diff, step 0.1"]
    # Both errors are noise divided by the step, so they are 3.3 apart; each is a mean square of 72 numbers.
    assert 2 < small / middle < 5
    assert noisy["parameter-shift"] < middle / 4
    assert drawn(tmp_path) == ["example_recurrent_gradients.png"]


# Gradients of samples


def test_gradients_of_samples_are_those_of_a_loop_and_hessians_the_same_on_all_backends(
    autodiff_backend, example, monkeypatch
):
    module = example("per_sample_gradients")
    for name, value in {"SAMPLES": 3, "WRONG": (1,), "LAYERS": 2}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module, "FUNCTION", module.circuit_function())
    weights, data = np.random.default_rng(1).uniform(0, 6, (2, 2, 2)), module.samples(1)
    at = autodiff_backend.asarray(weights), *data
    found = autodiff_backend.to_numpy(module.per_sample_gradients(*at))
    assert np.abs(found).max() > 0.1
    expect.near(found, autodiff_backend.to_numpy(module.gradients_in_a_loop(*at)), 1e-12)
    expect.near(found.mean(axis=0), autodiff_backend.to_numpy(kg.grad(module.mean_loss)(*at)), 1e-12)
    hessian = module.hessian_matrix(at[0], *data)
    with kg.use_backend("numpy"):
        expect.near(hessian, module.hessian_matrix(weights, *module.samples(1)), 1e-12)


def test_wrong_signs_have_the_longest_gradients_and_the_last_angles_are_flat(example, tmp_path):
    module = example("per_sample_gradients")
    found = module.main(pictures=tmp_path)
    assert found["longest"] == list(module.WRONG)
    assert found["apart"] < 1e-6
    assert np.sum(np.abs(np.linalg.eigvalsh(found["hessian"])) < 1e-12) == 2
    assert drawn(tmp_path) == ["example_per_sample_gradients.png"]

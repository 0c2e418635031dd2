"""The values in reference_values.json, which PennyLane and closed forms gave, on every backend that differentiates.

The circuit of the gradients page has its RY on qubit 1. The file says qubit 0, for which ⟨Z1⟩ and the probabilities of
qubit 1 are the same, but entropy and metric tensor are not: closed forms and PennyLane 0.45.1 give them for qubit 1.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

REFERENCE = json.loads((Path(__file__).parent / "reference_values.json").read_text())
PAGE, THREAD = REFERENCE["gradients_page_circuit"], REFERENCE["natural_gradient_thread_circuit"]
METHODS = ["best", "backprop", "adjoint", "parameter-shift", "hadamard"]
W, P = kg.parameters("w", (3,)), kg.parameters("p", (4,))


def page(measurement, method="best"):
    circuit = kg.Circuit(2).rx(W[0], 0).ry(W[1], 1).cx(0, 1).rx(W[2], 1)
    return kg.function(circuit, measurement, gradient=method)


def thread(method="best"):
    circuit = kg.Circuit(3).ry(math.pi / 4, 0).ry(math.pi / 3, 1).ry(math.pi / 7, 2).rz(P[0], 0).rz(P[1], 1)
    circuit.cx(0, 1).cx(1, 2).ry(P[2], 1).rx(P[3], 2).cx(0, 1).cx(1, 2)
    return kg.function(circuit, kg.expval(kg.Y(0)), gradient=method)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_of_the_page_and_their_jacobian(autodiff_backend, method):
    f, w = page(kg.probs([1]), method), np.array(PAGE["w"])
    expect.close(autodiff_backend, f(w), PAGE["probabilities_q1"])
    expect.close(autodiff_backend, kg.jacobian(f, fallback="error")(w), PAGE["jacobian_of_probabilities_q1"])


@pytest.mark.parametrize("method", METHODS)
def test_mean_and_variance_of_the_page_and_their_gradients(autodiff_backend, method):
    w = np.array(PAGE["w"])
    for measurement, name in ((kg.expval(kg.Z(1)), "expval_Z1"), (kg.var(kg.Z(1)), "variance_Z1")):
        value, gradient = kg.value_and_grad(page(measurement, method), fallback="error")(w)
        expect.close(autodiff_backend, value, PAGE[name])
        expect.close(autodiff_backend, gradient, PAGE[f"grad_{name}"])


@pytest.mark.parametrize("method", [method for method in METHODS if method != "adjoint"])
def test_the_hessian_of_the_page(autodiff_backend, method):
    expected = np.diag([PAGE["hessian_expval_Z1"]["diagonal"]] * 3)
    for pair in ("01", "02", "12"):
        i, j = map(int, pair)
        expected[i, j] = expected[j, i] = PAGE["hessian_expval_Z1"][pair]
    found = kg.hessian(page(kg.expval(kg.Z(1)), method), fallback="error")(np.array(PAGE["w"]))
    expect.close(autodiff_backend, found, expected.tolist())


def test_entropy_and_mutual_information_of_the_page(autodiff_backend):
    w, entropy = np.array(PAGE["w"]), PAGE["von_neumann_entropy_q0_nats"]
    expect.close(autodiff_backend, page(kg.entropy([0]))(w), entropy)
    expect.close(autodiff_backend, page(kg.mutual_info([0], [1]))(w), 2 * entropy)


def test_the_metric_tensor_of_the_page(autodiff_backend):
    found = kg.metric_tensor(page(kg.state()))(np.array(PAGE["w"]))
    expect.close(autodiff_backend, found, PAGE["metric_tensor"])


@pytest.mark.parametrize("method", METHODS)
def test_mean_and_gradient_of_the_thread(autodiff_backend, method):
    value, gradient = kg.value_and_grad(thread(method), fallback="error")(np.array(THREAD["p"]))
    expect.close(autodiff_backend, value, THREAD["expval_Y0"])
    expect.close(autodiff_backend, gradient, THREAD["grad"])


def test_two_hundred_steps_of_gradient_descent_on_the_thread(autodiff_backend):
    energy, point = thread(), autodiff_backend.asarray(np.array(THREAD["p"]))
    gradient = kg.grad(energy, fallback="error")
    for _ in range(200):
        point = point - 0.01 * gradient(point)
    reference = THREAD["after_200_steps_lr_0.01"]["gradient_descent"]
    expect.close(autodiff_backend, point, reference["params"], tolerance=1e-9)
    expect.close(autodiff_backend, energy(point), reference["cost"], tolerance=1e-9)

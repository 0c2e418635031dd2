"""PennyLane: a QNode on lightning with its adjoint method, or on default.qubit with backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml

from benchmarks.contestants import frameworks
from benchmarks.contestants.base import (
    Prepared,
    angle_of_parts,
    arguments,
    averaged,
    check_stored,
    check_untrained,
    read_arrays,
)
from benchmarks.recipes import Recipe

GATES = {"h": qml.Hadamard, "cx": qml.CNOT, "rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "rzz": qml.IsingZZ}


def prepare(recipe: Recipe, is_gradient: bool, *, device: str, method: str, framework: str) -> Prepared:
    """Make a QNode, differentiated as the framework's users do."""
    if method == "backprop" and is_gradient:
        check_stored(recipe)
    observable = qml.Hamiltonian(
        [value for value, _ in recipe.observable],
        [qml.prod(*(getattr(qml, f"Pauli{p}")(q) for p, q in word)) for _, word in recipe.observable],
    )

    def circuit(*parts: Any) -> Any:
        for gate in recipe.gates:
            angles = (angle_of_parts(gate, recipe, parts),) if gate.name.startswith("r") else ()
            GATES[gate.name](*angles, wires=gate.qubits)
        return qml.expval(observable)

    node = qml.QNode(circuit, qml.device(device, wires=recipe.num_qubits), diff_method=method, interface=framework)
    if framework == "torch":
        import torch

        torch.set_default_dtype(torch.float64)  # lightning's results would have single precision
        return frameworks.with_torch(node, recipe, is_gradient)
    if framework == "jax":
        return frameworks.with_jax(node, recipe, is_gradient)
    return _with_autograd(averaged(node, recipe), recipe, is_gradient)


def _with_autograd(function: Any, recipe: Recipe, is_gradient: bool) -> Prepared:
    check_untrained(recipe)
    given = [qml.numpy.array(array, requires_grad=is_gradient) for array in arguments(recipe)]
    if not is_gradient:
        return Prepared(lambda: (function(*given), ()), read_arrays)
    differentiated = qml.grad(function, argnums=list(range(len(given))))

    def run() -> Any:
        gradients = differentiated(*given)
        return np.asarray(differentiated.forward), gradients

    return Prepared(run, read_arrays)

"""TensorCircuit-NG: a circuit built at each call, contracted word by word."""

from __future__ import annotations

from typing import Any

import tensorcircuit

from benchmarks.contestants import frameworks
from benchmarks.contestants.base import Prepared, angle_of_parts, check_stored
from benchmarks.recipes import Recipe

BACKENDS = {"torch": "pytorch", "jax": "jax"}


def prepare(recipe: Recipe, is_gradient: bool, *, framework: str) -> Prepared:
    """Differentiate the sum of the words' expectation values."""
    if is_gradient:
        check_stored(recipe)
    backend = tensorcircuit.set_backend(BACKENDS[framework])
    tensorcircuit.set_dtype("complex128")
    if framework == "torch":
        import torch

        torch.set_default_dtype(torch.float64)  # constant angles would have single precision

    def one(*parts: Any) -> Any:
        circuit = tensorcircuit.Circuit(recipe.num_qubits)
        for gate in recipe.gates:
            angles = {"theta": angle_of_parts(gate, recipe, parts)} if gate.name.startswith("r") else {}
            getattr(circuit, gate.name)(*gate.qubits, **angles)
        return sum(value * _expectation(circuit, word) for value, word in recipe.observable)

    function = one if recipe.batch is None else backend.vmap(one, vectorized_argnums=1)
    make = frameworks.with_torch if framework == "torch" else frameworks.with_jax
    return make(function, recipe, is_gradient)


def _expectation(circuit: Any, word: Any) -> Any:
    places = {letter.lower(): [qubit for other, qubit in word if other == letter] for letter in "XYZ"}
    return tensorcircuit.backend.real(circuit.expectation_ps(**{key: value for key, value in places.items() if value}))

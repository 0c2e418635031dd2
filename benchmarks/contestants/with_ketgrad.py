"""ketgrad: a circuit with symbols, bound once by `kg.function`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ketgrad as kg
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
from ketgrad.simulate import compiled

BACKENDS = {"torch": "pytorch"}


def prepare(recipe: Recipe, is_gradient: bool, *, framework: str, engine: str) -> Prepared:
    """Bind a recipe in one of the frameworks, differentiated as its users do."""
    prepared = bound(recipe, is_gradient, framework, engine)
    return prepared if is_gradient else replace(prepared, run=anew(prepared.run))


def bound(recipe: Recipe, is_gradient: bool, framework: str, engine: str) -> Prepared:
    """Return the recipe as a call."""
    if engine == "traced" and is_gradient:
        check_stored(recipe)
    kg.set_backend(BACKENDS.get(framework, framework))
    function = kg.function(circuit_of(recipe), kg.expval(observable_of(recipe)), engine=engine)

    def by_name(weights: Any, samples: Any) -> Any:
        return function(weights=weights, samples=samples)

    chosen = function if recipe.batch is None else by_name
    match framework:
        case "torch":
            return frameworks.with_torch(chosen, recipe, is_gradient)
        case "jax":
            return frameworks.with_jax(chosen, recipe, is_gradient)
        case "tensorflow":
            return frameworks.with_tensorflow(chosen, recipe, is_gradient)
    check_untrained(recipe)
    given = arguments(recipe)
    if not is_gradient:
        return Prepared(lambda: (chosen(*given), ()), read_arrays)
    differentiated = kg.value_and_grad(averaged(chosen, recipe), argnums=tuple(range(len(given))))
    return Prepared(lambda: differentiated(*given), read_arrays)


def anew(run: Callable[[], Any]) -> Callable[[], Any]:
    """Let go of the state that waits for a backward sweep, which here does not come: the same call would find it."""

    def call() -> Any:
        compiled.last_runs.clear()
        return run()

    return call


def circuit_of(recipe: Recipe) -> kg.Circuit:
    """Return a recipe's circuit."""
    circuit = kg.Circuit(recipe.num_qubits)
    parts = [kg.parameters("weights", (recipe.num_weights,))]
    if recipe.batch is not None:
        parts.append(kg.parameters("samples", (recipe.num_inputs,)))
    for gate in recipe.gates:
        method = getattr(circuit, gate.name)
        method(*([angle_of_parts(gate, recipe, parts)] if gate.name.startswith("r") else []), *gate.qubits)
    return circuit


def observable_of(recipe: Recipe) -> kg.PauliSum:
    """Return a recipe's Pauli sum."""
    return kg.PauliSum({" ".join(f"{p}{q}" for p, q in word): value for value, word in recipe.observable})

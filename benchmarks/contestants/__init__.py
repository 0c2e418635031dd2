"""The contestants: one module for each library, which is imported in a worker process alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module

from benchmarks.contestants.base import Prepared
from benchmarks.recipes import Recipe


@dataclass(frozen=True)
class Contestant:
    """A module with `prepare(recipe, is_gradient, **options)`, and the options of one way of using it."""

    module: str
    requires: tuple[str, ...]
    """Modules to import before anything is timed."""
    options: dict[str, str] = field(default_factory=dict)

    def load(self) -> None:
        """Import the library and its framework."""
        for name in (*self.requires, f"benchmarks.contestants.{self.module}"):
            import_module(name)

    def prepare(self, recipe: Recipe, is_gradient: bool) -> Prepared:
        """Return what runs a recipe."""
        module = import_module(f"benchmarks.contestants.{self.module}")
        prepared: Prepared = module.prepare(recipe, is_gradient, **self.options)
        return prepared


FRAMEWORKS = {"numpy": "numpy", "torch": "torch", "jax": "jax", "tensorflow": "tensorflow"}


def _ours(framework: str, engine: str) -> Contestant:
    return Contestant("with_ketgrad", (FRAMEWORKS[framework], "ketgrad"), {"framework": framework, "engine": engine})


def _pennylane(device: str, method: str, framework: str) -> Contestant:
    options = {"device": device, "method": method, "framework": framework}
    return Contestant("with_pennylane", (framework, "pennylane"), options)


CONTESTANTS = {
    **{f"ketgrad {name}": _ours(name, "compiled") for name in FRAMEWORKS},
    **{f"ketgrad-traced {name}": _ours(name, "traced") for name in FRAMEWORKS},
    "qulacs": Contestant("with_qulacs", ("qulacs",)),
    "lightning autograd": _pennylane("lightning.qubit", "adjoint", "autograd"),
    "lightning torch": _pennylane("lightning.qubit", "adjoint", "torch"),
    "lightning jax": _pennylane("lightning.qubit", "adjoint", "jax"),
    "pennylane torch": _pennylane("default.qubit", "backprop", "torch"),
    "pennylane jax": _pennylane("default.qubit", "backprop", "jax"),
    "tensorcircuit torch": Contestant("with_tensorcircuit", ("torch", "tensorcircuit"), {"framework": "torch"}),
    "tensorcircuit jax": Contestant("with_tensorcircuit", ("jax", "tensorcircuit"), {"framework": "jax"}),
}

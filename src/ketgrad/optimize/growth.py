"""What optimizers have in common that grow a circuit from one without parameters."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ketgrad import tree
from ketgrad.circuit.circuit import Circuit
from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.problem import Problem
from ketgrad.protocol import Array


class GrowingOptimizer(Optimizer):
    """One that begins with the circuit of a function without parameters, and appends to it."""

    grows: ClassVar[bool] = True

    def first_shape(self, function: CircuitFunction) -> tuple[int, ...]:
        """Return the shape of the parameters before the first step, which hold no element."""
        return (0,)

    def first_parameters(self, problem: Problem, x0: Any) -> Array:
        """Return no parameters; x0 may be left out, or empty."""
        leaves = [] if x0 is None else tree.flatten(x0)[0]
        if sum(math.prod(tuple(getattr(leaf, "shape", (1,)))) for leaf in leaves):
            raise InvalidValueError(
                f"{type(self).__name__} begins with no parameters, which it adds to the circuit; leave x0 out"
            )
        return problem.backend.zeros(self.first_shape(reference(problem, self)))


def reference(problem: Problem, optimizer: Optimizer) -> CircuitFunction:
    """Return a problem's function, of a circuit without parameters, or say what is due."""
    function, who = problem.circuit_function, type(optimizer).__name__
    if function is None:
        raise InvalidTypeError(
            f"{who} appends to a circuit, and an ordinary function has none; minimize one made by kg.function, such as "
            "kg.function(circuit, kg.expval(hamiltonian))"
        )
    if function.parameters or problem.args:
        names = ", ".join(array.name for array in function.parameters) or "args"
        raise InvalidValueError(
            f"{who} makes the parameters itself, and the function takes {names}; give a circuit without parameters"
        )
    return function


def reference_circuit(function: CircuitFunction) -> Circuit:
    """Return a copy of a function's circuit, to append to."""
    return Circuit(function.num_qubits).add(function.execution.instructions)


def without_parameters(function: CircuitFunction) -> Any:
    """Return a function of parameters that are none."""
    return lambda x, **options: function(**options)

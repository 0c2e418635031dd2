"""What a run would take of memory, told beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ketgrad.checks import check_integer
from ketgrad.compatibility import check_method
from ketgrad.differentiate.methods import method_of
from ketgrad.engine import Engine, checked_engine
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.execution import Execution
from ketgrad.precision import get_precision
from ketgrad.registry import get_backend

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit
    from ketgrad.measurements import Measurement


def memory_estimate(
    circuit: Circuit,
    gradient: str | None = None,
    batch: int = 1,
    measurements: Sequence[Measurement] = (),
    engine: Engine | None = None,
) -> int:
    """Return the bytes that the states of a run take at most, with the backend and in the precision in force.

    Parameters
    ----------
    circuit
        The circuit; noise makes its states density matrices, measurements in its middle may add wires.
    gradient
        None for results alone; "best" for a gradient by the engine that runs the circuit, of which the compiled one
        takes a few states however deep the circuit, as "adjoint" does; "backprop" for one by the traced engine, which
        keeps the state after every gate.
    batch
        How many sets of parameters run at once.
    measurements
        What is asked for. Expectation values of Pauli sums alone, such as `[kg.expval(H)]`, take the fewest states on
        the compiled engine; classical bits, such as `[kg.counts(bits=[0, 1])]`, may take further wires, on which the
        outcomes of qubits that go on are kept until then. Left out, the state itself.
    engine
        "compiled", "traced" or "auto", as in `kg.function`; left out, the one in force.

    Raises
    ------
    UnsupportedError
        For another gradient method, and for what the compiled engine does not run, where that is asked for.

    Examples
    --------
    >>> import ketgrad as kg
    >>> circuit = kg.Circuit(26).h(0)
    >>> kg.memory_estimate(circuit) // 2**30  # six states of 2^26 complex numbers
    6
    >>> kg.memory_estimate(circuit, "best", measurements=[kg.expval(kg.Z(0))]) // 2**30  # the state and its cotangent
    2
    >>> kg.memory_estimate(kg.Circuit(10).depolarizing(0.1, 0), batch=2)
    167772160
    """
    if not hasattr(circuit, "operations"):
        raise InvalidTypeError(f"memory_estimate takes a circuit, got a {type(circuit).__name__}")
    if gradient not in (None, "best", "backprop", "adjoint"):
        raise UnsupportedError(
            f"the memory of the gradient {gradient!r} is not known; give None, best, backprop or adjoint"
        )
    if check_integer(batch, "the batch") < 1:
        raise InvalidValueError(f"the batch is {batch}; give at least 1")
    wanted = None if engine is None else checked_engine(engine)
    method = None if gradient is None else method_of(gradient)
    check_method(method, wanted, None, None)
    execution = Execution(circuit.operations, circuit.num_qubits, tuple(measurements), engine=wanted, gradient=method)
    return execution.footprint(get_backend(), get_precision(), batch, with_gradient=gradient is not None)

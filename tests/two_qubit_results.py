"""Every result of one circuit twice: as a closed form, and from dense matrices; both in plain NumPy.

The circuit has a shared parameter, a scaled one and a controlled rotation, and no result of it has a derivative that is
zero. With a = w0 + w1/2, b = w1 and c = w0 its state is

    cos(a/2) e^(−i w1/2) |0⟩|c⟩ + sin(a/2) e^(i w1/2) |1⟩|b + c⟩,    where |t⟩ = cos(t/2)|0⟩ + sin(t/2)|1⟩.

Closed forms are analytic, so that a complex step differentiates them to rounding: ∂f = Im f(w + ih)/h.
Reference: W. Squire and G. Trapp, SIAM Review 40, 110 (1998).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import dense_reference as dense
import ketgrad as kg

POINT = (1.9, 0.8)
W = kg.parameters("w", (2,))
CIRCUIT = kg.Circuit(2).ry(W[0], 0).ry(W[1] / 2, 0).cry(W[1], 0, 1).ry(W[0], 1).rz(W[1], 0)
NUMBERS = np.array([[1, 0], [0, 0.5], [0, 1], [1, 0], [0, 1]])
"""How the numbers in the five gates follow from the parameters."""
SHIFT_SQUARES = np.array([1 / 2, 1 / 2, 3 / 8, 1 / 2, 1 / 2])
"""Sums of the squared coefficients of the shift rules: 2·(1/2)², and 2·((√2 + 1)² + (√2 − 1)²)/32 where controlled."""
WORD_SQUARES = np.array([1 / 2, 1 / 2, 1 / 4, 1 / 2, 1 / 2])
"""The same of Hadamard tests: 2·(1/2)², and 4·(1/4)² where controlled, for the two words of |1⟩⟨1| ⊗ P = (P − ZP)/2."""
STEP = 1e-30

SUM = {"Z0": 1.0, "X1": 0.5}
MATRIX = np.array([[1.0, 2.0], [2.0, -1.0]])
TARGET = np.array([1, 1j]) / np.sqrt(2)


@dataclass(frozen=True)
class Result:
    """A result of the circuit, and what it is."""

    measurement: Any
    closed_form: Callable[[Any], Any]
    """Of the parameters; the real and the imaginary part, stacked, of a complex result."""
    of_state: Callable[[Any], Any]
    """Of the state vector."""
    is_complex: bool = False
    matrix: Any = None
    """The observable whose mean, or variance, it is."""

    def derivative(self) -> Any:
        """Return the closed form's derivative, of shape (..., 2)."""
        point = np.array(POINT, complex)
        columns = [np.imag(self.closed_form(point + 1j * STEP * unit)) / STEP for unit in np.eye(2)]
        found = np.stack(columns, axis=-1)
        return found[0] + 1j * found[1] if self.is_complex else found

    def value(self) -> Any:
        """Return the closed form itself."""
        found = np.real(self.closed_form(np.array(POINT, complex)))
        return found[0] + 1j * found[1] if self.is_complex else found

    def of_numbers(self, numbers: Any) -> Any:
        """Return the result, from dense matrices, where the gates hold these numbers."""
        return self.of_state(state_of(numbers))

    def finite_differences(self) -> Any:
        """Return its derivative by differences of dense matrices, good to 1e-11."""
        return dense.gradient(lambda w: self.of_numbers(NUMBERS @ w), POINT)


def state_of(numbers: Any) -> Any:
    """Return the state vector by dense matrices."""
    a, half, b, c, phase = (float(number) for number in numbers)
    program = [("ry", (a,), (0,)), ("ry", (half,), (0,)), ("cry", (b,), (0, 1)), ("ry", (c,), (1,))]
    return dense.run([*program, ("rz", (phase,), (0,))], 2)


def _angles(w: Any) -> tuple[Any, Any, Any]:
    return w[0] + w[1] / 2, w[1], w[0]


def _moduli(w: Any) -> Any:
    a, b, c = _angles(w)
    first, second = np.cos(a / 2), np.sin(a / 2)
    return np.stack(
        [first * np.cos(c / 2), first * np.sin(c / 2), second * np.cos((b + c) / 2), second * np.sin((b + c) / 2)]
    )


def _phases(w: Any) -> Any:
    return np.stack([-w[1], -w[1], w[1], w[1]]) / 2


def _state(w: Any) -> Any:
    return np.stack([_moduli(w) * np.cos(_phases(w)), _moduli(w) * np.sin(_phases(w))])


def _density_matrix(w: Any) -> Any:
    moduli, phases = np.multiply.outer(_moduli(w), _moduli(w)), np.subtract.outer(_phases(w), _phases(w))
    return np.stack([moduli * np.cos(phases), moduli * np.sin(phases)])


def _weights(w: Any) -> tuple[Any, Any]:
    a = _angles(w)[0]
    return np.cos(a / 2) ** 2, np.sin(a / 2) ** 2


def _sum_mean(w: Any) -> Any:
    return np.cos(_angles(w)[0]) + _x1(w) / 2


def _x1(w: Any, sign: int = 1) -> Any:
    """⟨X1⟩, or with a minus sign ⟨Z0 X1⟩."""
    (first, second), (_, b, c) = _weights(w), _angles(w)
    return first * np.sin(c) + sign * second * np.sin(b + c)


def _matrix_mean(w: Any) -> Any:
    (first, second), (_, b, c) = _weights(w), _angles(w)
    return first * np.cos(c) + second * np.cos(b + c) + 2 * _x1(w)


def _projector_mean(w: Any) -> Any:
    return _moduli(w)[1] ** 2


def _radius(w: Any) -> Any:
    """The length of the Bloch vector of either qubit: 1 − r² = sin²a sin²(b/2)."""
    a, b, _ = _angles(w)
    return np.sqrt(1 - np.sin(a) ** 2 * np.sin(b / 2) ** 2)


def _entropy(w: Any) -> Any:
    low, high = (1 - _radius(w)) / 2, (1 + _radius(w)) / 2
    return -low * np.log(low) - high * np.log(high)


def _fidelity(w: Any) -> Any:
    """(1 + ⟨Y0⟩)/2."""
    a, b, _ = _angles(w)
    return (1 + np.sin(a) * np.cos(b / 2) * np.sin(w[1])) / 2


def _first_qubit(state: Any) -> Any:
    table = state.reshape(2, 2)
    return table @ table.conj().T


def _dense_entropy(state: Any) -> float:
    chances = np.linalg.eigvalsh(_first_qubit(state))
    return float(-np.sum(chances * np.log(chances)))


def _mean(matrix: Any) -> Callable[[Any], float]:
    return lambda state: float((state.conj() @ matrix @ state).real)


def _variance(matrix: Any) -> Callable[[Any], float]:
    return lambda state: _mean(matrix @ matrix)(state) - _mean(matrix)(state) ** 2


SUM_MATRIX, LAST_MATRIX = dense.pauli_matrix(SUM, 2), dense.embed(MATRIX, [1], 2)
PROJECTOR_MATRIX = np.diag([0.0, 1.0, 0.0, 0.0])
OBSERVABLE, HERMITIAN, PROJECTOR = kg.Z(0) + 0.5 * kg.X(1), kg.Hermitian(MATRIX, [1]), kg.Projector("01", [0, 1])

RESULTS = {
    "state": Result(kg.state(), _state, lambda state: state, is_complex=True),
    "density matrix": Result(
        kg.density_matrix(), _density_matrix, lambda state: np.outer(state, state.conj()), is_complex=True
    ),
    "probabilities": Result(kg.probs(), lambda w: _moduli(w) ** 2, lambda state: np.abs(state) ** 2),
    "expectation of a Pauli sum": Result(kg.expval(OBSERVABLE), _sum_mean, _mean(SUM_MATRIX), matrix=SUM_MATRIX),
    "expectation of a Hermitian": Result(kg.expval(HERMITIAN), _matrix_mean, _mean(LAST_MATRIX), matrix=LAST_MATRIX),
    "expectation of a projector": Result(
        kg.expval(PROJECTOR), _projector_mean, _mean(PROJECTOR_MATRIX), matrix=PROJECTOR_MATRIX
    ),
    "variance of a Pauli sum": Result(
        kg.var(OBSERVABLE), lambda w: 1.25 + _x1(w, -1) - _sum_mean(w) ** 2, _variance(SUM_MATRIX), matrix=SUM_MATRIX
    ),
    "variance of a Hermitian": Result(
        kg.var(HERMITIAN), lambda w: 5 - _matrix_mean(w) ** 2, _variance(LAST_MATRIX), matrix=LAST_MATRIX
    ),
    "variance of a projector": Result(
        kg.var(PROJECTOR),
        lambda w: _projector_mean(w) - _projector_mean(w) ** 2,
        _variance(PROJECTOR_MATRIX),
        matrix=PROJECTOR_MATRIX,
    ),
    "entropy": Result(kg.entropy([0]), _entropy, _dense_entropy),
    "mutual information": Result(
        kg.mutual_info([0], [1]), lambda w: 2 * _entropy(w), lambda state: 2 * _dense_entropy(state)
    ),
    "purity": Result(
        kg.purity([0]), lambda w: (1 + _radius(w) ** 2) / 2, lambda state: np.sum(np.abs(_first_qubit(state)) ** 2)
    ),
    "fidelity": Result(
        kg.fidelity(TARGET, [0]), _fidelity, lambda state: (TARGET.conj() @ _first_qubit(state) @ TARGET).real
    ),
    # What samples and counts are a sample of; they themselves have no derivative.
    "samples": Result(kg.sample(), lambda w: _moduli(w) ** 2, lambda state: np.abs(state) ** 2),
    "counts": Result(kg.counts(), lambda w: _moduli(w) ** 2, lambda state: np.abs(state) ** 2),
}

"""Quantum circuits, differentiable in whatever array framework is already there."""

from ketgrad.circuit import Circuit
from ketgrad.circuit.parameters import parameters
from ketgrad.circuit_function import function
from ketgrad.errors import (
    EagerFallbackWarning,
    GradientError,
    GradientFallbackWarning,
    InvalidTypeError,
    InvalidValueError,
    KetgradError,
    MissingFrameworkError,
    PrecisionError,
    UnknownBackendError,
    UnsupportedError,
)
from ketgrad.interchange.errors import QasmError
from ketgrad.measurements import density_matrix, entropy, expval, mutual_info, probs, purity, state, var
from ketgrad.observables import hamiltonians
from ketgrad.observables.matrix import Hermitian, Projector
from ketgrad.observables.pauli import I, PauliSum, X, Y, Z
from ketgrad.precision import get_precision, set_precision, use_precision
from ketgrad.registry import available_backends, backend, get_backend, set_backend, use_backend
from ketgrad.transforms import grad, hessian, jacobian, jit, value_and_grad, vmap

__version__ = "0.1.0"

__all__ = [
    "Circuit",
    "EagerFallbackWarning",
    "GradientError",
    "GradientFallbackWarning",
    "Hermitian",
    "I",
    "InvalidTypeError",
    "InvalidValueError",
    "KetgradError",
    "MissingFrameworkError",
    "PauliSum",
    "PrecisionError",
    "Projector",
    "QasmError",
    "UnknownBackendError",
    "UnsupportedError",
    "X",
    "Y",
    "Z",
    "available_backends",
    "backend",
    "density_matrix",
    "entropy",
    "expval",
    "function",
    "get_backend",
    "get_precision",
    "grad",
    "hamiltonians",
    "hessian",
    "jacobian",
    "jit",
    "mutual_info",
    "parameters",
    "probs",
    "purity",
    "set_backend",
    "set_precision",
    "state",
    "use_backend",
    "use_precision",
    "value_and_grad",
    "var",
    "vmap",
]

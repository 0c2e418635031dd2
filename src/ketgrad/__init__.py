"""Quantum circuits, differentiable in whatever array framework is already there."""

from ketgrad import devices, gradients, nn, optimize, templates
from ketgrad.circuit import Circuit
from ketgrad.circuit.noise_model import NoiseModel
from ketgrad.circuit.parameters import parameters
from ketgrad.circuit_function import CircuitFunction, function
from ketgrad.devices import Device, DifferentiatingDevice
from ketgrad.differentiate.explain.explain import explain_gradients
from ketgrad.differentiate.explain.report import GradientReport
from ketgrad.engine import get_engine, set_engine, use_engine
from ketgrad.errors import (
    EagerFallbackWarning,
    GradientError,
    GradientFallbackWarning,
    InvalidTypeError,
    InvalidValueError,
    KernelWarning,
    KetgradError,
    MissingFrameworkError,
    OutOfMemoryError,
    PrecisionError,
    UnknownBackendError,
    UnsupportedError,
)
from ketgrad.information import classical_fisher_information, metric_tensor, quantum_fisher_information
from ketgrad.interchange.errors import QasmError
from ketgrad.measurements import (
    Estimate,
    counts,
    density_matrix,
    entropy,
    expval,
    fidelity,
    mutual_info,
    probs,
    purity,
    sample,
    state,
    var,
)
from ketgrad.memory import memory_estimate
from ketgrad.observables import hamiltonians
from ketgrad.observables.matrix import Hermitian, Projector
from ketgrad.observables.pauli import I, PauliSum, X, Y, Z
from ketgrad.precision import get_precision, set_precision, use_precision
from ketgrad.registry import available_backends, backend, get_backend, set_backend, use_backend
from ketgrad.simulate.memory import set_memory_limit
from ketgrad.transforms import grad, hessian, jacobian, jit, value_and_grad, vmap

__version__ = "0.1.0"

__all__ = [
    "Circuit",
    "CircuitFunction",
    "Device",
    "DifferentiatingDevice",
    "EagerFallbackWarning",
    "Estimate",
    "GradientError",
    "GradientFallbackWarning",
    "GradientReport",
    "Hermitian",
    "I",
    "InvalidTypeError",
    "InvalidValueError",
    "KernelWarning",
    "KetgradError",
    "MissingFrameworkError",
    "NoiseModel",
    "OutOfMemoryError",
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
    "classical_fisher_information",
    "counts",
    "density_matrix",
    "devices",
    "entropy",
    "explain_gradients",
    "expval",
    "fidelity",
    "function",
    "get_backend",
    "get_engine",
    "get_precision",
    "grad",
    "gradients",
    "hamiltonians",
    "hessian",
    "jacobian",
    "jit",
    "memory_estimate",
    "metric_tensor",
    "mutual_info",
    "nn",
    "optimize",
    "parameters",
    "probs",
    "purity",
    "quantum_fisher_information",
    "sample",
    "set_backend",
    "set_engine",
    "set_memory_limit",
    "set_precision",
    "state",
    "templates",
    "use_backend",
    "use_engine",
    "use_precision",
    "value_and_grad",
    "var",
    "vmap",
]

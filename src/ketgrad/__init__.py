"""Quantum circuits, differentiable in whatever array framework is already there."""

from ketgrad.precision import get_precision, set_precision, use_precision
from ketgrad.registry import available_backends, backend, get_backend, set_backend, use_backend
from ketgrad.transforms import grad, hessian, jacobian, jit, value_and_grad, vmap

"""Optimizers for plain arrays on any backend; those of frameworks, such as `kg.optimize.torch`, on first use."""

from ketgrad.extensions import attribute_of
from ketgrad.optimize.adapt_vqe import AdaptVQE
from ketgrad.optimize.advance import Advance
from ketgrad.optimize.gradient_descent import Adagrad, Adam, GradientDescent, Momentum, Nesterov, RMSProp
from ketgrad.optimize.icans import ICANS
from ketgrad.optimize.natural_function import NaturalFunction, natural
from ketgrad.optimize.natural_gradient import MomentumNaturalGradient, NaturalGradient
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.qnspsa import QNSPSA
from ketgrad.optimize.result import NotFiniteError, Progress, Result
from ketgrad.optimize.riemannian import RiemannianGradientFlow
from ketgrad.optimize.rotoselect import Rotoselect
from ketgrad.optimize.rotosolve import Rotosolve
from ketgrad.optimize.scipy_bridge import minimize_scipy
from ketgrad.optimize.spsa import SPSA

__all__ = [
    "ICANS",
    "QNSPSA",
    "SPSA",
    "Adagrad",
    "Adam",
    "AdaptVQE",
    "Advance",
    "GradientDescent",
    "Momentum",
    "MomentumNaturalGradient",
    "NaturalFunction",
    "NaturalGradient",
    "Nesterov",
    "NotFiniteError",
    "Optimizer",
    "Problem",
    "Progress",
    "RMSProp",
    "Result",
    "RiemannianGradientFlow",
    "Rotoselect",
    "Rotosolve",
    "minimize_scipy",
    "natural",
]

__getattr__ = attribute_of("ketgrad.optimize")

"""The errors and warnings of ketgrad: each derives from `KetgradError` and from the built-in that a person expects."""

from __future__ import annotations


class KetgradError(Exception):
    """Base of every error that ketgrad raises on purpose."""


class InvalidValueError(KetgradError, ValueError):
    """A value of the right kind that is not allowed: a qubit out of range, a wrong shape, a NaN."""


class InvalidTypeError(KetgradError, TypeError):
    """A value of the wrong kind: a qubit that is no integer, an array of another framework."""


class UnsupportedError(KetgradError, NotImplementedError):
    """Something that this backend, or ketgrad so far, does not do; the message names a way that works."""


class UnknownBackendError(KetgradError, ValueError):
    """A backend name that nothing installed provides."""


class MissingFrameworkError(KetgradError, ModuleNotFoundError):
    """A known backend whose framework is not installed."""


class PrecisionError(KetgradError, ValueError):
    """A precision that the framework, as it is set up, cannot keep."""


class UntraceableError(KetgradError, TypeError):
    """Raised by a backend when its framework refuses to differentiate through a function."""


class OutOfMemoryError(KetgradError, MemoryError):
    """A simulation that there is too little memory for, refused before it begins."""


class GradientError(KetgradError, ValueError):
    """A gradient that cannot be had natively, where finite differences were ruled out."""


class GradientFallbackWarning(UserWarning):
    """Finite differences stood in for a gradient that automatic differentiation did not give."""


class EagerFallbackWarning(UserWarning):
    """A function could not be compiled and runs uncompiled."""


class KernelWarning(UserWarning):
    """The compiled kernels cannot be had, or cannot be kept from one process to the next."""

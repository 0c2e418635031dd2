"""The precision in force, and the names of the array types that go with it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Literal

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.settings import Setting

Precision = Literal["single", "double"]

REAL_TYPE = {"single": "float32", "double": "float64"}
COMPLEX_TYPE = {"single": "complex64", "double": "complex128"}
FLOATING_TYPES = ("float32", "float64")
COMPLEX_TYPES = ("complex64", "complex128")
INTEGER_TYPES = ("int32", "int64")
ARRAY_TYPES = (*FLOATING_TYPES, *COMPLEX_TYPES, *INTEGER_TYPES)

_precision: Setting[Precision] = Setting("ketgrad_precision", "double")


def set_precision(precision: Precision) -> None:
    """Set the precision of everything that ketgrad computes from now on, in every thread.

    Parameters
    ----------
    precision
        "double" (float64 and complex128, the default) or "single" (float32 and complex64).

    Raises
    ------
    InvalidValueError
        If it is neither; the precision stays as it was.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.set_precision("single")
    >>> kg.get_precision()
    'single'
    >>> kg.set_precision("double")
    """
    _precision.set(_checked(precision))


def get_precision() -> Precision:
    """Return the precision in force, "single" or "double"."""
    return _precision.get()


def use_precision(precision: Precision) -> AbstractContextManager[Precision]:
    """Use a precision inside a `with` block, which restores the one before it, on exceptions too.

    Examples
    --------
    >>> import ketgrad as kg
    >>> with kg.use_precision("single"):
    ...     kg.Circuit(1).state().dtype
    dtype('complex64')
    """
    return _precision.override(_checked(precision))


def real_type() -> str:
    """Return the name of the real array type in force."""
    return REAL_TYPE[get_precision()]


def complex_type() -> str:
    """Return the name of the complex array type in force."""
    return COMPLEX_TYPE[get_precision()]


def precision_of(dtype: str) -> Precision:
    """Return the precision that an array type has."""
    return "single" if dtype in ("float32", "complex64") else "double"


def type_name(dtype: Any) -> str:
    """Name an array type that was given as a string, a NumPy type or a framework's own type.

    Raises
    ------
    InvalidTypeError
        If it names none of the types that ketgrad's arrays have.
    """
    name = dtype if isinstance(dtype, str) and dtype in ARRAY_TYPES else _bare_name(dtype)
    if name not in ARRAY_TYPES:
        raise InvalidTypeError(f"dtype {dtype!r} is not known; give one of {', '.join(ARRAY_TYPES)}")
    return name


def _bare_name(dtype: Any) -> str:
    if isinstance(dtype, type | np.dtype):
        return np.dtype(dtype).name
    return str(getattr(dtype, "name", dtype)).rpartition(".")[2]


def _checked(precision: Any) -> Precision:
    if precision == "single":
        return "single"
    if precision == "double":
        return "double"
    raise InvalidValueError(f'precision {precision!r} is not known; give "single" or "double"')

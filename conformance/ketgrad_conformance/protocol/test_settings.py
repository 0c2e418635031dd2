"""What an exception must leave as it was; the backend in force is checked after every test of the kit."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from ketgrad.errors import GradientFallbackWarning
from ketgrad.precision import get_precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.registry import get_backend
from ketgrad_conformance.capabilities import covers

pytestmark = pytest.mark.usefixtures("precision")


class MishapError(Exception):
    """An exception of the user's own."""


@covers("value_and_grad")
@pytest.mark.parametrize("first_call", [1, 2], ids=["on the first path", "on the second path"])
def test_an_exception_leaves_backend_and_precision_in_force(
    backend: ArrayBackend, precision: str, first_call: int
) -> None:
    calls = []

    def fails(x: Array) -> Any:
        calls.append(x)
        if len(calls) >= first_call:
            raise MishapError
        return backend.detach(x)

    derivative = backend.value_and_grad(fails)
    with warnings.catch_warnings(action="ignore", category=GradientFallbackWarning), pytest.raises(MishapError):
        derivative(1.0)
    assert get_backend() is backend
    assert get_precision() == precision

"""Names and signatures, since `isinstance` with a runtime-checkable Protocol accepts wrong ones."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from ketgrad.precision import ARRAY_TYPES, type_name
from ketgrad.protocol import PROTOCOL_MEMBERS, ArrayBackend, Capability
from ketgrad.registry import resolve
from ketgrad_conformance.capabilities import IMPLIED, covers

METHODS = [name for name in PROTOCOL_MEMBERS if callable(getattr(ArrayBackend, name, None))]
NAMELESS = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)


def parameters(function: Any) -> list[tuple[str, str, Any]]:
    """Return name, kind and default of each parameter; a name that no caller can use counts as none."""
    found = inspect.signature(function).parameters.values()
    return [("" if entry.kind in NAMELESS else entry.name, entry.kind.name, entry.default) for entry in found]


@pytest.mark.parametrize("member", METHODS)
def test_a_member_takes_the_parameters_of_the_protocol(backend: ArrayBackend, member: str) -> None:
    expected = parameters(getattr(ArrayBackend, member))[1:]
    assert parameters(getattr(backend, member)) == expected


@covers("name", "library_version")
def test_the_name_and_the_version_are_words(backend: ArrayBackend) -> None:
    assert isinstance(backend.name, str)
    assert backend.name.strip()
    assert isinstance(backend.library_version, str)
    assert backend.library_version.strip()


@covers("capabilities")
def test_capabilities_are_a_frozen_set_of_the_protocols_own(backend: ArrayBackend) -> None:
    assert isinstance(backend.capabilities, frozenset)
    assert backend.capabilities <= frozenset(Capability)


@covers("capabilities")
@pytest.mark.parametrize("capability", IMPLIED)
def test_a_capability_is_declared_with_what_it_implies(backend: ArrayBackend, capability: Capability) -> None:
    assert capability not in backend.capabilities or IMPLIED[capability] <= backend.capabilities


@covers("float32", "float64", "complex64", "complex128")
@pytest.mark.parametrize("name", [name for name in ARRAY_TYPES if hasattr(ArrayBackend, name) or "int" not in name])
def test_the_type_constants_name_themselves(backend: ArrayBackend, name: str) -> None:
    assert type_name(getattr(backend, name)) == name


def test_the_registry_accepts_the_backend(backend: ArrayBackend) -> None:
    assert resolve(backend) is backend

"""Devices by name."""

from __future__ import annotations

import pytest

from ketgrad.errors import InvalidValueError
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

makers = pytest.mark.parametrize("maker", ["array", "asarray", "zeros"])


@covers("devices")
def test_devices_are_named_by_words(backend: ArrayBackend) -> None:
    names = backend.devices()
    assert isinstance(names, tuple)
    assert names
    assert all(isinstance(name, str) and name.strip() for name in names)
    assert len(set(names)) == len(names)


@covers("devices", "array", "asarray", "zeros")
@makers
def test_an_array_is_placed_on_any_device_that_is_named(backend: ArrayBackend, maker: str) -> None:
    for name in backend.devices():
        value = (1,) if maker == "zeros" else [0.0]
        expect.close(backend, getattr(backend, maker)(value, device=name), [0.0])


@covers("device", "array", "asarray", "zeros")
@makers
def test_an_array_tells_its_device_by_name_or_that_it_can_not_tell(backend: ArrayBackend, maker: str) -> None:
    for name in backend.devices():
        placed = getattr(backend, maker)([1], device=name)
        assert backend.device(placed) in (name, None)
        assert backend.device(placed + placed) in (name, None)
    assert backend.device(getattr(backend, maker)([1])) in (backend.devices()[0], None)


@covers("devices", "array", "asarray", "zeros")
@requires("devices")
@makers
def test_an_unknown_device_is_refused_by_name(backend: ArrayBackend, maker: str) -> None:
    with expect.refusal(InvalidValueError, "nowhere"):
        getattr(backend, maker)([1], device="nowhere:7")

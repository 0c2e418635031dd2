"""Devices outside of ketgrad, simulators and hardware, that circuits run on: `kg.function(..., device=...)`."""

from ketgrad.devices.aer import AerDevice
from ketgrad.devices.device import Device, DifferentiatingDevice, numbers

__all__ = ["AerDevice", "Device", "DifferentiatingDevice", "numbers"]

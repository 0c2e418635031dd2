"""What goes together: gradient methods, engines, shots, trajectories, devices."""

from __future__ import annotations

from typing import Any

from ketgrad.devices.device import Device, DifferentiatingDevice
from ketgrad.differentiate.methods import Adjoint, Backprop, DeviceGradient, Hadamard, Method
from ketgrad.engine import Engine
from ketgrad.errors import UnsupportedError


def check_method(
    method: Method | None, engine: Engine | None, shots: Any, trajectories: Any, device: Device | None = None
) -> None:
    """Refuse a gradient method on an engine that has another, and one for shots or trajectories that it can't do."""
    if isinstance(method, DeviceGradient) and not isinstance(device, DifferentiatingDevice):
        has = "there is no device" if device is None else f"{type(device).__name__} has no method derivatives"
        raise UnsupportedError(
            f'the gradient "device" is a device\'s own, and {has}; give gradient="parameter-shift", which runs on any'
        )
    if isinstance(method, Hadamard) and device is not None:
        raise UnsupportedError(
            "the Hadamard test puts rotations into the circuit, which a device would run at every value; give "
            'gradient="parameter-shift"'
        )
    if isinstance(method, Backprop) and engine == "compiled":
        raise UnsupportedError(
            'the compiled engine has a backward sweep of its own; give gradient="best", or engine="traced" for backprop'
        )
    if isinstance(method, Adjoint) and engine == "traced":
        raise UnsupportedError(
            'the adjoint method is the compiled engine\'s; leave engine out, or give gradient="backprop"'
        )
    if shots is not None and isinstance(method, Adjoint | Backprop):
        raise UnsupportedError(
            f"{method.name} differentiates exact results; with shots give parameter-shift, finite-diff or spsa for "
            "expval, var and probs, and kg.gradients.score_function for functions of samples, or leave shots out"
        )
    if trajectories is not None and method is not None and not isinstance(method, Backprop):
        raise UnsupportedError(
            f"{method.name} does not go with trajectories, of which each is differentiated by the framework; leave "
            'gradient out, or give "backprop"'
        )


def check_trajectories(engine: Engine | None) -> None:
    """Refuse the compiled engine, on which trajectories do not run."""
    if engine == "compiled":
        raise UnsupportedError('trajectories run on the traced engine; give engine="traced", or leave it out')

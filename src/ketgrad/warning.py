"""Warnings that point to the line of the user's that led to them, however deep inside they come up."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

PACKAGES = ("ketgrad", "ketgrad_backends")


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line that called into ketgrad."""
    level, outermost = 1, 1
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] in PACKAGES:
            outermost = level
        level, frame = level + (not _is_import(frame)), frame.f_back
    warnings.warn(message, category, stacklevel=outermost + 1)


def _is_import(frame: FrameType) -> bool:
    """Tell whether a frame belongs to Python's import; `warnings.warn` leaves those out when it counts."""
    name = frame.f_code.co_filename
    return "importlib" in name and "_bootstrap" in name

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
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=outermost + 1)

"""Qiskit's modules, or a sentence that says how to install them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ketgrad.errors import MissingFrameworkError


def qiskit_module(name: str) -> Any:
    """Import a module of Qiskit or Qiskit Aer.

    Raises
    ------
    MissingFrameworkError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        raise MissingFrameworkError(
            f"{name} needs {missing}, which is not installed; run: pip install 'ketgrad[qiskit]'", name=missing
        ) from error

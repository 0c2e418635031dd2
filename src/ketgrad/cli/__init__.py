"""The command line: `ketgrad vqe | run | backends | conformance | warmup | bench`."""

from ketgrad.cli.main import console, main

__all__ = ["console", "main"]

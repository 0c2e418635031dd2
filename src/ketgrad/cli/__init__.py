"""The command line: `ketgrad backends | run | vqe | conformance`."""

from ketgrad.cli.main import console, main

__all__ = ["console", "main"]

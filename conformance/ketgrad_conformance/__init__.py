"""The conformance kit: a suite that anyone runs against any ketgrad backend.

From the command line: `ketgrad conformance NAME`, or `python -m ketgrad_conformance NAME`; from Python: `run(NAME)`.
`protocol/` tests each member of `ketgrad.protocol.ArrayBackend`, `simulator/` whole circuits.
"""

from ketgrad_conformance.runner import main, run

__all__ = ["main", "run"]

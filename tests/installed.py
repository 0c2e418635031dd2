"""Which backends the tests run on."""

import os
from importlib.util import find_spec

# torch comes first: importing it after TensorFlow has crashed the process.
MODULES = {"numpy": "numpy", "strict": "numpy", "pytorch": "torch", "jax": "jax", "tensorflow": "tensorflow"}
AUTODIFF = ("numpy", "pytorch", "jax", "tensorflow")


def installed_backends() -> list[str]:
    """Return the backends that `KETGRAD_TEST_BACKENDS` names, else those whose framework is there."""
    wanted = os.environ.get("KETGRAD_TEST_BACKENDS")
    if wanted:
        return wanted.split(",")
    return [name for name, module in MODULES.items() if find_spec(module) is not None]

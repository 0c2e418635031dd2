"""Circuits as layers of networks: what all layers share, a pure pair of functions, and each framework's own layer.

`TorchLayer`, `FlaxLayer` and `KerasLayer` are imported at their first use, and their framework with them.
"""

from ketgrad import extensions
from ketgrad.nn.plan import LayerPlan
from ketgrad.nn.pure import functional

__all__ = ["LayerPlan", "functional"]

__getattr__ = extensions.attribute_of("ketgrad.nn")


def __dir__() -> list[str]:
    return sorted({*__all__, *extensions.names("ketgrad.nn")})

"""What parameters a function reads from modules of torch: for `kg.explain_gradients`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from ketgrad import tree
from ketgrad.differentiate.explain.hooks import Parameter
from ketgrad.errors import InvalidTypeError
from ketgrad.protocol import Array
from ketgrad_backends.pytorch_graph import refusals_named


class TorchParameters:
    """Members of `ketgrad.differentiate.explain.hooks.HoldsParameters`."""

    def parameters_of(self, module: Any, /) -> list[Parameter]:
        if not isinstance(module, torch.nn.Module):
            raise InvalidTypeError(
                f"parameters is a {type(module).__name__}; give an nn.Module, a mapping from names to tensors, or a "
                "list of tensors"
            )
        registered = [Parameter(name, parameter) for name, parameter in module.named_parameters()]
        return registered + [found for name, part in module.named_modules() for found in _unregistered(name, part)]

    def differentiate_held(
        self,
        function: Callable[[], Array],
        parameters: Sequence[Array],
        values: Sequence[Array],
        chosen: Sequence[int],
        /,
    ) -> tuple[Array, list[Array | None]]:
        recorded = [parameters[index] for index in chosen]
        frozen = [tensor for index, tensor in enumerate(parameters) if index not in chosen]
        with refusals_named(), torch.enable_grad(), _not_recorded(frozen), _holding(parameters, values):
            value = function()
            if not recorded or not value.requires_grad:
                return value.detach(), [None] * len(recorded)
            return value.detach(), list(torch.autograd.grad(value, recorded, allow_unused=True))


def _unregistered(prefix: str, module: Any) -> list[Parameter]:
    """Return floating tensors that lie about in a module, which its `parameters()` does not know."""
    known = {id(tensor) for tensor in (*module.parameters(), *module.buffers())}
    leaves, paths, _ = tree.flatten({name: value for name, value in vars(module).items() if not name.startswith("_")})
    return [
        Parameter(
            _dotted(prefix, path),
            leaf,
            "the module's parameters() does not list it, so no optimizer made from them sees it",
        )
        for leaf, path in zip(leaves, paths, strict=True)
        if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() and id(leaf) not in known
    ]


def _dotted(prefix: str, path: str) -> str:
    """Turn the path ['rx'][0] in a module into its name, rx[0]."""
    name, _, rest = path.removeprefix("['").partition("']")
    return f"{prefix}.{name}{rest}" if prefix else f"{name}{rest}"


@contextmanager
def _not_recorded(tensors: Sequence[Array]) -> Iterator[None]:
    """Leave some leaves out of the graph for a while."""
    changed = [tensor for tensor in tensors if tensor.is_leaf and tensor.requires_grad]
    for tensor in changed:
        tensor.requires_grad_(False)
    try:
        yield
    finally:
        for tensor in changed:
            tensor.requires_grad_(True)


@contextmanager
def _holding(parameters: Sequence[Array], values: Sequence[Array]) -> Iterator[None]:
    """Put values into tensors for a while, through `.data`, so that graphs of the user's that hold them stay valid."""
    before = [parameter.data.clone() for parameter in parameters]
    try:
        _fill(parameters, values)
        yield
    finally:
        _fill(parameters, before)


def _fill(parameters: Sequence[Array], values: Sequence[Array]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.data.copy_(value)

"""Where torch loses a tensor: what only the PyTorch backend can tell `kg.explain_gradients`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ketgrad import tree
from ketgrad.differentiate.explain.places import Cut, place_of_call
from ketgrad.protocol import Array
from ketgrad_backends.pytorch_graph import leaves_behind
from ketgrad_backends.watched_calls import CallsSeen, Watched, always, watching

WAYS_OUT = {
    "item": ".item()",
    "tolist": ".tolist()",
    "numpy": ".numpy()",
    "__array__": "NumPy",
    "__float__": "float()",
    "__int__": "int()",
    "__index__": "its use as an index",
    "__complex__": "complex()",
}
"""Methods whose results are no tensors."""
REBUILDERS = {
    "tensor": "torch.tensor(...)",
    "as_tensor": "torch.as_tensor(...)",
    "asarray": "torch.asarray(...)",
    "new_tensor": ".new_tensor(...)",
}
SHAPES_ALONE = ("_like", "new_empty", "new_zeros", "new_ones", "new_full")
"""How functions end or are called that look at no values, so that they cut nothing."""


class TorchExplanations:
    """Members of `ketgrad.differentiate.explain.hooks.LocatesCuts`."""

    def cuts(self, function: Callable[[Array], Any], leaf: Array, /) -> tuple[Cut, ...]:
        inner = leaf if leaf.requires_grad and leaf.is_leaf else leaf.detach().requires_grad_()
        seen = CallsSeen("torch", ("torch.nn.parameter", "torch._tensor"))
        with torch.enable_grad(), watching(WATCHED, seen), _Watch(seen):
            function(inner)
        return seen.cuts(lambda found: _reaches(found, inner))

    def obstacle(self, array: Array, /) -> str:
        if not array.is_leaf:
            return (
                "it is no leaf but was computed from another tensor, so loss.backward() leaves its .grad None; give it "
                ".detach().requires_grad_(), or call retain_grad()"
            )
        if array.requires_grad:
            return ""
        return "requires_grad=False; make it an nn.Parameter, or call requires_grad_() on it"


class _Watch(TorchFunctionMode):
    """Looks at every call of torch's for one that takes a recorded tensor and returns none."""

    def __init__(self, seen: CallsSeen) -> None:
        super().__init__()
        self.seen = seen

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        # Before the call, which may detach them in place.
        ends = [_end(tensor) for tensor in _tensors((args, given)) if tensor.requires_grad]
        result = func(*args, **given)
        how = _how(func, result) if ends else ""
        place = place_of_call(sys._getframe(1), "torch", self.seen.wrappers) if how else None
        if place is not None:
            self.seen.found.append((Cut(how, place), ends))
        return result


def _end(tensor: Array) -> Any:
    """Return the node at which a tensor's graph ends as it is now, or the tensor if it is a leaf."""
    return tensor if tensor.grad_fn is None else tensor.grad_fn


def _reaches(found: Any, leaf: Array) -> bool:
    """Tell whether a call was given something that derives from the leaf: a tensor, or the ends of several."""
    ends = [_end(found)] if isinstance(found, torch.Tensor) else found
    return any(end is leaf if isinstance(end, torch.Tensor) else id(leaf) in leaves_behind(end) for end in ends)


def _how(func: Any, result: Any) -> str:
    """Say how a call of torch's left the graph; "" if it did not."""
    name = str(getattr(func, "__name__", ""))
    if name in WAYS_OUT:
        return WAYS_OUT[name]
    tensors = _tensors(result)
    if not tensors or any(tensor.requires_grad or tensor.dtype == torch.bool for tensor in tensors):
        return ""
    if name.endswith(SHAPES_ALONE):
        return ""
    return _how_by_name(func, name, tensors[0])


def _how_by_name(func: Any, name: str, result: Array) -> str:
    if name in ("detach", "detach_"):
        return f".{name}()"
    if name == "__get__":
        return f".{getattr(func, '__self__', func).__name__}"
    if name in REBUILDERS:
        return f"a tensor rebuilt with {REBUILDERS[name]}"
    if not torch.is_grad_enabled():
        return "torch.no_grad()"
    if not (result.is_floating_point() or result.is_complex()):
        return f"a conversion to {result.dtype}"
    return f"{name}(...)"


def _tensors(tree_of_values: Any) -> list[Array]:
    return [value for value in tree.flatten(tree_of_values)[0] if isinstance(value, torch.Tensor)]


WATCHED = (Watched(torch.nn.Parameter.__new__, "data", always("a new nn.Parameter(...)")),)
"""The one way out that is none of torch's functions."""

"""A second device for torch, "second:0", in Python. It is the processor, but keeps apart from it as a GPU does.

Its tensors wrap tensors of the processor. An operation that mixes the two raises, unless it copies, or goes element by
element and the stranger is a single number; so does reading a tensor by NumPy. Importing this file registers the device
for the whole process.
"""

import torch
from torch.utils import _pytree as pytree
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

NAME = "second"
aten = torch.ops.aten
MAY_MIX = {aten._to_copy.default, aten.copy_.default}
# The wrapped tensors would only be marked as conjugates, and what comes after does not look at the mark.
AT_ONCE = {aten._conj.default: aten.conj_physical.default, aten._neg_view.default: aten.neg.default}


class Tensor(torch.Tensor):
    """A tensor of the second device."""

    @staticmethod
    def __new__(cls, held):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device(NAME, 0),
        )

    def __init__(self, held):
        self.held = held

    def __repr__(self):
        return f"second_device.{self.held!r}"

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        operation, kwargs = AT_ONCE.get(operation, operation), dict(kwargs or {})
        tensors = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        strangers = [tensor for tensor in tensors if not isinstance(tensor, cls)]
        takes_numbers = torch.Tag.pointwise in operation.tags
        if operation not in MAY_MIX and any(tensor.dim() or not takes_numbers for tensor in strangers):
            raise RuntimeError(f"{operation} mixes tensors of {NAME}:0 and others")
        wanted = kwargs.get("device")
        leaves = wanted is not None and torch.device(wanted).type != NAME
        if wanted is not None:
            kwargs["device"] = "cpu"
        wrappers = {id(tensor.held): tensor for tensor in tensors if isinstance(tensor, cls)}
        given_args, given_kwargs = pytree.tree_map_only(cls, lambda tensor: tensor.held, (args, kwargs))
        result = operation(*given_args, **given_kwargs)
        if operation is aten.copy_.default:
            return args[0]
        if leaves:
            return result
        return pytree.tree_map_only(
            torch.Tensor, lambda held: wrappers[id(held)] if id(held) in wrappers else cls(held), result
        )

    __torch_function__ = torch._C._disabled_torch_function_impl


def _empty(size, *, dtype=None, **options):
    return Tensor(torch.empty(size, dtype=dtype))


def _empty_strided(size, stride, *, dtype=None, **options):
    return Tensor(torch.empty_strided(size, stride, dtype=dtype))


class _Module(_DummyBackendModule):
    def get_amp_supported_dtype(self):
        return [torch.float16, torch.bfloat16]


_setup_privateuseone_for_python_backend(NAME, backend_module=_Module())
_kernels = torch.library.Library("aten", "IMPL")
_kernels.impl("empty.memory_format", _empty, "PrivateUse1")
_kernels.impl("empty_strided", _empty_strided, "PrivateUse1")


# What autocast does on GPUs: products of real matrices are in 16 bits.


def _in_half(operation):
    def cast(*arrays):
        without = torch._C._ExcludeDispatchKeyGuard(torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1))
        with without:
            return operation(*(x.to(torch.get_autocast_dtype(NAME)) if x.is_floating_point() else x for x in arrays))

    return cast


_others = torch.library.Library("_", "IMPL", "AutocastPrivateUse1")
_others.fallback(torch.library.fallthrough_kernel)
_cast = torch.library.Library("aten", "IMPL", "AutocastPrivateUse1")
for _name in ("mm", "bmm", "matmul", "linear"):
    _cast.impl(_name, _in_half(getattr(torch, _name) if _name != "linear" else torch.nn.functional.linear))

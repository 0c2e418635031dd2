"""PyTorch: tensors and parameters, differentiated by torch.autograd, or by torch.func inside one of its transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensor

from ketgrad import tree
from ketgrad.base import check_conversion, checked_array, take_in
from ketgrad.batching import mapped_arguments
from ketgrad.compiling import compiled_function
from ketgrad.errors import InvalidTypeError, InvalidValueError, UntraceableError
from ketgrad.precision import INTEGER_TYPES, real_type, type_name
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability, InAxes, Pullback
from ketgrad_backends.algebra import AutorayAlgebra
from ketgrad_backends.pytorch_explain import TorchExplanations
from ketgrad_backends.pytorch_gradient import Custom, custom_operation
from ketgrad_backends.pytorch_graph import reached_leaves, refusals_named
from ketgrad_backends.pytorch_host import host_operation
from ketgrad_backends.pytorch_jit import is_tracing, torch_compiler
from ketgrad_backends.pytorch_parameters import TorchParameters


class TorchBackend(TorchExplanations, TorchParameters, AutorayAlgebra):
    """Tensors, plain ones and `nn.Parameter`s alike."""

    name = "pytorch"
    library_version = str(torch.__version__)
    capabilities = frozenset(Capability)
    float32, float64 = torch.float32, torch.float64
    complex64, complex128 = torch.complex64, torch.complex128

    def __init__(self) -> None:
        super().__init__("torch")

    def devices(self) -> tuple[str, ...]:
        return ("cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count())))

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        return self.asarray(value, dtype=dtype, device=device).clone()

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        taken, wanted = take_in(self, value, dtype)
        tensor = taken if isinstance(taken, torch.Tensor) else torch.from_numpy(_writable(taken))
        check_conversion(self.dtype(tensor), wanted)
        place = tensor.device if device is None and tensor is taken else _device(device)
        return tensor.to(dtype=getattr(torch, wanted), device=place)

    def to_numpy(self, array: Array, /) -> Any:
        if not self.is_array(checked_array(self, array)):
            return np.asarray(array)
        if not self.is_concrete(array):
            raise UntraceableError("this tensor is traced by torch, so its values can't be looked at here")
        return array.detach().resolve_conj().resolve_neg().cpu().numpy()

    def is_array(self, value: Any, /) -> bool:
        return isinstance(value, torch.Tensor)

    def is_concrete(self, array: Array, /) -> bool:
        return not is_tracing() and array.device.type != "meta" and not isinstance(array, FakeTensor)

    def dtype(self, array: Array, /) -> str:
        return str(array.dtype).removeprefix("torch.")

    def device(self, array: Array, /) -> str | None:
        return str(array.device)

    def astype(self, array: Array, dtype: Any, /) -> Array:
        wanted = type_name(dtype)
        check_conversion(self.dtype(array), wanted)
        return array.to(getattr(torch, wanted))

    def zeros(self, shape: Sequence[int], /, *, dtype: Any = None, device: str | None = None) -> Array:
        return torch.zeros(tuple(shape), dtype=getattr(torch, type_name(dtype or real_type())), device=_device(device))

    def stack(self, arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
        return torch.stack(list(arrays), dim=axis)

    def take(self, array: Array, indices: Any, /, *, axis: int) -> Array:
        if isinstance(indices, int | np.integer):
            return array.select(axis, int(indices))
        return array.index_select(axis, torch.as_tensor(np.array(indices), device=array.device))

    def einsum(self, subscripts: str, /, *arrays: Array) -> Array:
        with _without_autocast(arrays[0]):
            return torch.einsum(subscripts, *arrays)

    def matmul(self, left: Array, right: Array, /) -> Array:
        with _without_autocast(left):
            return torch.matmul(left, right)

    def sum(self, array: Array, /, *, axis: int | None = None) -> Array:
        return torch.sum(array, dim=axis)

    def requires_grad(self, array: Any, /) -> Array:
        if isinstance(array, torch.Tensor) and array.requires_grad:
            return array
        leaf = self.array(array)
        if self.dtype(leaf) in INTEGER_TYPES:
            raise InvalidTypeError(f"a tensor of {leaf.dtype} has no gradient; give it as float64 or float32")
        return leaf.detach().requires_grad_()

    def detach(self, array: Array, /) -> Array:
        return array.detach()

    def vmap(self, function: Callable[..., Any], /, in_axes: InAxes = 0) -> Callable[..., Any]:
        def with_tensors(*args: Any, **kwargs: Any) -> Any:
            return tree.map_leaves(self.asarray, function(*args, **kwargs))

        def mapped(*args: Any, **kwargs: Any) -> Any:
            arrays, axes, _ = mapped_arguments(self, args, in_axes)
            return torch.func.vmap(with_tensors, in_dims=axes, randomness="different")(*arrays, **kwargs)

        return mapped

    def jit(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        return compiled_function(self, function, torch_compiler())

    def vjp(
        self, function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array], /
    ) -> tuple[Array, Any, Pullback]:
        with refusals_named():
            if torch._C._functorch.peek_interpreter_stack() is not None:
                return _functional_vjp(function, leaves)
            return _eager_vjp(function, leaves)

    def custom_gradient(
        self, function: Callable[..., Array], pullback: Callable[[Sequence[Array], Array], Sequence[Array]], /
    ) -> Callable[..., Array]:
        operation = custom_operation(Custom(function, pullback))
        return lambda *inputs: operation(*map(self.asarray, inputs))

    def host_function(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Sequence[Any]] | str,
        output: Callable[..., ArraySpec],
        /,
        *,
        is_vectorized: bool = False,
        native: Callable[..., Array] | None = None,
    ) -> Callable[..., Array]:
        operation = host_operation(forward, backward, output, is_vectorized=is_vectorized, native=native)

        def call(*inputs: Any) -> Array:
            tensors = [self.asarray(value) for value in inputs]
            if native is not None and _is_forward_mode():
                return native(*tensors)
            return operation(*tensors)

        return call


def _is_forward_mode() -> bool:
    """Tell whether a transformation around this call differentiates forwards, as `torch.func.hessian` does."""
    if torch.autograd.forward_ad._current_level >= 0:
        return True
    kinds = [layer.key() for layer in torch._C._functorch.get_interpreter_stack() or ()]
    return torch._C._functorch.TransformType.Jvp in kinds


def _eager_vjp(function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array]) -> tuple[Array, Any, Pullback]:
    """Record the function on leaves of its own; keep the graph only where it leads to somebody else's leaves."""
    is_outer_recording = torch.is_grad_enabled()
    with torch.enable_grad():
        inner = [_own_leaf(leaf) for leaf in leaves]
        value, aux = function(*inner)
    own = [id(leaf) for leaf, given in zip(inner, leaves, strict=True) if not given.requires_grad]
    is_nested = is_outer_recording and any(variable not in own for variable in reached_leaves(value))

    def pullback(cotangent: Array) -> list[Array | None]:
        if not value.requires_grad:
            return [None] * len(inner)
        return list(
            torch.autograd.grad(
                value,
                inner,
                cotangent,
                allow_unused=True,
                retain_graph=True,
                create_graph=is_nested or cotangent.requires_grad,
            )
        )

    if is_nested:
        return value, aux, pullback
    return value.detach(), tree.map_leaves(_detached, aux), pullback


def _functional_vjp(function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array]) -> tuple[Array, Any, Pullback]:
    """Differentiate inside a torch.func transform, which forbids marking leaves by hand."""
    reached: list[bool] = []
    rebuild: list[Callable[[Sequence[Array]], Any]] = []

    def recorded(*inner: Array) -> tuple[Array, tuple[Array, ...]]:
        value, aux = function(*inner)
        found = reached_leaves(value)
        reached.extend(id(leaf) in found for leaf in inner)
        tensors, put_back = _tensors_of(aux)
        rebuild.append(put_back)
        return value, tensors

    value, pull, tensors = torch.func.vjp(recorded, *leaves, has_aux=True)

    def pullback(cotangent: Array) -> list[Array | None]:
        gradients = pull(cotangent, retain_graph=True)
        return [gradient if is_reached else None for gradient, is_reached in zip(gradients, reached, strict=True)]

    return value, rebuild[0](tensors), pullback


def _without_autocast(array: Array) -> AbstractContextManager[Any]:
    """Keep a product in its own type inside mixed-precision training, which would cut float32 to 16 bits."""
    kind = array.device.type
    is_cut = kind in ("cpu", "cuda") and torch.is_autocast_enabled(kind)
    return torch.autocast(kind, enabled=False) if is_cut else nullcontext()


def _own_leaf(leaf: Array) -> Array:
    return leaf.view_as(leaf) if leaf.requires_grad else leaf.detach().requires_grad_()


def _tensors_of(aux: Any) -> tuple[tuple[Array, ...], Callable[[Sequence[Array]], Any]]:
    """Split the tensors from the rest of a container, since torch.func lets out tensors alone."""
    leaves, _, rebuild = tree.flatten(aux)
    places = [index for index, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]

    def put_back(tensors: Sequence[Array]) -> Any:
        replaced = dict(zip(places, tensors, strict=True))
        return rebuild([replaced.get(index, leaf) for index, leaf in enumerate(leaves)])

    return tuple(leaves[index] for index in places), put_back


def _detached(leaf: Any) -> Any:
    return leaf.detach() if isinstance(leaf, torch.Tensor) else leaf


def _writable(array: Any) -> Any:
    is_shareable = array.flags.writeable and array.dtype.isnative and all(stride >= 0 for stride in array.strides)
    return array if is_shareable else array.astype(array.dtype.newbyteorder("="), copy=True)


def _device(name: str | None) -> torch.device | None:
    if name is None:
        return None
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InvalidValueError(f'device {name!r} is not known to torch; give one such as "cpu" or "cuda:0"') from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InvalidValueError(
            f"device {name!r} was asked for, but torch finds {torch.cuda.device_count()} CUDA devices; "
            "see kg.available_backends(), and the environment variable CUDA_VISIBLE_DEVICES"
        )
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidValueError(f"device {name!r} can't be used by this torch: {reason}") from error
    return device


if TYPE_CHECKING:
    _: type[ArrayBackend] = TorchBackend

"""JAX. Double precision needs its 64-bit types switched on by the user; without, asking for them is an error.

JAX cuts float64 to float32 wherever `jax_enable_x64` is off, in the user's own arithmetic too, and ketgrad changes no
global flag of a framework; so the choice is left to the user and said in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
from jax.errors import JAXTypeError
from jax.interpreters.ad import JVPTracer

from ketgrad.base import check_conversion, checked_array, differentiable, host_gradients, host_result, take_in
from ketgrad.batching import mapped_arguments
from ketgrad.compiling import Compiler, compiled_function
from ketgrad.errors import InvalidValueError, PrecisionError, UnsupportedError, UntraceableError
from ketgrad.precision import real_type, type_name
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability, InAxes, Pullback
from ketgrad_backends.algebra import AutorayAlgebra
from ketgrad_backends.jax_explain import JaxExplanations
from ketgrad_backends.jax_host import HostCall, spec_of
from ketgrad_backends.messages import DIFFERENTIATES_ONCE

WIDE_TYPES = ("float64", "complex128")


class JaxBackend(JaxExplanations, AutorayAlgebra):
    """JAX arrays and tracers."""

    name = "jax"
    library_version = jax.__version__
    capabilities = frozenset(Capability)
    float32, float64 = jnp.dtype("float32"), jnp.dtype("float64")
    complex64, complex128 = jnp.dtype("complex64"), jnp.dtype("complex128")

    def __init__(self) -> None:
        super().__init__("jax")

    def devices(self) -> tuple[str, ...]:
        return tuple(_device_name(device) for device in jax.devices())

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        return jnp.array(self.asarray(value, dtype=dtype, device=device), copy=True)

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        if _is_key(value) and dtype is None:
            return value
        taken, wanted = take_in(self, value, dtype)
        check_conversion(str(taken.dtype), wanted)
        array = jnp.asarray(taken, _allowed(wanted))
        return array if device is None else _placed(array, _find_device(device))

    def to_numpy(self, array: Array, /) -> Any:
        if not self.is_concrete(checked_array(self, array)):
            raise UntraceableError("this array is traced by JAX, so its values can't be looked at here")
        return np.asarray(array)

    def is_array(self, value: Any, /) -> bool:
        return isinstance(value, jax.Array)

    def is_concrete(self, array: Array, /) -> bool:
        return not isinstance(array, jax.core.Tracer)

    def dtype(self, array: Array, /) -> str:
        return str(array.dtype)

    def device(self, array: Array, /) -> str | None:
        if not self.is_concrete(array) or len(array.devices()) > 1:
            return None
        return _device_name(next(iter(array.devices())))

    def astype(self, array: Array, dtype: Any, /) -> Array:
        wanted = _allowed(type_name(dtype))
        check_conversion(self.dtype(array), wanted)
        return array.astype(wanted)

    def zeros(self, shape: Sequence[int], /, *, dtype: Any = None, device: str | None = None) -> Array:
        kind = _allowed(type_name(dtype or real_type()))
        if device is None:
            return jnp.zeros(tuple(shape), kind)
        return jnp.broadcast_to(_placed(jnp.zeros((), kind), _find_device(device)), tuple(shape))

    def stack(self, arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
        return jnp.stack(list(arrays), axis=axis)

    def take(self, array: Array, indices: Any, /, *, axis: int) -> Array:
        if isinstance(indices, int | np.integer):
            return jax.lax.index_in_dim(array, int(indices), axis, keepdims=False)
        return jnp.take(array, np.asarray(indices), axis=axis)

    def einsum(self, subscripts: str, /, *arrays: Array) -> Array:
        return jnp.einsum(subscripts, *arrays)

    def matmul(self, left: Array, right: Array, /) -> Array:
        return jnp.matmul(left, right)

    def sum(self, array: Array, /, *, axis: int | None = None) -> Array:
        return jnp.sum(array, axis=axis)

    def requires_grad(self, array: Any, /) -> Array:
        return self.asarray(array)

    def detach(self, array: Array, /) -> Array:
        return jax.lax.stop_gradient(array)

    def vmap(self, function: Callable[..., Any], /, in_axes: InAxes = 0) -> Callable[..., Any]:
        def mapped(*args: Any, **kwargs: Any) -> Any:
            arrays, axes, _ = mapped_arguments(self, args, in_axes)
            return jax.vmap(lambda *elements: function(*elements, **kwargs), in_axes=axes)(*arrays)

        return mapped

    def fold(self, step: Callable[..., Array], start: Array, arrays: Sequence[Array], /) -> Array:
        return jax.lax.scan(lambda carry, elements: (step(carry, *elements), None), start, tuple(arrays))[0]

    def jit(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        compiler = Compiler(lambda over_arrays, _: jax.jit(over_arrays), _is_refusal)
        return compiled_function(self, function, compiler)

    def vjp(
        self, function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array], /
    ) -> tuple[Array, Any, Pullback]:
        with _refusals_named():
            value, pull, aux = jax.vjp(function, *leaves, has_aux=True)

        def pullback(cotangent: Array) -> list[Array | None]:
            # JAX's cotangents are the complex conjugates of this protocol's.
            gradients = [jnp.conj(gradient) for gradient in pull(jnp.conj(cotangent))]
            if all(self.is_concrete(gradient) and bool(gradient.any()) for gradient in gradients):
                return list(gradients)
            connected = _connected(pull, cotangent)
            return [
                gradient if is_connected else None for gradient, is_connected in zip(gradients, connected, strict=True)
            ]

        return value, aux, pullback

    def random_key(self, seed: Any, /) -> Any:
        """Make a key from a seed; a key of JAX's own is taken as it is, so that compiled functions can be given one."""
        return seed if _is_key(seed) else super().random_key(seed)

    def random_split(self, key: Any, count: int, /) -> tuple[Any, ...]:
        return tuple(jax.random.split(key, count)) if _is_key(key) else super().random_split(key, count)

    def random_uniform(self, key: Any, shape: Sequence[int], /, *, dtype: Any = None) -> Array:
        if _is_key(key):
            return jax.random.uniform(key, tuple(shape), type_name(dtype or real_type()))
        return super().random_uniform(key, shape, dtype=dtype)

    def random_normal(self, key: Any, shape: Sequence[int], /, *, dtype: Any = None) -> Array:
        if _is_key(key):
            return jax.random.normal(key, tuple(shape), type_name(dtype or real_type()))
        return super().random_normal(key, shape, dtype=dtype)

    def custom_gradient(
        self, function: Callable[..., Array], pullback: Callable[[Sequence[Array], Array], Sequence[Array]], /
    ) -> Callable[..., Array]:
        operation = jax.custom_vjp(function)
        operation.defvjp(
            lambda *inputs: (operation(*inputs), inputs),
            lambda inputs, cotangent: tuple(map(jnp.conj, pullback(inputs, jnp.conj(cotangent)))),
        )
        return lambda *values: operation(*map(self.asarray, values))

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
        value = HostCall(
            lambda *arrays: [host_result(forward(*arrays), output(*map(spec_of, arrays)))],
            lambda *specs: [_allowed_spec(output(*specs))],
            is_vectorized,
        )
        pullback = HostCall(
            lambda result, cotangent, *arrays: host_gradients(
                differentiable(backward)(arrays, result, cotangent), arrays
            ),
            lambda result, cotangent, *specs: specs,
            is_vectorized,
        )

        def call(*inputs: Array) -> Array:
            return value(*inputs)[0]

        @jax.custom_vjp
        def gradients(result: Array, cotangent: Array, *inputs: Array) -> tuple[Array, ...]:
            differentiable(backward)
            return tuple(pullback(result, jnp.conj(cotangent), *inputs))

        def native_gradients(result: Array, cotangent: Array, *inputs: Array) -> tuple[Array, ...]:
            return tuple(map(jnp.conj, jax.vjp(_given(native), *inputs)[1](cotangent)))

        gradients.defvjp(
            lambda *args: (gradients(*args), args),
            lambda args, cotangents: jax.vjp(native_gradients, *args)[1](cotangents),
        )
        call_once = jax.custom_vjp(call)
        call_once.defvjp(
            lambda *inputs: (call_once(*inputs), inputs),
            lambda inputs, cotangent: jax.vjp(_given(native), *inputs)[1](cotangent),
        )
        operation = jax.custom_vjp(call)
        operation.defvjp(
            lambda *inputs: (result := call_once(*inputs), (result, inputs)),
            lambda kept, cotangent: tuple(jnp.conj(g) for g in gradients(kept[0], cotangent, *kept[1])),
        )

        def operate(*values: Any) -> Array:
            inputs = [self.asarray(value) for value in values]
            return native(*inputs) if native is not None and any(map(_is_forward_mode, inputs)) else operation(*inputs)

        return operate


def _is_key(value: Any) -> bool:
    """Tell whether this is a random key of JAX: of its own type, or the older one of two integers."""
    if not isinstance(value, jax.Array):
        return False
    return jnp.issubdtype(value.dtype, jax.dtypes.prng_key) or (value.dtype == jnp.uint32 and value.shape == (2,))


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, JAXTypeError | UntraceableError)


def _given(native: Callable[..., Array] | None) -> Callable[..., Array]:
    """Return the way to further derivatives, or raise the sentence that there is none."""
    if native is None:
        raise UnsupportedError(DIFFERENTIATES_ONCE)
    return native


def _is_forward_mode(array: Array) -> bool:
    """Tell whether a transformation around this call differentiates forwards, as `jax.hessian` does; not under jit."""
    while isinstance(array, jax.core.Tracer):
        if isinstance(array, JVPTracer):
            return True
        array = getattr(array, "primal", getattr(array, "val", None))
    return False


def _allowed_spec(spec: ArraySpec) -> ArraySpec:
    return ArraySpec(tuple(spec.shape), _allowed(spec.dtype))


def _connected(pull: Callable[..., Any], cotangent: Array) -> list[bool]:
    """Tell for each leaf whether the cotangent has a way to its gradient, by the pullback's own program.

    JAX returns zeros for a leaf that nothing depends on; in the program such a result uses no input.
    """
    program = jax.make_jaxpr(pull)(cotangent).jaxpr
    reached = set(program.invars)
    for equation in program.eqns:
        if any(not isinstance(x, jax.extend.core.Literal) and x in reached for x in equation.invars):
            reached.update(equation.outvars)
    return [not isinstance(x, jax.extend.core.Literal) and x in reached for x in program.outvars]


def _allowed(dtype: str) -> str:
    if dtype in WIDE_TYPES and not jax.config.jax_enable_x64:
        raise PrecisionError(
            f"{dtype} was asked for, but JAX's 64-bit types are off; switch them on with "
            'jax.config.update("jax_enable_x64", True) or JAX_ENABLE_X64=1 before the first array, or choose '
            'kg.set_precision("single")'
        )
    return dtype


def _device_name(device: Any) -> str:
    return "cpu" if device.platform == "cpu" and device.id == 0 else f"{device.platform}:{device.id}"


def _placed(array: Array, device: Any) -> Array:
    """Return an array on a device; one that is there stays as free as it was to join arrays of other devices."""
    is_there = not isinstance(array, jax.core.Tracer) and array.devices() == {device}
    return array if is_there else jax.device_put(array, device)


def _find_device(name: str) -> Any:
    platform, _, index = name.replace("cuda", "gpu").partition(":")
    known = {_device_name(device): device for device in jax.devices()}
    known.update({f"{device.platform}:{device.id}": device for device in jax.devices()})
    wanted = f"{platform}:{index or 0}"
    if wanted not in known:
        raise InvalidValueError(f"device {name!r} is not known to JAX; it has {', '.join(_names(jax.devices()))}")
    return known[wanted]


def _names(devices: Sequence[Any]) -> list[str]:
    return [_device_name(device) for device in devices]


@contextmanager
def _refusals_named() -> Iterator[None]:
    """Turn JAX's refusals to trace into the protocol's one error."""
    try:
        yield
    except JAXTypeError as error:
        reason = str(error).partition("\n")[0]
        raise UntraceableError(
            f"JAX can't trace the function ({type(error).__name__}: {reason}); use jax.numpy in it"
        ) from error


if TYPE_CHECKING:
    _: type[ArrayBackend] = JaxBackend

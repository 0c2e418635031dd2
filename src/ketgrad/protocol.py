"""What the simulator asks of an array framework, and nothing else.

Conventions that hold for every member:

- Array types are named by strings ("float32", "float64", "complex64", "complex128", "int32", "int64"); a
  NumPy type or the framework's own type is taken wherever a name is.
- Besides the members here an array has `shape` (a sequence of integers) and the operators `+ - * /` and unary `-`,
  with arrays of the same type, broadcast as NumPy does, and with Python numbers, which change no type.
- Results are the framework's own arrays, still connected to its graph.
- The gradient of a real f with respect to a complex leaf z = x + iy is ∂f/∂x + i ∂f/∂y, the direction of
  steepest ascent; so is the cotangent that a pullback takes.
- A member that needs a capability which the backend does not declare raises `UnsupportedError`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from ketgrad.randomness import Key

Array: TypeAlias = Any
"""An array of the backend at hand."""

InAxes: TypeAlias = int | None | Sequence[int | None]
Fallback: TypeAlias = Literal["finite-diff", "error"]
Pullback: TypeAlias = Callable[[Array], list[Array | None]]


class Capability(StrEnum):
    """What a backend may or may not be able to do; a backend declares the set of those it has."""

    AUTODIFF = "autodiff"
    """`vjp` follows the framework's graph."""
    COMPLEX_AUTODIFF = "complex-autodiff"
    """`vjp` takes complex leaves."""
    HIGHER_ORDER = "higher-order"
    """What a pullback returns can be differentiated again."""
    VMAP = "vmap"
    """`vmap` maps functions over a batch axis, natively or by a loop."""
    JIT = "jit"
    """`jit` returns a function with the same results, compiled where the framework has a compiler."""
    HOST_FUNCTION = "host-function"
    """`host_function` makes differentiable operations from functions over NumPy arrays."""
    LINEAR_ALGEBRA = "linear-algebra"
    """`eigh` and `solve`."""
    DEVICES = "devices"
    """Arrays can be placed on a device by name."""


class ArraySpec(NamedTuple):
    """Shape and type of an array that need not exist yet."""

    shape: tuple[int, ...]
    dtype: str


class ArrayBackend(Protocol):
    """The operations of one array framework, under one set of names and contracts."""

    name: str
    """The name that `set_backend` takes."""
    library_version: str
    """The framework's version."""
    capabilities: frozenset[Capability]
    float32: Any
    """The framework's own float32 type; likewise the next three."""
    float64: Any
    complex64: Any
    complex128: Any

    # Arrays in and out

    def devices(self) -> tuple[str, ...]:
        """Name the devices that arrays can be placed on, the default one first."""
        ...

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        """Make a new array; Python numbers take the precision in force, arrays keep their own type."""
        ...

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        """Return an array of this framework, without a copy where none is needed, graph and all."""
        ...

    def to_numpy(self, array: Array, /) -> Any:
        """Return the values as a NumPy array, out of the graph; a traced array raises `UntraceableError`.

        Those of an array of NumPy are its own, and what is no array raises `InvalidTypeError`.
        """
        ...

    def is_array(self, value: Any, /) -> bool:
        """Tell whether this is an array of this framework, traced ones and parameters included."""
        ...

    def is_concrete(self, array: Array, /) -> bool:
        """Tell whether the values can be looked at now, which those of a traced array cannot."""
        ...

    def dtype(self, array: Array, /) -> str:
        """Name the type of an array's elements."""
        ...

    def device(self, array: Array, /) -> str | None:
        """Name the device where an array is, so that constants can join it; None where it can't be told."""
        ...

    def astype(self, array: Array, dtype: Any, /) -> Array:
        """Convert the elements; the gradient comes back in the type that was given."""
        ...

    def zeros(self, shape: Sequence[int], /, *, dtype: Any = None, device: str | None = None) -> Array:
        """Make an array of zeros, by default of the real type in force."""
        ...

    # Structure

    def reshape(self, array: Array, shape: Sequence[int], /) -> Array:
        """Arrange the same elements, last axis fastest, in another shape; one size may be -1, for what remains."""
        ...

    def transpose(self, array: Array, axes: Sequence[int], /) -> Array:
        """Put axis `axes[k]` in place k."""
        ...

    def stack(self, arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
        """Join arrays of one shape along a new axis."""
        ...

    def take(self, array: Array, indices: Any, /, *, axis: int) -> Array:
        """Pick constant indices along an axis; a single integer removes the axis."""
        ...

    # Algebra

    def einsum(self, subscripts: str, /, *arrays: Array) -> Array:
        """Sum products of elements by Einstein's convention, with an explicit "->"."""
        ...

    def matmul(self, left: Array, right: Array, /) -> Array:
        """Multiply matrices in the last two axes."""
        ...

    def conj(self, array: Array, /) -> Array:
        """Complex conjugate; of a real array, the array."""
        ...

    def real(self, array: Array, /) -> Array:
        """Real part; of a real array, the array."""
        ...

    def imag(self, array: Array, /) -> Array:
        """Imaginary part of a complex array."""
        ...

    def exp(self, array: Array, /) -> Array:
        """Exponential, elementwise."""
        ...

    def sin(self, array: Array, /) -> Array:
        """Sine, elementwise."""
        ...

    def cos(self, array: Array, /) -> Array:
        """Cosine, elementwise."""
        ...

    def sqrt(self, array: Array, /) -> Array:
        """Square root, elementwise."""
        ...

    def log(self, array: Array, /) -> Array:
        """Natural logarithm, elementwise."""
        ...

    def abs(self, array: Array, /) -> Array:
        """Absolute value, elementwise; real for a complex array."""
        ...

    def sum(self, array: Array, /, *, axis: int | None = None) -> Array:
        """Sum along an axis, or of all elements."""
        ...

    def eigh(self, matrix: Array, /) -> tuple[Array, Array]:
        """Eigenvalues, ascending, and eigenvectors, in columns, of a Hermitian matrix."""
        ...

    def solve(self, matrix: Array, right: Array, /) -> Array:
        """Solve matrix · x = right, where `right` is a matrix."""
        ...

    # Randomness

    def random_key(self, seed: int | None, /) -> Key:
        """Make a key from a seed; None takes entropy from the operating system."""
        ...

    def random_split(self, key: Key, count: int, /) -> tuple[Key, ...]:
        """Make independent keys from one."""
        ...

    def random_uniform(self, key: Key, shape: Sequence[int], /, *, dtype: Any = None) -> Array:
        """Numbers in [0, 1), the same for the same key on every backend."""
        ...

    def random_normal(self, key: Key, shape: Sequence[int], /, *, dtype: Any = None) -> Array:
        """Standard normal numbers, the same for the same key on every backend."""
        ...

    # Transformations

    def requires_grad(self, array: Any, /) -> Array:
        """Return a leaf that the framework's own differentiation reaches; a parameter stays itself."""
        ...

    def detach(self, array: Array, /) -> Array:
        """Return the same values, through which no gradient flows."""
        ...

    def vmap(self, function: Callable[..., Any], /, in_axes: InAxes = 0) -> Callable[..., Any]:
        """Map a function over an axis of each argument (None: not mapped); results are stacked on axis 0."""
        ...

    def fold(self, step: Callable[..., Array], start: Array, arrays: Sequence[Array], /) -> Array:
        """Return the last of x₀ = start, xₖ₊₁ = step(xₖ, *elements), with element k of each array's first axis.

        The step keeps the shape and type of what it takes, and there is at least one array. A framework that records
        programs records the step once, where it has loops.
        """
        ...

    def jit(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        """Return a function with the same results, compiled at its first call where that can be done."""
        ...

    def vjp(
        self, function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array], /
    ) -> tuple[Array, Any, Pullback]:
        """Evaluate (array, aux) = function(*leaves) and return both with the pullback.

        The pullback takes a cotangent of the array's shape and returns a gradient for each leaf, None where
        the framework found no path to it. A function that the framework can't trace raises `UntraceableError`.
        """
        ...

    def value_and_grad(
        self,
        function: Callable[..., Any],
        /,
        argnums: int | Sequence[int] = 0,
        *,
        has_aux: bool = False,
        fallback: Fallback = "finite-diff",
    ) -> Callable[..., tuple[Any, Any]]:
        """Differentiate on two paths: the framework's own, then finite differences for each None."""
        ...

    def custom_gradient(
        self, function: Callable[..., Array], pullback: Callable[[Sequence[Array], Array], Sequence[Array]], /
    ) -> Callable[..., Array]:
        """Return the function with a gradient of its own in place of the framework's.

        `pullback(inputs, cotangent)` gives a gradient for each input. Both are written in the framework's operations,
        and what the pullback does can be differentiated in turn. A backend without automatic differentiation returns
        the function as it is.
        """
        ...

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
        """Make a differentiable operation of this framework from functions over NumPy arrays.

        `output(*specs)` gives the result's shape and type from those of the inputs, `forward(*inputs)` the result,
        `backward(inputs, result, cotangent)` a gradient for each input. Further derivatives go through `native`, the
        same function written in the framework's operations; without one they raise. Where there is no derivative,
        `backward` is the sentence that says why, and differentiating raises it as a `GradientError`. With
        `is_vectorized` all three functions take further axes in front, the same ones on every array, so that a mapped
        operation can be one call.
        """
        ...


PROTOCOL_MEMBERS: tuple[str, ...] = tuple(
    sorted({name for name in vars(ArrayBackend) if not name.startswith("_")} | set(ArrayBackend.__annotations__))
)
"""The names of all members, attributes included."""

"""`host_function` under the library's transformations: a first derivative, and never a silent second one."""

import gc
import math
import warnings
import weakref

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.precision import complex_type
from ketgrad.protocol import ArraySpec
from ketgrad_conformance import expect


def weighted_sine(backend):
    """The operation x, w ↦ Σ w sin x of two arrays of one shape."""
    return backend.host_function(
        lambda x, w: np.sum(w * np.sin(x)),
        lambda inputs, result, cotangent: [
            cotangent * inputs[1] * np.cos(inputs[0]), cotangent * np.sin(inputs[0])
        ],
        lambda x, w: ArraySpec((), x.dtype),
    )  # fmt: skip


def cube(backend):
    """The operation x ↦ x³, elementwise, of real or complex arrays."""
    return backend.host_function(
        lambda x: x**3,
        lambda inputs, result, cotangent: [np.conj(3 * inputs[0] ** 2) * cotangent],
        lambda x: x,
    )


@pytest.fixture
def op(autodiff_backend):
    """x, w ↦ Σ w sin x on the backend in force."""
    return weighted_sine(autodiff_backend)


X, W = [0.3, 0.7], [2.0, 5.0]
VALUE = 2 * math.sin(0.3) + 5 * math.sin(0.7)
BY_X = [2 * math.cos(0.3), 5 * math.cos(0.7)]
BY_W = [math.sin(0.3), math.sin(0.7)]


# First derivatives


def test_two_inputs_are_differentiated(autodiff_backend, op):
    value, (by_x, by_w) = kg.value_and_grad(op, argnums=(0, 1), fallback="error")(np.array(X), np.array(W))
    expect.close(autodiff_backend, value, VALUE)
    expect.close(autodiff_backend, by_x, BY_X)
    expect.close(autodiff_backend, by_w, BY_W)


def test_one_of_two_inputs_is_differentiated(autodiff_backend, op):
    gradient = kg.grad(op, argnums=1, fallback="error")(np.array(X), np.array(W))
    expect.close(autodiff_backend, gradient, BY_W)


def test_one_array_in_both_places_adds_both_derivatives(autodiff_backend, op):
    # Σ x sin x: sin x + x cos x
    gradient = kg.grad(lambda x: op(x, x), fallback="error")(np.array(X))
    expect.close(autodiff_backend, gradient, [math.sin(x) + x * math.cos(x) for x in X])


def test_a_compiled_operation_is_differentiated(autodiff_backend, op):
    compiled = kg.jit(op)
    for factor in (1.0, 3.0):
        given = np.array(X), factor * np.array(W)
        value, (by_x, by_w) = kg.value_and_grad(compiled, argnums=(0, 1), fallback="error")(*given)
        expect.close(autodiff_backend, value, factor * VALUE)
        expect.close(autodiff_backend, by_x, [factor * number for number in BY_X])
        expect.close(autodiff_backend, by_w, BY_W)


def test_a_mapped_derivative_is_compiled(autodiff_backend, op):
    compiled = kg.jit(kg.vmap(kg.value_and_grad(op, argnums=(0, 1), fallback="error"), in_axes=(0, None)))
    rows, w = autodiff_backend.asarray([X, X[::-1]]), autodiff_backend.asarray(W)
    value, (by_x, by_w) = compiled(rows, w)
    expect.close(autodiff_backend, value, [VALUE, 2 * math.sin(0.7) + 5 * math.sin(0.3)])
    expect.close(autodiff_backend, by_x, [BY_X, [2 * math.cos(0.7), 5 * math.cos(0.3)]])
    expect.close(autodiff_backend, by_w, [BY_W, BY_W[::-1]])


def test_a_mapped_operation_is_differentiated(autodiff_backend, op):
    def total(rows, w):
        return kg.backend.sum(kg.vmap(op, in_axes=(0, None))(rows, w))

    by_x, by_w = kg.grad(total, argnums=(0, 1), fallback="error")(np.array([X, X]), np.array(W))
    expect.close(autodiff_backend, by_x, [BY_X, BY_X])
    expect.close(autodiff_backend, by_w, [2 * number for number in BY_W])


def test_an_operation_is_mapped_twice(autodiff_backend):
    operation = cube(autodiff_backend)
    found = kg.vmap(kg.vmap(operation))(np.array([[1.0, 2.0], [3.0, 4.0]]))
    expect.close(autodiff_backend, found, [[1.0, 8.0], [27.0, 64.0]])


def test_a_complex_input_has_the_steepest_gradient(autodiff_backend):
    # Im z³ has the gradient i·conj(3z²).
    operation = cube(autodiff_backend)
    for wrap in (lambda f: f, kg.jit):
        gradient = kg.grad(wrap(lambda z: kg.backend.imag(operation(z))), fallback="error")(1.0 + 2.0j)
        expect.close(autodiff_backend, gradient, 3j * (1 - 2j) ** 2, dtype=complex_type())


def test_a_complex_result_of_a_real_input_has_a_complex_jacobian(autodiff_backend):
    phase = autodiff_backend.host_function(
        lambda x: np.exp(1j * x),
        lambda inputs, result, cotangent: [np.real(np.conj(1j * result) * cotangent)],
        lambda x: ArraySpec(x.shape, complex_type()),
    )
    found = kg.jacobian(phase, fallback="error")(0.3)
    expect.close(autodiff_backend, found, 1j * math.cos(0.3) - math.sin(0.3), dtype="complex128")


def test_single_precision_reaches_the_function_and_comes_back(autodiff_backend):
    seen = []

    def forward(x):
        seen.append(str(x.dtype))
        return x**2

    def backward(inputs, result, cotangent):
        seen.append((str(inputs[0].dtype), str(result.dtype), str(cotangent.dtype)))
        return [2 * inputs[0] * cotangent]

    operation = autodiff_backend.host_function(forward, backward, lambda x: x)
    value, gradient = kg.value_and_grad(lambda x: kg.backend.sum(operation(x)))(np.float32([1.0, 3.0]))
    expect.close(autodiff_backend, value, 10.0, dtype="float32")
    expect.close(autodiff_backend, gradient, [2.0, 6.0], dtype="float32")
    assert set(seen) == {"float32", ("float32",) * 3}


def test_numpy_arrays_and_numbers_are_inputs(autodiff_backend, op):
    expect.close(autodiff_backend, op(np.array(X), W), VALUE)


def test_the_operation_is_part_of_a_larger_function(autodiff_backend, op):
    # (Σ w sin 2x)²: 2 Σ(w sin 2x) · 2 w cos 2x
    def function(x):
        inner = op(2.0 * x, autodiff_backend.asarray(W))
        return inner * inner

    total = 2 * math.sin(0.6) + 5 * math.sin(1.4)
    expected = [4 * total * w * math.cos(2 * x) for x, w in zip(X, W, strict=True)]
    expect.close(autodiff_backend, kg.grad(function, fallback="error")(np.array(X)), expected)


def test_the_function_may_keep_and_reuse_its_result(autodiff_backend):
    buffer = np.zeros(2)

    def forward(x):
        np.multiply(x, 2.0, out=buffer)
        return buffer

    operation = autodiff_backend.host_function(forward, lambda i, r, c: [2.0 * c], lambda x: x)
    first = operation(autodiff_backend.asarray([1.0, 2.0]))
    operation(autodiff_backend.asarray([10.0, 20.0]))
    expect.close(autodiff_backend, first, [2.0, 4.0])


def test_two_operations_do_not_mix(autodiff_backend):
    first, second = cube(autodiff_backend), weighted_sine(autodiff_backend)
    ones = np.ones(2)
    gradient = kg.grad(lambda x: kg.backend.sum(first(x)) + second(x, ones), fallback="error")(np.array(X))
    expect.close(autodiff_backend, gradient, [3 * x * x + math.cos(x) for x in X])


# Second derivatives

SECOND = {
    "hessian": lambda op: kg.hessian(op)(2.0),
    "gradient of a gradient": lambda op: kg.grad(kg.grad(op))(2.0),
    "of a product": lambda op: kg.hessian(lambda x: op(x) * op(x))(2.0),
    "beside another term": lambda op: kg.hessian(lambda x: op(x) + x * x * x)(2.0),
    "of a function of another": lambda op: kg.hessian(lambda x: op(x * x))(2.0),
    "by a captured variable": lambda op: kg.grad(lambda w: kg.grad(lambda x: op(w * x))(1.0))(2.0),
    "mapped": lambda op: kg.vmap(kg.hessian(op))(np.array([2.0, 3.0])),
    "compiled": lambda op: kg.jit(kg.hessian(op))(kg.backend.asarray(2.0)),
}


@pytest.mark.parametrize("way", SECOND)
def test_a_second_derivative_is_refused_and_never_zero(autodiff_backend, way):
    operation = cube(autodiff_backend)
    with warnings.catch_warnings():
        warnings.simplefilter("error", kg.GradientFallbackWarning)
        with pytest.raises(kg.UnsupportedError) as refused:
            SECOND[way](operation)
    assert "has no second derivative" in str(refused.value)
    assert 'gradient="backprop"' in str(refused.value)


@pytest.mark.filterwarnings(  # torch hides this one from everybody but those who turn warnings into errors
    "ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"
)
@pytest.mark.parametrize("beside", [0.0, 1.0], ids=["alone", "beside x³"])
def test_a_second_derivative_through_a_compiled_operation_is_refused(autodiff_backend, beside):
    compiled = kg.jit(cube(autodiff_backend))
    with expect.some_error():
        kg.hessian(lambda x: compiled(x) + beside * x * x * x, fallback="error")(2.0)


def test_the_derivative_by_a_factor_of_the_gradient_is_right_or_refused(autodiff_backend):
    # d/dw of d/dx (w x³) is 3x²: it needs the gradient's own derivative by its cotangent.
    operation = cube(autodiff_backend)
    try:
        found = kg.grad(lambda w: kg.grad(lambda x: w * operation(x))(2.0))(5.0)
    except kg.UnsupportedError:
        return
    expect.close(autodiff_backend, found, 12.0)


# What the functions give back wrong


def text_of(error):
    """The message with those of its causes, for frameworks that wrap what a callback raises."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


WRONG_RESULTS = {
    "another shape": (lambda x: np.zeros(3), "shape (3,), but announced (2,)"),
    "a number": (lambda x: 1.0, "shape (), but announced (2,)"),
    "one axis more": (lambda x: x[None], "shape (1, 2), but announced (2,)"),
}


@pytest.mark.parametrize("way", WRONG_RESULTS)
def test_a_result_of_another_shape_is_named(autodiff_backend, way):
    forward, words = WRONG_RESULTS[way]
    operation = autodiff_backend.host_function(forward, lambda i, r, c: [c], lambda x: x)
    with pytest.raises(Exception, match="announced") as refused:
        autodiff_backend.to_numpy(operation(autodiff_backend.asarray([1.0, 2.0])))
    assert words in text_of(refused.value)


def test_a_complex_result_announced_as_real_is_refused(autodiff_backend):
    operation = autodiff_backend.host_function(lambda x: x * 1j, lambda i, r, c: [c], lambda x: x)
    with warnings.catch_warnings(), expect.some_error():
        warnings.simplefilter("ignore")
        autodiff_backend.to_numpy(operation(autodiff_backend.asarray([1.0, 2.0])))


@pytest.mark.parametrize("gradients", [
    lambda c: [np.zeros(3)], lambda c: [1.0], lambda c: [], lambda c: [c, c], lambda c: c[:1]
], ids=["shape", "number", "none", "too many", "no list"])  # fmt: skip
def test_wrong_gradients_are_an_error(autodiff_backend, gradients):
    operation = autodiff_backend.host_function(lambda x: x, lambda i, r, c: gradients(c), lambda x: x)
    with expect.some_error():
        autodiff_backend.to_numpy(kg.grad(lambda x: kg.backend.sum(operation(x)))(np.array([1.0, 2.0])))


@pytest.mark.parametrize("wrap", [lambda f: f, kg.grad, kg.jit], ids=["eager", "grad", "jit"])
def test_an_exception_in_the_function_says_what_went_wrong(autodiff_backend, wrap):
    def fails(x):
        raise ValueError("mine and nobody else's")

    operation = autodiff_backend.host_function(fails, lambda i, r, c: [c], lambda x: x)
    with pytest.raises(Exception, match="mine and nobody else's"):
        autodiff_backend.to_numpy(wrap(lambda x: kg.backend.sum(operation(x)))(autodiff_backend.asarray([1.0])))


@pytest.mark.parametrize("name", ["strict", "autoray:numpy"])
def test_a_backend_that_makes_no_operations_says_which_does(name):
    with kg.use_backend(name) as backend, pytest.raises(kg.UnsupportedError, match=r"use .*backend"):
        cube(backend)


# Lifetime


def test_an_operation_that_nobody_holds_is_let_go(autodiff_backend):
    class Table:
        """What an operation works with."""

        value = 3.0

    table = Table()
    gone = weakref.ref(table)
    op = autodiff_backend.host_function(
        lambda x, table=table: table.value * x,
        lambda inputs, result, cotangent, table=table: [table.value * cotangent],
        lambda x: x,
    )
    expect.close(autodiff_backend, kg.grad(op, fallback="error")(np.array(0.5)), 3.0)
    del op, table
    gc.collect()
    assert gone() is None

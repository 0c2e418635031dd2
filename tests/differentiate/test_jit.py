"""`jit` around the library: falling back, static arguments, and other transformations.

Few functions get as far as the compiler here, because torch takes its time.
"""

import math
import warnings
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

COMPILING = {"pytorch": "torch", "jax": "jax", "tensorflow": "tensorflow"}


def needs(module):
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")


@pytest.fixture(params=[pytest.param(name, marks=needs(module)) for name, module in COMPILING.items()])
def compiling_backend(request):
    """Every installed backend whose framework has a compiler, in force while the test runs."""
    with kg.use_backend(request.param) as chosen:
        yield chosen


def energy(theta):
    return kg.Circuit(2).ry(theta, 0).cx(0, 1).expectation(kg.Z(1))


# Refusals to compile

READING_A_VALUE = {
    "branch": (lambda x: 2.0 * x if x > 0 else -x, [6.0, 10.0, 1.0]),
    "float": (lambda x: x * float(x), [9.0, 25.0, 1.0]),
    "int": (lambda x: x * int(x), [9.0, 25.0, 1.0]),
    "round": (lambda x: x * round(float(x)), [9.0, 25.0, 1.0]),
    "NumPy": (lambda x: x * float(np.asarray(x)), [9.0, 25.0, 1.0]),
    "to_numpy": (lambda x: x * float(kg.backend.to_numpy(x)), [9.0, 25.0, 1.0]),
    "loop": (lambda x: sum((x for _ in range(int(x))), x), [12.0, 30.0, -1.0]),
}
OWN_WAYS = {
    "pytorch": [lambda x: x * float(x.numpy()), lambda x: x * float(x.detach().numpy())],
    "jax": [lambda x: x * x.item(), lambda x: x * x.tolist()],
    "tensorflow": [lambda x: x * x.numpy(), lambda x: x * x.numpy().item()],
}


def falls_back_once(backend, function, expected):
    """Expect one warning at the first call, none at later ones, and the right values at 3, 5 and −1."""
    compiled = kg.jit(function)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = [compiled(backend.asarray(x)) for x in (3.0, 5.0, -1.0)]
    for result, number in zip(results, expected, strict=True):
        expect.close(backend, result, number)
    assert [warning.category for warning in caught] == [kg.EagerFallbackWarning]
    return caught[0]


@pytest.mark.parametrize("way", READING_A_VALUE)
def test_a_function_that_reads_a_value_runs_uncompiled_with_one_warning(compiling_backend, way):
    falls_back_once(compiling_backend, *READING_A_VALUE[way])


@pytest.mark.parametrize("way", range(2))
def test_the_framework_s_own_ways_to_read_a_value_are_refusals_too(compiling_backend, way):
    falls_back_once(compiling_backend, OWN_WAYS[compiling_backend.name][way], [9.0, 25.0, 1.0])


def test_the_warning_names_the_function_and_the_reason_and_points_to_the_call(compiling_backend):
    def branches(x):
        return x if x > 0 else -x

    warning = falls_back_once(compiling_backend, branches, [3.0, 5.0, 1.0])
    assert str(warning.message).startswith("branches could not be compiled and runs uncompiled: ")
    assert warning.filename == __file__


def test_a_method_or_partial_without_a_name_falls_back_too(compiling_backend):
    falls_back_once(compiling_backend, partial(lambda a, x: a * x if x > 0 else x, 2.0), [6.0, 10.0, -1.0])


def test_an_uncompiled_function_is_still_differentiated(compiling_backend):
    def branches(x):
        return x * x if x > 0 else -x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kg.EagerFallbackWarning)
        compiled = kg.jit(branches)
        compiled(compiling_backend.asarray(3.0))
        # JAX traces while it differentiates, and can't branch even so; the others can.
        warnings.simplefilter("ignore", kg.GradientFallbackWarning)
        expect.close(compiling_backend, kg.grad(compiled)(3.0), 6.0, tolerance=1e-8)


def test_numpy_and_strict_have_nothing_to_compile_and_nothing_to_say():
    for name in ("numpy", "strict"):
        with kg.use_backend(name) as backend:
            expect.close(backend, kg.jit(lambda x: x + x)(backend.asarray(3.0)), 6.0)


# Exceptions


class DetailedError(Exception):
    """An exception that can't be made again from its text."""

    def __init__(self, code, detail):
        super().__init__(code, detail)
        self.code = code


@pytest.mark.parametrize("kind", [ValueError, TypeError, AttributeError, RuntimeError, DetailedError])
def test_an_exception_of_a_compiled_function_is_the_same_object(autodiff_backend, kind):
    error = kind(7, "mine")
    calls = []

    def fails(x):
        calls.append(1)
        raise error

    with pytest.raises(kind) as raised:
        kg.jit(fails)(autodiff_backend.asarray(1.0))
    assert raised.value is error
    assert len(calls) == 1


def test_ketgrad_s_own_errors_come_through_a_compiled_function(autodiff_backend):
    with pytest.raises(kg.InvalidValueError, match="qubit 3"):
        kg.jit(lambda x: kg.Circuit(2).rx(x, 3).state())(autodiff_backend.asarray(1.0))


def test_a_function_that_failed_is_compiled_at_the_next_call(autodiff_backend):
    calls = []

    def fails_first(x):
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("mine")
        return 2.0 * x

    compiled = kg.jit(fails_first)
    with pytest.raises(KeyError):
        compiled(autodiff_backend.asarray(1.0))
    expect.close(autodiff_backend, compiled(autodiff_backend.asarray(1.0)), 2.0)


# Calls


def test_other_numbers_need_no_new_trace(compiling_backend):
    calls = []

    def function(x, factor):
        calls.append(1)
        return kg.backend.sum(x * factor)

    compiled = kg.jit(function)
    expect.close(compiling_backend, compiled(np.array([1.0, 2.0]), 1.0), 3.0)
    traced = len(calls)
    expect.close(compiling_backend, compiled(np.array([1.0, 3.0]), 2.0), 8.0)
    expect.close(compiling_backend, compiled(np.array([1.0, 4.0]), 3.0), 15.0)
    assert len(calls) == traced


def test_a_compiled_circuit_serves_other_shapes_and_types(compiling_backend):
    # One compiled function, called with batches of two lengths and in both precisions.
    compiled = kg.jit(kg.vmap(energy))
    expect.close(compiling_backend, compiled(np.array([0.1, 0.2])), [math.cos(0.1), math.cos(0.2)])
    expect.close(compiling_backend, compiled(np.array([0.3])), [math.cos(0.3)])
    expect.close(compiling_backend, compiled(np.float32([0.3])), [math.cos(0.3)], tolerance=1e-6)


def test_python_arguments_and_results_pass_a_compiled_function(autodiff_backend):
    def function(x, times, *, name, options):
        total = x
        for _ in range(times):
            total = total + x
        return {"total": total, "name": name, "count": times, "none": None, "pair": (x, [options["flag"]])}

    compiled = kg.jit(function)
    for times, name in [(2, "first"), (3, "second"), (2, "first")]:
        found = compiled(autodiff_backend.asarray(1.0), times, name=name, options={"flag": True})
        expect.close(autodiff_backend, found["total"], 1.0 + times)
        assert found["name"] == name
        assert found["count"] == times
        assert found["none"] is None
        assert type(found["pair"]) is tuple
        assert bool(found["pair"][1][0]) is True


def test_a_compiled_function_without_array_arguments_runs(autodiff_backend):
    compiled = kg.jit(lambda: kg.Circuit(1).h(0).probabilities())
    expect.close(autodiff_backend, compiled(), [0.5, 0.5])


# With other transformations


def test_a_compiled_function_calls_a_compiled_function(autodiff_backend):
    inner = kg.jit(lambda x: x * x)
    outer = kg.jit(lambda x: inner(x) + inner(2.0 * x))
    expect.close(autodiff_backend, outer(autodiff_backend.asarray(3.0)), 45.0)


def test_a_compiled_function_is_mapped(autodiff_backend):
    compiled = kg.jit(lambda x: kg.backend.sin(x) * x)
    found = kg.vmap(compiled)(np.array([0.3, 0.7]))
    expect.close(autodiff_backend, found, [0.3 * math.sin(0.3), 0.7 * math.sin(0.7)])


def test_a_compiled_circuit_is_differentiated(autodiff_backend):
    compiled = kg.jit(energy)
    for theta in (0.3, 0.7):
        value, gradient = kg.value_and_grad(compiled, fallback="error")(theta)
        expect.close(autodiff_backend, value, math.cos(theta))
        expect.close(autodiff_backend, gradient, -math.sin(theta))


def test_a_circuit_s_mapped_gradient_is_compiled(autodiff_backend):
    compiled = kg.jit(kg.vmap(kg.value_and_grad(energy, fallback="error")))
    for thetas in ([0.3, 0.7], [0.1, 0.2]):
        value, gradient = compiled(np.array(thetas))
        expect.close(autodiff_backend, value, [math.cos(theta) for theta in thetas])
        expect.close(autodiff_backend, gradient, [-math.sin(theta) for theta in thetas])


@pytest.mark.filterwarnings(  # torch hides this one from everybody but those who turn warnings into errors
    "ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"
)
@pytest.mark.parametrize("beside", [0.0, 1.0], ids=["alone", "beside x³"])
def test_a_second_derivative_through_a_compiled_function_is_right_or_refused(autodiff_backend, beside):
    compiled = kg.jit(lambda x: kg.backend.sin(x))
    try:
        found = kg.hessian(lambda x: compiled(x) + beside * x * x * x, fallback="error")(0.3)
    except (RuntimeError, kg.KetgradError):
        if autodiff_backend.name != "pytorch":  # torch.compile's derivative is not differentiable
            raise
    else:
        expect.close(autodiff_backend, found, -math.sin(0.3) + beside * 6 * 0.3)


def test_a_compiled_second_derivative(autodiff_backend):
    compiled = kg.jit(kg.hessian(lambda x: kg.backend.sin(x), fallback="error"))
    expect.close(autodiff_backend, compiled(autodiff_backend.asarray(0.3)), -math.sin(0.3))


def test_finite_differences_inside_a_compiled_function(autodiff_backend):
    compiled = kg.jit(kg.grad(lambda x: kg.backend.sum(kg.backend.detach(x * x))))
    with pytest.warns(kg.GradientFallbackWarning, match="2 evaluations"):
        found = compiled(autodiff_backend.asarray([3.0]))
    expect.close(autodiff_backend, found, [6.0], tolerance=1e-8)


def test_a_gradient_that_is_zero_is_no_gap_inside_a_compiled_function(autodiff_backend):
    compiled = kg.jit(kg.grad(lambda x: kg.backend.sum(0.0 * x), fallback="error"))
    expect.close(autodiff_backend, compiled(autodiff_backend.asarray([3.0])), [0.0])


def test_an_unused_argument_may_be_an_error_inside_a_compiled_function(autodiff_backend):
    compiled = kg.jit(kg.grad(lambda x, y: x * x, argnums=(0, 1), fallback="error"))
    with pytest.raises(kg.GradientError, match="argument 1"):
        compiled(autodiff_backend.asarray(1.0), autodiff_backend.asarray(1.0))

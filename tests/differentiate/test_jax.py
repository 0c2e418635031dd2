"""What only JAX has: its own transformations around and inside ketgrad's, tracers, and the conjugate convention."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.fixture(autouse=True)
def in_jax():
    """JAX in force."""
    with kg.use_backend("jax") as backend:
        yield backend


def energy(theta):
    return kg.Circuit(2).rx(theta[0], 0).ry(theta[1], 0).cx(0, 1).expectation(kg.Z(1))


GRADIENT = [-math.sin(0.3) * math.cos(0.5), -math.cos(0.3) * math.sin(0.5)]
THETA = (0.3, 0.5)


def near(actual, expected):
    expect.near(np.asarray(actual), expected, 1e-12)


# JAX's own transformations of a circuit


def test_jax_compiles_maps_and_differentiates_a_circuit():
    theta = jnp.array(THETA)
    near(jax.jit(energy)(theta), math.cos(0.3) * math.cos(0.5))
    near(jax.grad(energy)(theta), GRADIENT)
    near(jax.jit(jax.grad(energy))(theta), GRADIENT)
    near(jax.vmap(jax.grad(energy))(jnp.stack([theta, theta])), [GRADIENT, GRADIENT])


def test_jax_takes_jacobians_both_ways():
    def probabilities(theta):
        return kg.Circuit(1).ry(theta, 0).probabilities()

    expected = [-0.5 * math.sin(0.3), 0.5 * math.sin(0.3)]
    near(jax.jacrev(probabilities)(0.3), expected)
    near(jax.jacfwd(probabilities)(0.3), expected)


def test_jax_takes_a_hessian_of_a_circuit():
    diagonal, mixed = -math.cos(0.3) * math.cos(0.5), math.sin(0.3) * math.sin(0.5)
    near(jax.hessian(energy)(jnp.array(THETA)), [[diagonal, mixed], [mixed, diagonal]])


def test_a_circuit_runs_inside_a_scan():
    def step(theta, _):
        value, gradient = kg.value_and_grad(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)), fallback="error")(
            theta
        )
        return theta - 0.1 * gradient, value

    final, values = jax.lax.scan(step, jnp.asarray(0.5), length=3)
    theta, expected = 0.5, []
    for _ in range(3):
        expected.append(math.cos(theta))
        theta += 0.1 * math.sin(theta)
    near(values, expected)
    near(final, theta)


# ketgrad's derivatives inside JAX's transformations


@pytest.mark.parametrize("wrap", [jax.jit, lambda f: jax.jit(jax.jit(f)), jax.checkpoint], ids=["jit", "jit²", "remat"])
def test_a_derivative_of_ketgrad_s_inside_jax_s(wrap):
    value, gradient = wrap(kg.value_and_grad(energy, fallback="error"))(jnp.array(THETA))
    near(value, math.cos(0.3) * math.cos(0.5))
    near(gradient, GRADIENT)


def test_jax_differentiates_ketgrad_s_derivative_and_the_other_way_round():
    near(jax.grad(kg.grad(lambda x: x**3, fallback="error"))(2.0), 12.0)
    near(kg.grad(jax.grad(lambda x: x**3), fallback="error")(2.0), 12.0)


def test_jax_maps_a_derivative_that_needs_differences():
    with pytest.warns(kg.GradientFallbackWarning):
        found = jax.vmap(kg.grad(lambda x: jax.lax.stop_gradient(x * x)))(jnp.array([1.0, 2.0]))
    expect.near(np.asarray(found), [2.0, 4.0], 1e-8)


def test_an_unused_argument_is_told_from_a_zero_gradient_inside_jit():
    derivative = kg.grad(lambda x, y: 0.0 * x, argnums=(0, 1))
    with pytest.warns(kg.GradientFallbackWarning, match="gradient for argument 1 by"):
        by_x, by_y = jax.jit(derivative)(1.0, 1.0)
    near(by_x, 0.0)
    near(by_y, 0.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.sum(jnp.where(x > 10.0, x, 0.0)),
        lambda x: jnp.sum(jax.nn.relu(-x)),
        lambda x: jnp.max(x) - jnp.max(x),
        lambda x: jax.lax.cond(True, lambda y: jnp.sum(0.0 * y), jnp.sum, x),
        lambda x: jnp.sum(jax.lax.fori_loop(0, 3, lambda _, y: 0.0 * y, x)),
    ],
    ids=["where", "relu", "minus itself", "cond", "loop"],
)
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_a_zero_gradient_of_jax_s_own_functions_is_no_gap(wrap, function):
    near(wrap(kg.grad(function, fallback="error"))(jnp.array([1.0, 2.0])), [0.0, 0.0])


# Conventions


def test_jax_s_gradient_by_a_complex_number_is_the_conjugate_of_ketgrad_s():
    def modulus(z):
        return jnp.real(jnp.conj(z) * z)

    z = jnp.asarray(1.0 + 2.0j)
    near(jax.grad(modulus)(z), 2.0 - 4.0j)
    near(kg.grad(modulus)(z), 2.0 + 4.0j)


def test_single_precision_tracers_stay_single():
    value, gradient = jax.jit(kg.value_and_grad(lambda x: jnp.sum(x * x)))(jnp.array([1.0, 2.0], "float32"))
    assert (str(value.dtype), str(gradient.dtype)) == ("float32", "float32")


# Tracers and types


def test_an_integer_tracer_is_refused_as_an_argument():
    with pytest.raises(kg.InvalidTypeError, match="argument 0 is an array of int64, which has no derivative"):
        jax.jit(kg.grad(lambda n: 1.0 * n))(2)


def test_an_integer_tracer_is_an_angle():
    near(jax.jit(lambda n: kg.Circuit(1).ry(n, 0).expectation(kg.Z(0)))(2), math.cos(2.0))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64"])
def test_an_array_of_a_type_without_derivative_is_refused(dtype):
    with pytest.raises(kg.InvalidTypeError, match=dtype):
        kg.grad(lambda x: jnp.sum(1.0 * x))(jnp.ones(2, dtype))


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("function", [lambda x: jnp.sum(x * x), lambda x: jax.lax.stop_gradient(jnp.sum(x * x))],
                         ids=["native", "cut"])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_refused_by_name(dtype, function):
    with pytest.raises(kg.InvalidTypeError, match=dtype):
        kg.grad(function)(jnp.ones(2, dtype))


def test_a_traced_value_is_not_looked_at():
    def peek(x):
        assert not kg.backend.is_concrete(x)
        with pytest.raises(kg.KetgradError, match="traced by JAX"):
            kg.backend.to_numpy(x)
        return x

    jax.jit(peek)(1.0)


def test_a_function_that_jax_cannot_trace_is_differentiated_by_differences():
    with pytest.warns(kg.GradientFallbackWarning, match="JAX can't trace the function") as caught:
        gradient = kg.grad(lambda x: float(x) ** 2 if x > 0 else 0.0)(3.0)
    expect.near(float(gradient), 6.0, 1e-8)
    assert len(caught) == 1
    assert "2 evaluations" in str(caught[0].message)


def test_numpy_functions_of_a_tracer_are_differentiated_by_differences():
    with pytest.warns(kg.GradientFallbackWarning, match="TracerArrayConversionError"):
        gradient = kg.grad(lambda x: np.sum(np.sin(x)))(jnp.array([0.3, 0.7]))
    expect.near(np.asarray(gradient), [math.cos(0.3), math.cos(0.7)], 1e-9)


@pytest.mark.parametrize("name", ["nowhere", "cuda:99", "tpu", "cpu:99", ""])
def test_a_device_that_is_not_there_is_refused_in_one_sentence(name):
    with pytest.raises(kg.InvalidValueError, match="it has cpu") as caught:
        kg.backend.asarray(1.0, device=name)
    assert repr(name) in str(caught.value)


def test_explicit_random_keys_of_jax_s_own_are_just_arguments():
    key = jax.random.key(0)
    gradient = kg.grad(lambda x, key: x * x * jax.random.uniform(key, dtype="float64"), fallback="error")(3.0, key)
    near(gradient, 6.0 * float(jax.random.uniform(key, dtype="float64")))


def test_a_registered_container_of_jax_s_own_may_be_passed_around():
    # It is no container to ketgrad, and so can't be differentiated; beside the differentiated argument it may be.
    @jax.tree_util.register_pytree_node_class
    class Box:
        def __init__(self, value):
            self.value = value

        def tree_flatten(self):
            return (self.value,), None

        @classmethod
        def tree_unflatten(cls, _, children):
            return cls(*children)

    near(kg.grad(lambda x, box: x * x * box.value, fallback="error")(3.0, Box(2.0)), 12.0)

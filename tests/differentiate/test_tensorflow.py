"""What only TensorFlow has: variables, tapes, tf.function, and sparse gradients."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

if find_spec("torch") is not None:
    import torch  # noqa: F401  (before TensorFlow: the other way round has crashed the process)

tf = pytest.importorskip("tensorflow")


@pytest.fixture(autouse=True)
def in_tensorflow():
    """TensorFlow in force."""
    with kg.use_backend("tensorflow") as backend:
        yield backend


def energy(theta):
    return kg.Circuit(2).rx(theta[0], 0).ry(theta[1], 0).cx(0, 1).expectation(kg.Z(1))


VALUE = math.cos(0.3) * math.cos(0.5)
GRADIENT = [-math.sin(0.3) * math.cos(0.5), -math.cos(0.3) * math.sin(0.5)]
THETA = (0.3, 0.5)


def double(*numbers):
    return tf.constant(numbers if len(numbers) != 1 else numbers[0], tf.float64)


def near(actual, expected):
    expect.near(np.asarray(actual), expected, 1e-12)


# Variables


def test_a_variable_is_an_argument():
    variable = tf.Variable(double(*THETA))
    value, gradient = kg.value_and_grad(energy, fallback="error")(variable)
    near(value, VALUE)
    near(gradient, GRADIENT)
    assert isinstance(gradient, tf.Tensor)


def test_a_variable_given_twice_is_two_arguments():
    variable = tf.Variable(double(3.0))
    first, second = kg.grad(lambda a, b: a * b * b, argnums=(0, 1), fallback="error")(variable, variable)
    near(first, 9.0)
    near(second, 18.0)


def test_variables_in_a_container_are_trained():
    model = {"theta": tf.Variable(double(0.5))}
    expected = 0.5
    for _ in range(3):
        gradient = kg.grad(lambda m: kg.Circuit(1).ry(m["theta"], 0).expectation(kg.Z(0)))(model)
        model["theta"].assign_sub(0.1 * gradient["theta"])
        expected += 0.1 * math.sin(expected)
    near(model["theta"], expected)


def test_an_integer_variable_is_refused():
    with pytest.raises(kg.InvalidTypeError, match="argument 0 is an array of int32, which has no derivative"):
        kg.grad(lambda x: 1.0 * x)(tf.Variable(1))


# Tapes


def test_a_tape_reaches_the_variables_of_a_circuit():
    theta = tf.Variable(double(*THETA))
    with tf.GradientTape() as tape:
        value = energy(theta)
    near(tape.gradient(value, theta), GRADIENT)


def test_a_tape_around_ketgrad_s_derivative_reaches_what_it_was_made_of():
    variable = tf.Variable(double(2.0))
    with tf.GradientTape() as tape:
        value, gradient = kg.value_and_grad(lambda x: variable * x**3, fallback="error")(double(3.0))
        loss = value + gradient
    # w x³ + 3 w x²
    near(tape.gradient(loss, variable), 54.0)


def test_a_tape_around_the_derivative_by_a_variable_gives_the_second():
    variable = tf.Variable(double(2.0))
    with tf.GradientTape() as tape:
        gradient = kg.grad(lambda x: x**3, fallback="error")(variable)
    near(tape.gradient(gradient, variable), 12.0)


def test_a_tape_inside_the_function_is_differentiated():
    def function(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            cube = x**3
        return tape.gradient(cube, x)

    near(kg.grad(function, fallback="error")(2.0), 12.0)


def test_a_stopped_recording_does_not_stop_ketgrad():
    variable = tf.Variable(double(2.0))
    with tf.GradientTape() as tape, tape.stop_recording():
        near(kg.grad(lambda x: x**3, fallback="error")(variable), 12.0)


# tf.function


def test_a_circuit_runs_in_a_graph():
    near(tf.function(energy, autograph=False)(double(*THETA)), VALUE)


@pytest.mark.parametrize("autograph", [True, False], ids=["autograph", "plain"])
def test_a_derivative_runs_in_a_graph(autograph):
    def derivative(theta):
        return kg.value_and_grad(energy, fallback="error")(theta)

    value, gradient = tf.function(derivative, autograph=autograph)(double(*THETA))
    near(value, VALUE)
    near(gradient, GRADIENT)


def test_a_graph_of_unknown_batch_size_maps_a_circuit():
    compiled = tf.function(
        lambda thetas: tf.vectorized_map(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)), thetas),
        input_signature=[tf.TensorSpec([None], tf.float64)],
        autograph=False,
    )
    near(compiled(double(0.3, 0.7)), [math.cos(0.3), math.cos(0.7)])
    near(compiled(tf.constant([0.1], tf.float64)), [math.cos(0.1)])


@pytest.mark.parametrize("shape", [[None, 2], None], ids=["batch", "rank"])
def test_a_shape_that_the_graph_leaves_open_is_refused_by_a_function_in_one_sentence(shape):
    theta = kg.parameters("theta", (2,))
    f = kg.function(kg.Circuit(1).rx(theta[0], 0).ry(theta[1], 0), kg.expval(kg.Z(0)))
    compiled = tf.function(f, input_signature=[tf.TensorSpec(shape, tf.float64)], autograph=False)
    with pytest.raises(kg.UnsupportedError, match="the shape of theta is not known in this graph; give the batch a"):
        compiled(tf.ones([3, 2], tf.float64))


def test_a_variable_that_a_compiled_function_closes_over_is_no_constant():
    weight = tf.Variable(double(2.0))
    compiled = kg.jit(lambda x: weight * x)
    near(compiled(double(3.0)), 6.0)
    weight.assign(double(5.0))
    near(compiled(double(3.0)), 15.0)
    with tf.GradientTape() as tape:
        value = compiled(double(3.0))
    near(tape.gradient(value, weight), 3.0)


def test_a_variable_is_an_argument_of_a_compiled_function():
    theta = tf.Variable(double(0.3))
    compiled = kg.jit(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))
    with tf.GradientTape() as tape:
        value = compiled(theta)
    near(value, math.cos(0.3))
    near(tape.gradient(value, theta), -math.sin(0.3))


# Gradients of TensorFlow's own


def test_a_sparse_gradient_comes_back_dense():
    gradient = kg.grad(lambda x: tf.reduce_sum(tf.gather(x, [0, 0, 2]) ** 2), fallback="error")(double(1.0, 2.0, 3.0))
    assert isinstance(gradient, tf.Tensor)
    near(gradient, [4.0, 0.0, 6.0])


def test_a_sparse_gradient_of_a_variable_comes_back_dense():
    table = tf.Variable(tf.ones([3, 2], tf.float64))
    gradient = kg.grad(lambda x: tf.reduce_sum(tf.nn.embedding_lookup(x, [1, 1])), fallback="error")(table)
    near(gradient, [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]])


def test_ketgrad_and_tensorflow_share_the_convention_for_complex_numbers():
    z = tf.Variable(tf.constant(1.0 + 2.0j, tf.complex128))
    with tf.GradientTape() as tape:
        value = tf.math.real(z * tf.math.conj(z))
    near(tape.gradient(value, z), 2.0 + 4.0j)
    near(kg.grad(lambda z: tf.math.real(z * tf.math.conj(z)), fallback="error")(z), 2.0 + 4.0j)


# Types and devices


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32"])
def test_a_tensor_of_a_type_without_derivative_is_refused(dtype):
    with pytest.raises(kg.InvalidTypeError, match=dtype):
        kg.grad(lambda x: tf.reduce_sum(tf.cast(x, tf.float64)))(tf.cast([1, 1], dtype))


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("function", [lambda x: tf.reduce_sum(x * x), lambda x: tf.stop_gradient(tf.reduce_sum(x * x))],
                         ids=["native", "cut"])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_refused_by_name(dtype, function):
    with pytest.raises(kg.InvalidTypeError, match=dtype):
        kg.grad(function)(tf.cast([1.0, 1.0], dtype))


@pytest.mark.parametrize("name", ["nowhere", "cuda:99", "gpu:0x", "cpu:99", ""])
def test_a_device_that_is_not_there_is_refused_in_one_sentence(name):
    with pytest.raises(kg.InvalidValueError, match="is not known to TensorFlow") as caught:
        kg.backend.asarray(1.0, device=name)
    assert repr(name) in str(caught.value)


# NumPy inside


def test_values_taken_out_of_the_tape_are_differentiated_by_differences():
    with pytest.warns(kg.GradientFallbackWarning, match="argument 0"):
        gradient = kg.grad(lambda x: float(x.numpy()) ** 2)(3.0)
    expect.near(float(gradient), 6.0, 1e-8)


def test_numpy_functions_of_a_tensor_are_differentiated_by_differences():
    with pytest.warns(kg.GradientFallbackWarning, match="argument 0"):
        gradient = kg.grad(lambda x: np.sum(np.sin(x)))(double(0.3, 0.7))
    expect.near(np.asarray(gradient), [math.cos(0.3), math.cos(0.7)], 1e-9)


def test_a_value_dependent_branch_is_differentiated_eagerly():
    near(kg.grad(lambda x: x * x if x > 0 else -x, fallback="error")(3.0), 6.0)
    near(kg.grad(lambda x: x * x if x > 0 else -x, fallback="error")(-3.0), -1.0)

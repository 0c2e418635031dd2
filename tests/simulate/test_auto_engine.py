"""engine="auto": kernels where they run, the traced engine where they do not, and for further derivatives."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.execution import Execution
from ketgrad.precision import get_precision
from ketgrad.registry import get_backend
from ketgrad.simulate import evolve
from ketgrad.simulate.states import PlannedState

# f(a, b) = ⟨Z⟩ after RY(a) RX(b) = cos a cos b.
POINT = np.array([0.4, 1.1])
VALUE = np.cos(0.4) * np.cos(1.1)
GRADIENT = np.array([-np.sin(0.4) * np.cos(1.1), -np.cos(0.4) * np.sin(1.1)])
HESSIAN = np.array([[-VALUE, np.sin(0.4) * np.sin(1.1)], [np.sin(0.4) * np.sin(1.1), -VALUE]])

HIDDEN_BY_TORCH = pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
"""What torch warns itself of while it records, and keeps from being shown."""


def product_of_cosines(engine="auto", measurement=None):
    theta = kg.parameters("theta", (2,))
    return kg.function(kg.Circuit(1).ry(theta[0], 0).rx(theta[1], 0), measurement or kg.expval(kg.Z(0)), engine=engine)


def is_planned(circuit, engine="auto"):
    """Tell whether a run of a circuit leaves a state to the kernels."""
    program = Execution(circuit.operations, circuit.num_qubits, ()).program
    numbers = program.recipe.numbers.bind(get_backend(), {}, get_precision())
    return isinstance(evolve.run(get_backend(), program, get_precision(), numbers, 1, None, engine).state, PlannedState)


def test_auto_takes_the_kernels_on_the_processor(autodiff_backend):
    assert is_planned(kg.Circuit(2).h(0).cx(0, 1))
    assert not is_planned(kg.Circuit(2).h(0).cx(0, 1), "traced")


def test_auto_runs_noise_on_the_traced_engine():
    assert not is_planned(kg.Circuit(1).h(0).bit_flip(0.1, 0))


def test_auto_runs_on_the_traced_engine_where_a_backend_has_no_host_functions():
    with kg.use_backend("strict"):
        assert not is_planned(kg.Circuit(1).h(0))


def test_auto_follows_a_device_that_is_not_the_processor():
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        result = product_of_cosines()(torch.zeros(2, dtype=torch.float64, device="meta"))
    assert result.device.type == "meta"


def test_second_derivatives_are_those_of_the_closed_form(autodiff_backend):
    found = kg.hessian(product_of_cosines(), fallback="error")(autodiff_backend.asarray(POINT))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), HESSIAN, rtol=0, atol=1e-12)


def test_second_derivatives_of_a_result_from_the_state_are_those_of_the_closed_form(autodiff_backend):
    # ⟨0|ρ|0⟩ = (1 + cos a cos b)/2.
    f = product_of_cosines(measurement=kg.probs([0]))
    found = kg.hessian(lambda x: autodiff_backend.take(f(x), 0, axis=0), fallback="error")(
        autodiff_backend.asarray(POINT)
    )
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), HESSIAN / 2, rtol=0, atol=1e-12)


def test_second_derivatives_in_a_compiled_function_are_those_of_the_closed_form(autodiff_backend):
    found = kg.jit(kg.hessian(product_of_cosines(), fallback="error"))(autodiff_backend.asarray(POINT))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), HESSIAN, rtol=0, atol=1e-12)


@HIDDEN_BY_TORCH
def test_second_derivatives_of_a_compiled_function_are_those_of_the_closed_form(autodiff_backend):
    found = kg.hessian(kg.jit(product_of_cosines()), fallback="error")(autodiff_backend.asarray(POINT))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), HESSIAN, rtol=0, atol=1e-12)


@HIDDEN_BY_TORCH
def test_second_derivatives_of_a_compiled_function_with_a_map_in_it_are_those_of_the_closed_form(autodiff_backend):
    f = kg.vmap(product_of_cosines())
    total = kg.jit(lambda x: autodiff_backend.sum(f(autodiff_backend.stack([x, -x]))))
    found = kg.hessian(total, fallback="error")(autodiff_backend.asarray(POINT))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), 2 * HESSIAN, rtol=0, atol=1e-12)


def test_the_compiled_engine_alone_has_no_second_derivative(autodiff_backend):
    with pytest.raises(Exception, match='use gradient="backprop"'):
        kg.hessian(product_of_cosines("compiled"), fallback="error")(autodiff_backend.asarray(POINT))


def test_backprop_differentiates_again_whatever_engine_is_in_force(autodiff_backend):
    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(1).ry(theta[0], 0).rx(theta[1], 0)
    with kg.use_engine("compiled"):
        f = kg.function(circuit, kg.expval(kg.Z(0)), gradient="backprop")
        found = kg.hessian(f, fallback="error")(autodiff_backend.asarray(POINT))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), HESSIAN, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "route", ["hessian", "jacfwd_jacrev", "jacrev_jacrev", "jacfwd_jacfwd", "jit", "vmap", "of_jit"]
)
def test_every_way_of_jax_to_second_derivatives_gives_the_closed_form(route):
    jax = pytest.importorskip("jax")
    f = product_of_cosines()
    routes = {
        "hessian": jax.hessian(f),
        "jacfwd_jacrev": jax.jacfwd(jax.jacrev(f)),
        "jacrev_jacrev": jax.jacrev(jax.jacrev(f)),
        "jacfwd_jacfwd": jax.jacfwd(jax.jacfwd(f)),
        "jit": jax.jit(jax.hessian(f)),
        "vmap": lambda x: jax.vmap(jax.hessian(f))(jax.numpy.stack([x, x]))[1],
        "of_jit": jax.jacrev(jax.jacrev(jax.jit(f))),
    }
    with kg.use_backend("jax"):
        np.testing.assert_allclose(routes[route](jax.numpy.asarray(POINT)), HESSIAN, rtol=0, atol=1e-12)


def test_forward_mode_of_jax_through_its_own_jit_raises():
    jax = pytest.importorskip("jax")
    with kg.use_backend("jax"), pytest.raises(TypeError, match="forward-mode"):
        jax.hessian(jax.jit(product_of_cosines()))(jax.numpy.asarray(POINT))


@pytest.mark.parametrize("route", ["hessian", "jacrev_jacrev", "jacfwd_jacfwd", "functional", "vmap"])
def test_every_way_of_torch_to_second_derivatives_gives_the_closed_form(route):
    torch = pytest.importorskip("torch")
    f = product_of_cosines()
    func = torch.func
    routes = {
        "hessian": func.hessian(f),
        "jacrev_jacrev": func.jacrev(func.jacrev(f)),
        "jacfwd_jacfwd": func.jacfwd(func.jacfwd(f)),
        "functional": lambda x: torch.autograd.functional.hessian(f, x),
        "vmap": lambda x: func.vmap(func.hessian(f))(torch.stack([x, x]))[1],
    }
    with kg.use_backend("pytorch"):
        np.testing.assert_allclose(routes[route](torch.tensor(POINT)).detach(), HESSIAN, rtol=0, atol=1e-12)


def test_a_graph_of_torch_that_was_kept_differentiates_again():
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        x = torch.tensor(POINT, requires_grad=True)
        (gradient,) = torch.autograd.grad(product_of_cosines()(x), x, create_graph=True)
        (gradient**2).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * HESSIAN @ GRADIENT, rtol=0, atol=1e-12)


@pytest.mark.parametrize("is_graph", [False, True])
def test_nested_tapes_of_tensorflow_give_the_closed_form(is_graph):
    tf = pytest.importorskip("tensorflow")
    f = product_of_cosines()

    def squared_gradient(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = f(x)
            total = tf.reduce_sum(inner.gradient(value, x) ** 2)
        return outer.gradient(total, x)

    with kg.use_backend("tensorflow"):
        call = tf.function(squared_gradient, autograph=False) if is_graph else squared_gradient
        np.testing.assert_allclose(call(tf.constant(POINT)), 2 * HESSIAN @ GRADIENT, rtol=0, atol=1e-12)


@pytest.mark.parametrize("measurement", [kg.expval(kg.Z(0)), kg.probs([0])])
def test_nested_tapes_around_a_graph_of_tensorflow_give_the_closed_form(measurement):
    tf = pytest.importorskip("tensorflow")
    f = tf.function(product_of_cosines(measurement=measurement), autograph=False)
    x = tf.constant(POINT)
    with kg.use_backend("tensorflow"):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reshape(f(x), -1)[0]
            gradient = inner.gradient(value, x)
        found = outer.jacobian(gradient, x, experimental_use_pfor=False)
    # ⟨0|ρ|0⟩ = (1 + cos a cos b)/2.
    scale = 1 if isinstance(measurement, kg.expval) else 0.5
    np.testing.assert_allclose(found, scale * HESSIAN, rtol=0, atol=1e-12)


def three_times(tf, f):
    """Return ways to compute 3 f(x) in a graph that holds f in a graph of its own."""
    zero = tf.constant(0.0, tf.float64)
    return {
        "while_loop": lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, sum: (i + 1, sum + f(x)), (0, zero))[1],
        "cond": lambda x: 3 * tf.cond(x[0] > 0, lambda: f(x), lambda: zero),
        "map_fn": lambda x: tf.reduce_sum(tf.map_fn(f, tf.stack([x, x, -x]))),
        "scan": lambda x: tf.scan(lambda sum, _: sum + f(x), tf.range(3), initializer=zero)[-1],
    }


@pytest.mark.parametrize(
    ("way", "measurement"),
    [
        ("while_loop", kg.expval(kg.Z(0))),
        ("while_loop", kg.probs([0])),
        ("cond", kg.expval(kg.Z(0))),
        ("map_fn", kg.expval(kg.Z(0))),
        ("scan", kg.expval(kg.Z(0))),
    ],
)
def test_second_derivatives_through_loops_and_branches_of_tensorflow_are_those_of_the_closed_form(way, measurement):
    """With tapes around the graph, and inside of it."""
    tf = pytest.importorskip("tensorflow")
    f = product_of_cosines(measurement=measurement)
    total = three_times(tf, lambda x: tf.reshape(f(x), (-1,))[0])[way]

    def hessian(function, x):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = function(x)
            gradient = inner.gradient(value, x)
        return outer.jacobian(gradient, x, experimental_use_pfor=False)

    # ⟨0|ρ|0⟩ = (1 + cos a cos b)/2.
    scale = 3 if isinstance(measurement, kg.expval) else 1.5
    with kg.use_backend("tensorflow"):
        around = hessian(tf.function(total, autograph=False), tf.constant(POINT))
        inside = tf.function(lambda x: hessian(total, x), autograph=False)(tf.constant(POINT))
    np.testing.assert_allclose(around, scale * HESSIAN, rtol=0, atol=1e-12)
    np.testing.assert_allclose(inside, scale * HESSIAN, rtol=0, atol=1e-12)


def test_a_gradient_in_a_loop_of_tensorflow_is_differentiated():
    tf = pytest.importorskip("tensorflow")
    f = product_of_cosines()

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = f(x)
        return tape.gradient(value, x)

    @tf.function(autograph=False)
    def total(x):
        start = (0, tf.zeros(2, tf.float64))
        return tf.while_loop(lambda i, _: i < 3, lambda i, sum: (i + 1, sum + gradient(x)), start)[1]

    with kg.use_backend("tensorflow"):
        x = tf.constant(POINT)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            gradients = total(x)
        found = tape.jacobian(gradients, x, experimental_use_pfor=False)
    np.testing.assert_allclose(gradients, 3 * GRADIENT, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, 3 * HESSIAN, rtol=0, atol=1e-12)


@pytest.mark.parametrize("is_graph", [False, True])
def test_forward_mode_of_tensorflow_gives_the_closed_form_and_so_does_forward_over_reverse(is_graph):
    tf = pytest.importorskip("tensorflow")
    f = product_of_cosines()
    call = tf.function(f, autograph=False) if is_graph else f
    with kg.use_backend("tensorflow"):
        x = tf.constant(POINT)
        with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 2.0], tf.float64)) as forward:
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = call(x)
            gradient = tape.gradient(value, x)
        slope, curvature = forward.jvp(value), forward.jvp(gradient)
    np.testing.assert_allclose(slope, GRADIENT @ [1, 2], rtol=0, atol=1e-12)
    np.testing.assert_allclose(curvature, HESSIAN @ [1, 2], rtol=0, atol=1e-12)


@pytest.mark.parametrize("is_graph", [False, True])
def test_second_derivatives_through_a_vectorized_map_of_tensorflow_are_refused_and_never_zero(is_graph):
    """TensorFlow drops custom gradients there; `kg.vmap` has second derivatives."""
    tf = pytest.importorskip("tensorflow")
    f = product_of_cosines()

    def total(x):
        return tf.reduce_sum(tf.vectorized_map(f, tf.stack([x, -x])))

    call = tf.function(total, autograph=False) if is_graph else total
    with kg.use_backend("tensorflow"):
        x = tf.constant(POINT)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = call(x)
            gradient = inner.gradient(value, x)
        np.testing.assert_allclose(gradient, 2 * GRADIENT, rtol=0, atol=1e-12)
        with pytest.raises(tf.errors.UnimplementedError, match="has no second derivative"):
            outer.gradient(gradient, x)


def test_several_sums_come_from_one_run_and_each_has_its_gradient(autodiff_backend):
    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(2).ry(theta[0], 0).rx(theta[1], 1)
    sums = [kg.Z(0), kg.Z(1), kg.Z(0) @ kg.Z(1), 2.0 * kg.X(0) + 0.5 * kg.Y(1), kg.PauliSum({})]
    f = kg.function(circuit, *map(kg.expval, sums))
    a, b = POINT
    expected = [np.cos(a), np.cos(b), np.cos(a) * np.cos(b), 2 * np.sin(a) - 0.5 * np.sin(b), 0.0]
    slopes = [
        [-np.sin(a), 0],
        [0, -np.sin(b)],
        [-np.sin(a) * np.cos(b), -np.cos(a) * np.sin(b)],
        [2 * np.cos(a), -0.5 * np.cos(b)],
        [0, 0],
    ]
    point = autodiff_backend.asarray(POINT)
    np.testing.assert_allclose([autodiff_backend.to_numpy(value) for value in f(point)], expected, rtol=0, atol=1e-12)
    jacobian = kg.jacobian(lambda x: autodiff_backend.stack(f(x)), fallback="error")(point)
    np.testing.assert_allclose(autodiff_backend.to_numpy(jacobian), slopes, rtol=0, atol=1e-12)


def test_a_coefficient_that_is_an_array_has_its_gradient(autodiff_backend):
    def energy(weight):
        observable = weight * kg.Z(0) + 0.5 * kg.X(0)
        return kg.function(kg.Circuit(1).ry(0.4, 0), kg.expval(observable))()

    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(1.7))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), 1.7 * np.cos(0.4) + 0.5 * np.sin(0.4), atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), np.cos(0.4), rtol=0, atol=1e-12)


def test_a_state_that_was_kept_serves_no_other_inputs():
    """The states of the latest runs are kept for the backward sweep; other angles or initial states are other runs."""
    theta = kg.parameters("theta", (1,))
    f = kg.function(kg.Circuit(1).ry(theta[0], 0), kg.expval(kg.Z(0)))
    one = np.array([0.0, 1.0])
    for angle in (0.3, 0.9, 0.3):
        assert f(np.array([angle])) == pytest.approx(np.cos(angle), abs=1e-15)
        assert f(np.array([angle]), initial_state=one) == pytest.approx(-np.cos(angle), abs=1e-15)
        gradient = kg.grad(lambda x: f(x) + 2 * f(x, initial_state=one), fallback="error")(np.array([angle]))
        assert gradient == pytest.approx([np.sin(angle)], abs=1e-15)


def test_a_run_that_was_kept_does_not_see_what_its_matrix_became():
    torch = pytest.importorskip("torch")
    theta = kg.parameters("theta", (1,))

    def value(angle, matrix):
        return kg.function(kg.Circuit(1).ry(theta[0], 0).unitary(matrix, [0]), kg.expval(kg.Z(0)))(angle)

    with kg.use_backend("pytorch"):
        angle = torch.tensor([0.4], dtype=torch.float64, requires_grad=True)
        first, second = (torch.eye(2, dtype=torch.complex128) for _ in range(2))
        value(angle, first)
        first.mul_(2)
        (gradient,) = torch.autograd.grad(value(angle, second), angle)
    np.testing.assert_allclose(gradient, [-np.sin(0.4)], rtol=0, atol=1e-12)

"""Functions of circuits that run on a device outside: their values and gradients, and what is refused."""

import numpy as np
import pytest

import ketgrad as kg
from dense_device import DenseDerivatives, DenseDevice

THETA = kg.parameters("theta")
ANGLE = 1.1
SEED, MANY = 7, 20_000
# Of 20,000 shots of eigenvalues up to √5: five standard errors are below this, and at two shifts further below.
FIVE_ERRORS = 0.08

RESULTS = {
    "expval": (kg.expval(kg.Z(0)), np.cos(ANGLE), -np.sin(ANGLE)),
    "expval of two settings": (
        kg.expval(kg.Z(0) + kg.X(0) + 2 * kg.I()),
        2 + np.cos(ANGLE) + np.sin(ANGLE),
        np.cos(ANGLE) - np.sin(ANGLE),
    ),
    "expval of a matrix": (
        kg.expval(kg.Hermitian([[1, 2], [2, -1]], [0])),
        np.cos(ANGLE) + 2 * np.sin(ANGLE),
        2 * np.cos(ANGLE) - np.sin(ANGLE),
    ),
    "expval of a projector": (kg.expval(kg.Projector("1", [0])), (1 - np.cos(ANGLE)) / 2, np.sin(ANGLE) / 2),
    "var": (kg.var(kg.Z(0)), np.sin(ANGLE) ** 2, np.sin(2 * ANGLE)),
    "var of a projector": (kg.var(kg.Projector("1", [0])), np.sin(ANGLE) ** 2 / 4, np.sin(2 * ANGLE) / 4),
    "var of a matrix": (kg.var(kg.Hermitian([[1, 0], [0, -1]], [0])), np.sin(ANGLE) ** 2, np.sin(2 * ANGLE)),
}


def circuit():
    return kg.Circuit(1).ry(THETA, 0)


def function_of(device, *measurements, shots=MANY, **options):
    return kg.function(circuit(), *(measurements or (kg.expval(kg.Z(0)),)), device=device, shots=shots, **options)


def near(backend, found, expected, error):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=error)


# Values and gradients


@pytest.mark.parametrize("method", ["best", "finite-diff"])
@pytest.mark.parametrize(("measurement", "value", "derivative"), RESULTS.values(), ids=RESULTS)
def test_value_and_derivative_come_from_shots_on_the_device(autodiff_backend, measurement, value, derivative, method):
    function = function_of(DenseDevice(), measurement, gradient=method, seed=SEED)
    found, gradient = kg.value_and_grad(function, fallback="error")(autodiff_backend.asarray(ANGLE))
    near(autodiff_backend, found, value, FIVE_ERRORS)
    noise = 10 if method == "finite-diff" else 1  # differences divide the same noise by 0.2, not by 2
    near(autodiff_backend, gradient, derivative, noise * FIVE_ERRORS)


@pytest.mark.parametrize(("measurement", "value", "derivative"), RESULTS.values(), ids=RESULTS)
def test_the_device_s_own_gradient_is_taken_as_it_is(autodiff_backend, measurement, value, derivative):
    device = DenseDerivatives()
    function = function_of(device, measurement, gradient="device", seed=SEED)
    found, gradient = kg.value_and_grad(function, fallback="error")(autodiff_backend.asarray(ANGLE))
    # A variance is differentiated at the sampled mean.
    near(autodiff_backend, gradient, derivative, FIVE_ERRORS if isinstance(measurement, kg.var) else 1e-9)
    near(autodiff_backend, found, value, FIVE_ERRORS)
    assert device.sizes[-1] == 1


def test_probabilities_and_their_derivatives(autodiff_backend):
    expected = [-np.sin(ANGLE) / 2, np.sin(ANGLE) / 2]
    for device, method, error in ((DenseDevice(), "best", FIVE_ERRORS), (DenseDerivatives(), "device", 1e-9)):
        function = function_of(device, kg.probs(), gradient=method, seed=SEED)
        found = kg.jacobian(function, fallback="error")(autodiff_backend.asarray(ANGLE))
        near(autodiff_backend, found, expected, error)


def test_a_value_is_one_job_and_a_gradient_one_more(autodiff_backend):
    device, theta = DenseDevice(), kg.parameters("theta", (2,))
    chain = kg.Circuit(2).ry(theta[0], 0).ry(2 * theta[0], 1).crx(theta[1], 0, 1)
    function = kg.function(chain, kg.expval(kg.Z(0) + kg.X(1)), device=device, shots=10, seed=SEED)
    kg.value_and_grad(function)(autodiff_backend.asarray([0.3, 0.4]))
    # One setting, ZX; two runs for each of the two rotations and four for the controlled one.
    assert device.sizes == [1, 8]


def test_a_parameter_of_two_gates_has_the_sum_of_their_derivatives(autodiff_backend):
    # ry(θ/2) and ry(3θ/2): the derivative of cos 2θ at π/4, where shifts of π/2 find 1 or −1 alone, is −2.
    shared = kg.Circuit(1).ry(THETA / 2, 0).ry(1.5 * THETA, 0)
    function = kg.function(shared, kg.expval(kg.Z(0)), device=DenseDevice(), shots=3, seed=SEED)
    near(autodiff_backend, kg.grad(function)(autodiff_backend.asarray(np.pi / 4)), -2.0, 1e-12)


def test_the_second_derivative_is_that_of_shifts_of_shifts(autodiff_backend):
    function = function_of(DenseDevice(), shots=2, seed=SEED)
    found = kg.hessian(lambda x: function(autodiff_backend.take(x, 0, axis=0)), fallback="error")
    near(autodiff_backend, found(autodiff_backend.asarray([np.pi])), [[1.0]], 1e-12)


def test_random_directions(autodiff_backend):
    function = function_of(DenseDevice(), gradient=kg.gradients.SPSA(step=np.pi / 2), shots=2, seed=SEED)
    near(autodiff_backend, kg.grad(function)(autodiff_backend.asarray(np.pi / 2)), -2 / np.pi, 1e-12)


def test_a_batch_of_parameters_is_one_job(autodiff_backend):
    device = DenseDevice()
    function = function_of(device, shots=3, seed=SEED)
    found = kg.grad(lambda x: autodiff_backend.sum(function(x)))(autodiff_backend.asarray([[0.5, -0.5]]) * np.pi)
    near(autodiff_backend, found, [[-1.0, 1.0]], 1e-12)
    assert device.sizes == [2, 4]


def test_a_mapped_function(autodiff_backend):
    device = DenseDevice()
    function = function_of(device, shots=3, seed=SEED)
    found = kg.vmap(function)(autodiff_backend.asarray([0.0, np.pi, 0.0]))
    near(autodiff_backend, found, [1.0, -1.0, 1.0], 1e-12)
    # One job on PyTorch and JAX; TensorFlow's vectorized_map looks at one element ahead.
    assert device.sizes in ([3], [1, 1, 1], [1, 1, 1, 1])


def test_a_compiled_function(autodiff_backend):
    function = kg.jit(function_of(DenseDevice(), shots=3, seed=SEED))
    near(autodiff_backend, kg.grad(function)(autodiff_backend.asarray(np.pi / 2)), -1.0, 1e-12)


def test_one_seed_gives_the_same_numbers_on_every_backend(backend):
    found = [float(backend.to_numpy(function_of(DenseDevice(), shots=20, seed=SEED)(ANGLE))) for _ in range(2)]
    with kg.use_backend("numpy"):
        assert found == [float(function_of(DenseDevice(), shots=20, seed=SEED)(ANGLE))] * 2


def test_without_a_seed_each_call_draws_anew(backend):
    function = function_of(DenseDevice(), shots=MANY)
    first, second = (float(backend.to_numpy(function(backend.asarray(ANGLE)))) for _ in range(2))
    assert first != second


def test_single_precision(autodiff_backend):
    with kg.use_precision("single"):
        function = function_of(DenseDevice(), shots=3, seed=SEED)
        value, gradient = kg.value_and_grad(function)(autodiff_backend.asarray(np.pi / 2, dtype="float32"))
        assert autodiff_backend.dtype(value) == autodiff_backend.dtype(gradient) == "float32"
        near(autodiff_backend, gradient, -1.0, 1e-6)


def test_an_estimate_has_its_standard_error(backend):
    value, error = function_of(DenseDevice(), shots=MANY, seed=SEED).estimate(backend.asarray(ANGLE))
    near(backend, error, np.sin(ANGLE) / np.sqrt(MANY), 1e-4)
    near(backend, value, np.cos(ANGLE), 5 * np.sin(ANGLE) / np.sqrt(MANY))


# What goes to the device, and what comes back


def test_samples_and_counts_have_the_order_of_the_qubits(backend):
    flipped = kg.Circuit(3).x(1).ry(THETA, 2)
    measured = kg.sample([2, 1]), kg.counts(), kg.expval(kg.Z(1))
    function = kg.function(flipped, *measured, device=DenseDevice(), shots=2, seed=SEED)
    bits, counted, mean = function(backend.asarray(np.pi))
    assert backend.to_numpy(bits).tolist() == [[1, 1], [1, 1]]
    assert counted == {"011": 2}
    near(backend, mean, -1.0, 1e-12)


def test_a_device_may_return_counts(autodiff_backend):
    function = function_of(DenseDevice(as_counts=True), seed=SEED)
    value, gradient = kg.value_and_grad(function)(autodiff_backend.asarray(ANGLE))
    near(autodiff_backend, value, np.cos(ANGLE), FIVE_ERRORS)
    near(autodiff_backend, gradient, -np.sin(ANGLE), FIVE_ERRORS)


def test_the_device_gets_the_gates_as_they_were_written():
    device, theta = DenseDevice(), kg.parameters("theta", (4,))
    written = kg.Circuit(5).u(theta[0], theta[1], 0.3, 4).cu(0.1, 0.2, theta[2], 0.4, 1, 0).u2(0.5, theta[3], 2)
    kg.function(written, kg.expval(kg.Y(2)), device=device, shots=1, seed=1)([1.0, 2.0, 3.0, 4.0])
    expected = kg.Circuit(5).u(1.0, 2.0, 0.3, 4).cu(0.1, 0.2, 3.0, 0.4, 1, 0).u2(0.5, 4.0, 2).sdg(2).h(2).measure(2, 0)
    ((circuit,),) = device.jobs
    assert circuit.operations == expected.operations


def test_the_numbers_of_gates_that_are_taken_apart_have_their_derivatives(autodiff_backend):
    theta = kg.parameters("theta", (4,))
    written = kg.Circuit(2).u(theta[0], theta[1], 0.3, 0).u2(0.5, theta[2], 0).cu(0.1, 0.2, theta[3], 0.4, 0, 1)
    values = autodiff_backend.asarray([1.0, 2.0, 3.0, 4.0])
    exact = kg.grad(kg.function(written, kg.expval(kg.Z(0) + kg.X(1))))(values)
    for device, method, error in ((DenseDevice(), "best", FIVE_ERRORS), (DenseDerivatives(), "device", 1e-9)):
        function = kg.function(
            written, kg.expval(kg.Z(0) + kg.X(1)), device=device, shots=MANY, seed=SEED, gradient=method
        )
        near(autodiff_backend, kg.grad(function)(values), autodiff_backend.to_numpy(exact), error)


class Recorder:
    """Finds zeros alone."""

    def run(self, circuits, shots, seed):
        (self.circuit,) = circuits
        return [np.zeros((shots, self.circuit.num_bits))]


def test_the_device_gets_measurements_and_conditions_too():
    device = Recorder()
    flip = kg.Circuit(1).rx(THETA, 0)
    written = kg.Circuit(2).h(0).measure(0, 1).conditioned(flip, [1], [0]).reset(1).depolarizing(0.1, 1)
    assert kg.function(written, kg.counts(bits=[1]), device=device, shots=3, seed=1)(0.5) == {"0": 3}
    bound = kg.Circuit(1).rx(0.5, 0)
    expected = kg.Circuit(2).h(0).measure(0, 1).conditioned(bound, [1], [0]).reset(1).depolarizing(0.1, 1)
    assert device.circuit.operations == expected.operations
    kg.function(written, kg.expval(kg.Z(1)), device=device, shots=3, seed=1)(0.5)
    assert device.circuit.operations == expected.measure(1, 2).operations


# The frameworks' own differentiation


def test_backward():
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        angle = torch.tensor(np.pi / 2, dtype=torch.float64, requires_grad=True)
        function_of(DenseDevice(), shots=3, seed=SEED)(angle).backward()
    assert angle.grad.item() == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("method", ["parameter-shift", "device"])
@pytest.mark.parametrize("way", ["plain", "compiled", "mapped", "by key"])
def test_the_gradient_of_jax(way, method):
    jax = pytest.importorskip("jax")
    device = DenseDerivatives()
    function = function_of(device, shots=3, seed=SEED, gradient=method)
    with kg.use_backend("jax"):
        gradient = jax.grad(function)
        match way:
            case "plain":
                found = gradient(np.pi / 2)
            case "compiled":
                found = jax.jit(gradient)(np.pi / 2)
            case "mapped":
                found = jax.jit(jax.vmap(gradient))(jax.numpy.full(3, np.pi / 2))
                assert len(device.jobs) <= 2
            case "by key":
                keyed = jax.jit(jax.vmap(jax.grad(lambda angle, key: function(angle, seed=key))))
                found = keyed(jax.numpy.full(3, np.pi / 2), jax.random.split(jax.random.key(1), 3))
    np.testing.assert_allclose(found, -1.0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", ["parameter-shift", "device"])
@pytest.mark.parametrize("compile_", [False, True], ids=["plain", "compiled"])
def test_a_gradient_tape(compile_, method):
    pytest.importorskip("torch")  # before TensorFlow: the other way round has crashed the process
    tf = pytest.importorskip("tensorflow")
    function = function_of(DenseDerivatives(), shots=3, seed=SEED, gradient=method)

    def gradient(angle):
        with tf.GradientTape() as tape:
            tape.watch(angle)
            loss = function(angle)
        return tape.gradient(loss, angle)

    with kg.use_backend("tensorflow"):
        found = (tf.function(gradient) if compile_ else gradient)(tf.constant(np.pi / 2, tf.float64))
    np.testing.assert_allclose(found, -1.0, rtol=0, atol=1e-9)


# What is refused


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"shots": None}, "a device has no exact results; give shots=1000, say"),
        ({"engine": "compiled"}, "leave engine out"),
        ({"shots": None, "trajectories": 10}, "a device takes shots, not trajectories"),
        ({"gradient": "adjoint"}, "adjoint differentiates exact results; with shots give parameter-shift"),
        ({"gradient": "backprop"}, "backprop differentiates exact results; with shots give parameter-shift"),
        ({"gradient": "device"}, 'DenseDevice has no method derivatives; give gradient="parameter-shift"'),
    ],
)
def test_what_a_device_does_not_do_is_refused(options, sentence):
    with pytest.raises(kg.UnsupportedError, match=sentence):
        function_of(DenseDevice(), **{"shots": 10, **options})


def test_the_device_s_gradient_without_a_device():
    with pytest.raises(kg.UnsupportedError, match='there is no device; give gradient="parameter-shift"'):
        kg.function(circuit(), kg.expval(kg.Z(0)), gradient="device")


@pytest.mark.parametrize("device", ["aer", DenseDevice, object()])
def test_what_is_no_device(device):
    with pytest.raises(kg.InvalidTypeError, match=r"give an object with a method run\(circuits, shots, seed\)"):
        function_of(device)


def test_a_matrix_of_a_framework(autodiff_backend):
    matrix = autodiff_backend.asarray(np.eye(2, dtype="complex128"))
    if isinstance(matrix, np.ndarray):
        pytest.skip("NumPy's arrays are the constants")
    with pytest.raises(kg.UnsupportedError, match="give a NumPy array"):
        kg.function(kg.Circuit(1).unitary(matrix, [0]), kg.expval(kg.Z(0)), device=DenseDevice(), shots=10)
    with pytest.raises(kg.UnsupportedError, match="give a NumPy array to kg"):
        function_of(DenseDevice(), kg.expval(kg.Hermitian(matrix, [0])), shots=10)(0.1)


def test_an_initial_state_and_a_state(backend):
    with pytest.raises(kg.UnsupportedError, match="a device begins in"):
        function_of(DenseDevice(), shots=10)(0.1, initial_state=backend.asarray([0.6, 0.8]))
    with pytest.raises(kg.UnsupportedError, match="state is not estimated from shots"):
        function_of(DenseDevice(), kg.state(), shots=10)(backend.asarray(0.1))


def test_the_second_derivative_of_the_device_s_gradient(autodiff_backend):
    function = function_of(DenseDerivatives(), gradient="device", shots=10, seed=SEED)
    with pytest.raises(kg.GradientError, match="the device's own gradient has no derivative in turn"):
        kg.hessian(lambda x: function(autodiff_backend.take(x, 0, axis=0)), fallback="error")(
            autodiff_backend.asarray([0.3])
        )


def test_a_gate_without_a_shift_rule_has_no_derivative():
    noisy = kg.Circuit(1).h(0).amplitude_damping(THETA, 0)
    with pytest.raises(kg.UnsupportedError, match="there is no shift rule for the parameters of amplitude_damping"):
        kg.grad(
            kg.function(noisy, kg.expval(kg.Z(0)), device=Recorder(), shots=10, gradient="parameter-shift"),
            fallback="error",
        )(0.3)


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("name", ["strict", "autoray"])
def test_finite_differences_never_stand_in_for_the_derivative(name):
    with kg.use_backend(name) as backend, pytest.raises(kg.GradientError):
        kg.value_and_grad(function_of(DenseDevice(), shots=10, seed=SEED))(backend.asarray(ANGLE))


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        ([np.zeros((10, 2))], r"outcomes of shape \(10, 2\) for 10 shots of 1 classical bits; return zeros and ones"),
        ([np.full((10, 1), 2)], r"return zeros and ones of shape \(10, 1\), or counts"),
        ([{"0": 9}], r"outcomes of shape \(9, 1\)"),
        ([], "run returned 0 results for 1 circuits; return one each"),
    ],
)
def test_a_device_that_returns_something_else(outcomes, sentence):
    class Wrong:
        def run(self, circuits, shots, seed):
            return outcomes

    with pytest.raises(kg.InvalidValueError, match=sentence):
        function_of(Wrong(), shots=10)(ANGLE)


def test_derivatives_of_another_shape():
    class Wrong(DenseDevice):
        def derivatives(self, circuits, observables, shots, seed):
            return [np.zeros(3)]

    with pytest.raises(kg.InvalidValueError, match=r"return real numbers of shape \(1, 1\)"):
        kg.grad(function_of(Wrong(), shots=10, gradient="device"), fallback="error")(ANGLE)


def test_classical_bits_have_no_gradient_of_the_device():
    measured = kg.Circuit(1).ry(THETA, 0).measure(0, 0)
    function = kg.function(
        measured, kg.probs(bits=[0]), device=DenseDerivatives(), shots=10, gradient="device", seed=SEED
    )
    with pytest.raises(kg.UnsupportedError, match="not of classical bits"):
        kg.jacobian(function, fallback="error")(ANGLE)


def test_a_bit_that_nothing_was_measured_into():
    measured = kg.Circuit(1).ry(THETA, 0).measure(0, 1)
    with pytest.raises(kg.InvalidValueError, match="nothing was measured into bit 0"):
        kg.function(measured, kg.probs(bits=[0]), device=DenseDevice(), shots=10)(ANGLE)


def test_the_sentence_without_qiskit(in_new_process):
    code = """
    hide("qiskit", "qiskit_aer")
    import ketgrad as kg
    found = []
    for make in (kg.devices.AerDevice, kg.Circuit(1).to_qiskit):
        try:
            make()
        except kg.MissingFrameworkError as error:
            found.append(str(error))
    print(json.dumps(found))
    """
    aer, circuit = in_new_process(code)
    assert aer == "qiskit_aer needs qiskit_aer, which is not installed; run: pip install 'ketgrad[qiskit]'"
    assert circuit == "qiskit.circuit needs qiskit, which is not installed; run: pip install 'ketgrad[qiskit]'"

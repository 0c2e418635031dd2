"""`kg.function`: values by position and by name, results, derivatives, and what is refused."""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import GATES, PREPARATION, expectation, play, probabilities, run
from ketgrad.simulate import program

TOLERANCE = 1e-12


def close(backend, found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


def two_rotations():
    """Return ⟨Z⟩ = cos(a + b/2 + 0.1)."""
    x = kg.parameters("x", (2,))
    return kg.function(kg.Circuit(1).rx(x[0], 0).rx(x[1] / 2 + 0.1, 0), kg.expval(kg.Z(0)))


def recurrence():
    """Return a circuit that takes in one number a step, with a shared weight, and remembers on the other qubit."""
    x, theta = kg.parameters("x", (5,)), kg.parameters("theta")
    circuit = kg.Circuit(2)
    for step in x:
        circuit.rx(step, 1).ry(theta, 0).cx(0, 1)
    return kg.function(circuit, kg.expval(kg.Z(1)))


INPUTS = [0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_shared_symbol_has_the_value_and_derivative_of_the_reference(autodiff_backend):
    backend, energy = autodiff_backend, recurrence()
    inputs, theta = backend.asarray(INPUTS), backend.asarray(0.7)
    value, gradient = kg.value_and_grad(energy, argnums=1, fallback="error")(inputs, theta)
    close(backend, value, -0.035711400712234276)
    close(backend, gradient, -0.1831830451502745)


def test_the_derivatives_by_all_inputs_are_those_of_the_dense_reference(autodiff_backend):
    def reference(values):
        program = [
            step for x in values
            for step in (("rx", (float(x),), (1,)), ("ry", (0.7,), (0,)), ("cx", (), (0, 1)))
        ]  # fmt: skip
        return expectation({"Z1": 1.0}, run(program, 2))

    step = 1e-3
    units = step * np.eye(5)
    points = np.array(INPUTS)
    near = [reference(points + unit) - reference(points - unit) for unit in units]
    far = [reference(points + 2 * unit) - reference(points - 2 * unit) for unit in units]
    expected = (8 * np.array(near) - np.array(far)) / (12 * step)
    backend = autodiff_backend
    gradient = kg.grad(recurrence(), fallback="error")(backend.asarray(INPUTS), backend.asarray(0.7))
    close(backend, gradient, expected, 1e-10)


def test_values_by_position_by_name_and_mixed_give_the_same(backend):
    function = recurrence()
    for found in (
        function(INPUTS, 0.7),
        function(x=INPUTS, theta=0.7),
        function(theta=0.7, x=np.array(INPUTS)),
        function(INPUTS, theta=backend.asarray(0.7)),
        function(tuple(INPUTS), 0.7),
    ):
        close(backend, found, -0.035711400712234276)


def test_positions_follow_the_order_of_first_use_and_not_of_declaration():
    a, b = kg.parameters("a"), kg.parameters("b", (2,))
    function = kg.function(kg.Circuit(2).ry(b[1], 1).ry(a, 0).ry(b[0], 1), kg.probs([0]), kg.probs([1]))
    assert [array.name for array in function.parameters] == ["b", "a"]
    first, second = function([0.3, 0.5], 0.4)
    close(kg.get_backend(), first, [math.cos(0.2) ** 2, math.sin(0.2) ** 2])
    close(kg.get_backend(), second, [math.cos(0.4) ** 2, math.sin(0.4) ** 2])


def test_a_second_declaration_of_the_same_name_and_shape_is_the_same_parameter():
    circuit = kg.Circuit(1).ry(kg.parameters("a"), 0).ry(kg.parameters("a"), 0)
    close(kg.get_backend(), kg.function(circuit, kg.expval(kg.Z(0)))(0.4), math.cos(0.8))


def test_an_array_of_which_one_element_is_used_takes_all_its_values(autodiff_backend):
    backend, x = autodiff_backend, kg.parameters("x", (2, 3))
    energy = kg.function(kg.Circuit(1).rx(x[1, 2], 0), kg.expval(kg.Z(0)))
    values = np.arange(6.0).reshape(2, 3) / 10
    value, gradient = kg.value_and_grad(energy, fallback="error")(backend.asarray(values))
    close(backend, value, math.cos(0.5))
    close(backend, gradient, [[0, 0, 0], [0, 0, -math.sin(0.5)]])


def test_slices_put_each_value_where_it_belongs():
    x = kg.parameters("x", (2, 3))
    circuit = kg.Circuit(3)
    for qubit, symbol in enumerate(x[:, ::-1][1]):
        circuit.ry(symbol, qubit)
    values = np.array([[9.0, 9.0, 9.0], [0.3, 0.7, 1.1]])
    found = kg.function(circuit, *(kg.expval(kg.Z(qubit)) for qubit in range(3)))(values)
    close(kg.get_backend(), np.stack(list(found)), np.cos([1.1, 0.7, 0.3]))


def test_a_bound_symbol_gives_what_the_constant_gives_for_every_gate():
    angles = (0.7, -1.3, 2.1, 0.4)
    x = kg.parameters("x", (4,))
    start = [entry for entry in PREPARATION if max(entry[2]) < 4]
    for name, gate in GATES.items():
        if not gate.angles:
            continue
        circuit = play(kg.Circuit(4), start)
        circuit.append(name, [2 * x[index] - 0.5 for index in range(gate.angles)], (2, 0, 3, 1)[: gate.qubits])
        bound = tuple(2 * angle - 0.5 for angle in angles[: gate.angles])
        expected = run([*start, (name, bound, (2, 0, 3, 1)[: gate.qubits])], 4)
        found = kg.function(circuit, kg.state())(angles)
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=name)


def test_new_values_do_not_take_the_circuit_apart_again(monkeypatch):
    taken, make_recipe = [], program.make_recipe
    monkeypatch.setattr(program, "make_recipe", lambda *args: taken.append(args) or make_recipe(*args))
    x = kg.parameters("x", (2,))
    f = kg.function(kg.Circuit(1).rx(x[0], 0).rx(2 * x[1], 0), kg.expval(kg.Z(0)))
    for values in ([0.1, 0.2], [0.3, -0.4], [[0.5, 0.6], [0.7, 0.8]]):
        np.testing.assert_allclose(f(values), np.cos(np.dot(values, [1.0, 2.0])), rtol=0, atol=TOLERANCE)
    assert len(taken) == 1


def test_symbols_constants_and_native_arrays_mix_in_one_circuit(backend):
    x = kg.parameters("x")
    circuit = kg.Circuit(1).rx(0.2, 0).rx(backend.asarray(0.3), 0).rx(2 * x, 0).rx(backend.asarray(0.05), 0).rx(x, 0)
    close(backend, kg.function(circuit, kg.expval(kg.Z(0)))(0.1), math.cos(0.85))


def test_an_expression_of_two_arrays_and_a_cancelled_symbol_is_evaluated():
    a, b = kg.parameters("a", (2,)), kg.parameters("b")
    circuit = kg.Circuit(1).rx(2 * a[0] - b / 2 + 0.3 + a[1] - a[1], 0)
    close(kg.get_backend(), kg.function(circuit, kg.expval(kg.Z(0)))([0.4, 5.0], 0.6), math.cos(0.8))


def test_several_measurements_come_as_a_tuple_and_one_comes_alone(backend):
    x = kg.parameters("x")
    circuit = kg.Circuit(2).ry(x, 0).cx(0, 1)
    alone = kg.function(circuit, kg.probs([1]))(0.6)
    assert tuple(alone.shape) == (2,)
    results = kg.function(
        circuit, kg.expval(kg.Z(0)), kg.var(kg.Z(0)), kg.probs(), kg.state(), kg.density_matrix([1]),
        kg.entropy([0], base=2), kg.mutual_info([0], [1]), kg.purity([0]),
    )(0.6)  # fmt: skip
    assert isinstance(results, tuple)
    one = math.sin(0.3) ** 2
    nats = -one * math.log(one) - (1 - one) * math.log(1 - one)
    expected = [
        math.cos(0.6), math.sin(0.6) ** 2, [1 - one, 0, 0, one], [math.cos(0.3), 0, 0, math.sin(0.3)],
        np.diag([1 - one, one]), nats / math.log(2), 2 * nats, one**2 + (1 - one) ** 2,
    ]  # fmt: skip
    for found, value in zip(results, expected, strict=True):
        close(backend, found, value)
        assert tuple(found.shape) == np.shape(value)


def test_a_circuit_without_symbols_is_a_function_of_nothing(backend):
    close(backend, kg.function(kg.Circuit(2).h(0).cx(0, 1), kg.probs())(), [0.5, 0, 0, 0.5])
    close(backend, kg.function(kg.Circuit(2), kg.probs([1]))(), [1, 0])


def test_calling_with_other_values_leaves_circuit_and_function_as_they_were():
    x = kg.parameters("x")
    circuit = kg.Circuit(1).rx(x, 0)
    text, function = repr(circuit), kg.function(circuit, kg.expval(kg.Z(0)))
    for angle in (0.3, 1.2, 0.3):
        close(kg.get_backend(), function(angle), math.cos(angle))
    assert repr(circuit) == text


def test_a_function_made_under_one_backend_runs_under_another(backend):
    with kg.use_backend("numpy"):
        function = two_rotations()
        function([0.1, 0.2])
    found = function([0.4, 0.6])
    assert backend.is_array(found)
    close(backend, found, math.cos(0.8))


def test_symbols_survive_composing_inverting_powers_and_controls():
    x = kg.parameters("x", (2,))
    part = kg.Circuit(2).ry(x[0], 0).crx(x[1], 0, 1)
    whole = kg.Circuit(3).x(1).compose(part.power(2), [2, 0]).controlled(part.inverse().power(2), [1], [2, 0])
    close(kg.get_backend(), kg.function(whole, kg.probs())([0.7, -1.2]), np.eye(8)[2])
    lone = kg.Circuit(3).x(1).compose(part.power(2), [2, 0])
    program = [("x", (), (1,)), *[("ry", (0.7,), (2,)), ("crx", (-1.2,), (2, 0))] * 2]
    close(kg.get_backend(), kg.function(lone, kg.probs([0, 2]))([0.7, -1.2]), probabilities(run(program, 3), [0, 2]))


def test_gradient_and_hessian_are_the_closed_forms(autodiff_backend):
    backend, energy = autodiff_backend, two_rotations()
    point = backend.asarray([0.4, 0.6])
    weights = np.array([1, 0.5])
    close(backend, kg.grad(energy, fallback="error")(point), -math.sin(0.8) * weights)
    close(backend, kg.hessian(energy, fallback="error")(point), -math.cos(0.8) * np.outer(weights, weights))


def test_the_jacobian_of_probabilities_is_the_closed_form(autodiff_backend):
    backend, x = autodiff_backend, kg.parameters("x", (2,))
    outcomes = kg.function(kg.Circuit(2).ry(x[0], 0).ry(x[1], 1), kg.probs([1, 0]))
    found = kg.jacobian(outcomes, fallback="error")(backend.asarray([0.5, 0.9]))

    def marginal(angle):
        return np.array([math.cos(angle / 2) ** 2, math.sin(angle / 2) ** 2])

    def slope(angle):
        return np.array([-math.sin(angle), math.sin(angle)]) / 2

    by_first = np.kron(marginal(0.9), slope(0.5))
    by_second = np.kron(slope(0.9), marginal(0.5))
    close(backend, found, np.stack([by_first, by_second], axis=-1))


def test_the_gradient_by_two_arrays_and_by_one_given_by_name(autodiff_backend):
    backend = autodiff_backend
    a, b = kg.parameters("a"), kg.parameters("b")
    energy = kg.function(kg.Circuit(1).ry(a, 0).ry(3 * b, 0), kg.expval(kg.Z(0)))
    first, second = kg.grad(energy, argnums=(0, 1), fallback="error")(backend.asarray(0.2), backend.asarray(0.1))
    close(backend, first, -math.sin(0.5))
    close(backend, second, -3 * math.sin(0.5))
    close(backend, kg.grad(lambda value: energy(0.2, b=value), fallback="error")(backend.asarray(0.1)), second)


def test_value_and_gradient_under_jit_are_the_closed_forms(autodiff_backend):
    backend, energy = autodiff_backend, two_rotations()
    compiled = kg.jit(lambda values: kg.value_and_grad(energy, fallback="error")(values))
    for point in ([0.4, 0.6], [1.1, -0.4]):
        angle = point[0] + point[1] / 2 + 0.1
        value, gradient = compiled(backend.asarray(point))
        close(backend, value, math.cos(angle))
        close(backend, gradient, [-math.sin(angle), -math.sin(angle) / 2])


def test_single_precision_gives_single_results_of_double_values(backend):
    x = kg.parameters("x")
    energy = kg.function(kg.Circuit(1).rx(x, 0), kg.expval(kg.Z(0)))
    with kg.use_precision("single"):
        value = energy(backend.asarray(0.8, dtype="float64"))
    assert backend.dtype(value) == "float32"
    close(backend, value, math.cos(0.8), 1e-6)


def test_integers_are_taken_as_values(backend):
    x = kg.parameters("x", (2,))
    function = kg.function(kg.Circuit(1).rx(x[0] / 2, 0).rx(x[1], 0), kg.expval(kg.Z(0)))
    close(backend, function([1, 2]), math.cos(2.5))
    close(backend, function(np.array([1, 2])), math.cos(2.5))


def test_a_function_is_written_with_its_parameters():
    assert repr(recurrence()) == "function(x[5], theta[]) of 2 qubits"


A = kg.parameters("a", (2,))
CIRCUIT = kg.Circuit(2).rx(A[0], 0).rx(A[1], 1).ry(kg.parameters("b"), 0)
FUNCTION = kg.function(CIRCUIT, kg.expval(kg.Z(0)))
TAKES = "the function takes the parameters a of shape (2,), b of shape (); got {}"
SHAPE = "a got values of shape {}; give shape (2,), with batch axes in front if wanted"
CHOICE = "{} {!r} is not there; give one of {}"
EXACT = "an exact function takes no seed; give shots or trajectories as well"
MEASURED = kg.expval(kg.Z(0))
REFUSED = {
    "no values": (lambda: FUNCTION(), TypeError, TAKES.format("0 by position")),
    "too few values": (lambda: FUNCTION([0, 0]), TypeError, TAKES.format("1 by position")),
    "too many values": (lambda: FUNCTION([0, 0], 0, 0), TypeError, TAKES.format("3 by position")),
    "an unknown name": (
        lambda: FUNCTION([0, 0], 0, c=1), TypeError, TAKES.format("2 by position and c by name"),
    ),
    "a name instead of another": (
        lambda: FUNCTION([0, 0], c=1), TypeError, TAKES.format("1 by position and c by name"),
    ),
    "a value given twice": (
        lambda: FUNCTION([0, 0], 0, b=1), TypeError, TAKES.format("2 by position and b by name"),
    ),
    "values for a circuit without symbols": (
        lambda: kg.function(kg.Circuit(1), kg.probs())(0.3),
        TypeError,
        "the function takes the parameters none; got 1 by position",
    ),
    "an array too long": (lambda: FUNCTION([0, 0, 0], 0), ValueError, SHAPE.format((3,))),
    "a number for an array": (lambda: FUNCTION(0.0, 0), ValueError, SHAPE.format(())),
    "an array turned over": (lambda: FUNCTION(np.zeros((2, 3)), 0), ValueError, SHAPE.format((2, 3))),
    "complex values": (lambda: FUNCTION([1j, 0], 0), TypeError, "a is complex; give real values"),
    "batches that do not fit": (
        lambda: FUNCTION(np.zeros((3, 2)), np.zeros(4)), ValueError, "the batch axes (3,), (4,) do not broadcast",
    ),
    "one name with two shapes": (
        lambda: kg.function(kg.Circuit(1).rx(A[0], 0).rx(kg.parameters("a", (3,))[0], 0), MEASURED),
        ValueError,
        "a was declared twice, with the shapes (2,) and (3,)",
    ),
    "nothing to measure": (
        lambda: kg.function(CIRCUIT),
        ValueError,
        "function got nothing to measure; give at least one measurement, such as kg.expval(H)",
    ),
    "no circuit": (
        lambda: kg.function(MEASURED, CIRCUIT), TypeError, "function takes a circuit first, got a expval",
    ),
    "an unknown gradient": (
        lambda: kg.function(CIRCUIT, MEASURED, gradient="magic"),
        NotImplementedError,
        CHOICE.format(
            "gradient", "magic", "best, backprop, adjoint, parameter-shift, hadamard, finite-diff, spsa, device"
        ),
    ),
    "an unknown engine": (
        lambda: kg.function(CIRCUIT, MEASURED, engine="warp"),
        NotImplementedError,
        CHOICE.format("engine", "warp", "auto, traced, compiled"),
    ),
    "backprop through the compiled engine": (
        lambda: kg.function(CIRCUIT, MEASURED, engine="compiled", gradient="backprop"),
        NotImplementedError,
        'the compiled engine has a backward sweep of its own; give gradient="best", or engine="traced" for backprop',
    ),
    "trajectories on the compiled engine": (
        lambda: kg.function(CIRCUIT, MEASURED, engine="compiled", trajectories=10),
        NotImplementedError,
        'trajectories run on the traced engine; give engine="traced", or leave it out',
    ),
    "a seed": (lambda: kg.function(CIRCUIT, MEASURED, seed=1), ValueError, EXACT),
    "samples without shots": (
        lambda: kg.function(CIRCUIT, kg.sample())([0, 0], 0),
        NotImplementedError,
        "sample takes a number of shots; give shots=1000, say; kg.gradients.score_function differentiates functions of "
        "samples",
    ),
    "NaN among the values": (
        lambda: FUNCTION([0.0, float("nan")], 0), ValueError, "rx got the parameter nan; give a finite number",
    ),
    "infinity in a batch": (
        lambda: FUNCTION([[0.0, 0.0], [0.0, 0.0]], [0.0, float("inf")]),
        ValueError,
        "ry got the parameter inf; give a finite number",
    ),
    "an observable on a qubit that is not there": (
        lambda: kg.function(CIRCUIT, kg.expval(kg.Z(2)))([0, 0], 0),
        ValueError,
        "the observable acts on qubit 2, but the circuit has qubits 0 to 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_of_a_function_is_refused_with_its_sentence(case):
    attempt, kind, sentence = REFUSED[case]
    with pytest.raises(kind) as caught:
        attempt()
    assert str(caught.value) == sentence
    assert isinstance(caught.value, kg.KetgradError)


@pytest.mark.parametrize(
    "measured", [kg.Z(0), "probs", kg.probs, kg.Projector("0", [0])], ids=["observable", "string", "class", "projector"]
)
def test_what_is_no_measurement_is_refused_when_the_function_is_made(measured):
    with pytest.raises(kg.KetgradError):
        kg.function(CIRCUIT, measured)


def test_a_function_keeps_to_the_circuit_it_was_made_of():
    circuit = kg.Circuit(1).rx(kg.parameters("a"), 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)))
    circuit.x(0).rx(kg.parameters("later"), 0)
    np.testing.assert_allclose(function(0.3), math.cos(0.3), rtol=0, atol=TOLERANCE)


def test_two_declarations_of_one_name_in_one_expression_are_refused():
    circuit = kg.Circuit(1).rx(A[0] + kg.parameters("a"), 0)
    with pytest.raises(kg.InvalidValueError, match="a was declared twice, with the shapes"):
        kg.function(circuit, MEASURED)

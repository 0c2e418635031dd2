"""What only PyTorch has: parameters, modules, graphs that others own, torch.func, autocast, devices."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def in_torch():
    """PyTorch in force."""
    with kg.use_backend("pytorch") as backend:
        yield backend


def energy(theta):
    return kg.Circuit(2).rx(theta[0], 0).ry(theta[1], 0).cx(0, 1).expectation(kg.Z(1))


def double(*numbers):
    return torch.tensor(numbers if len(numbers) != 1 else numbers[0], dtype=torch.float64)


def near(actual, expected):
    expect.near(actual.detach().numpy(), expected, 1e-12)


# Parameters and plain tensors


def test_a_parameter_s_value_and_gradient_are_connected_to_it():
    parameter = torch.nn.Parameter(double(1.0, 2.0))
    value, gradient = kg.value_and_grad(lambda x: (x**3).sum())(parameter)
    near(gradient, [3.0, 12.0])
    value.backward(retain_graph=True)
    near(parameter.grad, [3.0, 12.0])
    parameter.grad = None
    gradient.sum().backward()
    near(parameter.grad, [6.0, 12.0])


def test_a_tensor_that_requires_a_gradient_is_left_as_it_is():
    x = double(1.0, 2.0).requires_grad_()
    kg.value_and_grad(lambda x: (x**2).sum())(x)
    assert x.grad is None
    assert x.is_leaf
    assert x.requires_grad


def test_a_plain_tensor_is_left_as_it_is():
    x = double(1.0, 2.0)
    kg.value_and_grad(lambda x: (x**2).sum())(x)
    assert not x.requires_grad
    assert x.grad is None


def test_descent_on_a_plain_tensor_builds_up_no_graph():
    x = double(0.4, 0.9)
    for _ in range(50):
        value, gradient = kg.value_and_grad(energy)(x)
        x = x - 0.1 * gradient
        assert not value.requires_grad
        assert not gradient.requires_grad
        assert not x.requires_grad


def test_every_derivative_of_a_plain_tensor_is_free_of_graphs():
    x = double(0.4, 0.9)
    for derivative in (kg.grad, kg.jacobian, kg.hessian):
        assert not derivative(energy)(x).requires_grad
    (_, aux), _ = kg.value_and_grad(lambda x: (energy(x), {"x": 2.0 * x}), has_aux=True)(x)
    assert not aux["x"].requires_grad


def test_a_parameter_that_the_function_closes_over_is_reached_by_backward():
    weight = torch.nn.Parameter(double(3.0))
    value, gradient = kg.value_and_grad(lambda x: weight * x * x)(double(2.0))
    near(gradient, 12.0)
    (value + gradient).backward()
    # d/dw (w x² + 2 w x)
    near(weight.grad, 8.0)


def test_backward_through_a_circuit_reaches_every_parameter():
    a, b = torch.nn.Parameter(double(0.3)), torch.nn.Parameter(double(0.5))
    loss = kg.Circuit(1).rx(a, 0).ry(b, 0).expectation(kg.Z(0))
    near(loss, math.cos(0.3) * math.cos(0.5))
    loss.backward()
    near(a.grad, -math.sin(0.3) * math.cos(0.5))
    near(b.grad, -math.cos(0.3) * math.sin(0.5))


def test_backward_twice_through_a_circuit_adds_up():
    a = torch.nn.Parameter(double(0.3))
    for _ in range(2):
        kg.Circuit(1).ry(a, 0).expectation(kg.Z(0)).backward()
    near(a.grad, -2 * math.sin(0.3))


def test_torch_s_own_optimizer_trains_a_circuit():
    theta = torch.nn.Parameter(double(0.4, 0.3))
    optimizer = torch.optim.Adam([theta], lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        loss = energy(theta)
        loss.backward()
        optimizer.step()
    expect.near(loss.item(), -1.0, 1e-3)


def test_a_module_s_parameters_and_a_circuit_train_together():
    layer = torch.nn.Linear(2, 2).double()
    loss = energy(torch.tanh(layer(double(0.3, 0.4))))
    loss.backward()
    assert all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in layer.parameters())


def test_no_gradient_is_recorded_where_torch_was_told_so():
    theta = torch.nn.Parameter(double(0.3, 0.5))
    with torch.no_grad():
        assert not energy(theta).requires_grad
        value, gradient = kg.value_and_grad(energy, fallback="error")(theta)
        assert not torch.is_grad_enabled()
    assert not value.requires_grad
    assert not gradient.requires_grad
    near(gradient, [-math.sin(0.3) * math.cos(0.5), -math.cos(0.3) * math.sin(0.5)])


def test_derivatives_nest_where_torch_was_told_to_record_nothing():
    with torch.no_grad():
        second = kg.grad(kg.grad(lambda x: x**3, fallback="error"), fallback="error")(2.0)
    near(second, 12.0)


def test_inference_mode_gives_the_true_gradient_or_says_why_not():
    with torch.inference_mode(), pytest.warns(kg.GradientFallbackWarning):
        gradient = kg.grad(lambda x: (x**2).sum())(double(1.0, 2.0))
    expect.near(gradient.numpy(), [2.0, 4.0], 1e-8)


def test_a_parameter_detached_in_part_has_the_gradient_that_torch_gives():
    x = torch.nn.Parameter(double(3.0))
    gradient = kg.grad(lambda x: (x.detach() * x).sum(), fallback="error")(x)
    near(gradient, 3.0)


# torch.func


def test_torch_func_differentiates_a_circuit():
    theta = double(0.3, 0.5)
    near(torch.func.grad(energy)(theta), [-math.sin(0.3) * math.cos(0.5), -math.cos(0.3) * math.sin(0.5)])


def test_torch_func_takes_jacobians_both_ways():
    def probabilities(theta):
        return kg.Circuit(1).ry(theta, 0).probabilities()

    expected = [-0.5 * math.sin(0.3), 0.5 * math.sin(0.3)]
    near(torch.func.jacrev(probabilities)(double(0.3)), expected)
    near(torch.func.jacfwd(probabilities)(double(0.3)), expected)


def test_torch_func_takes_a_hessian_of_a_circuit():
    found = torch.func.hessian(energy)(double(0.3, 0.5))
    diagonal, mixed = -math.cos(0.3) * math.cos(0.5), math.sin(0.3) * math.sin(0.5)
    near(found, [[diagonal, mixed], [mixed, diagonal]])


def test_torch_func_maps_a_circuit_and_its_gradient():
    batch = double(0.3, 0.7)

    def one(theta):
        return kg.Circuit(1).ry(theta, 0).expectation(kg.Z(0))

    near(torch.func.vmap(one)(batch), [math.cos(0.3), math.cos(0.7)])
    near(torch.func.vmap(torch.func.grad(one))(batch), [-math.sin(0.3), -math.sin(0.7)])


def test_a_derivative_of_ketgrad_s_inside_torch_func():
    slope = kg.grad(lambda y: y**3, fallback="error")
    near(torch.func.grad(slope)(double(2.0)), 12.0)
    near(torch.func.vmap(slope)(double(1.0, 2.0)), [3.0, 12.0])
    near(torch.func.jacrev(kg.grad(lambda y: (y**3).sum()))(double(1.0, 2.0)), [[6.0, 0.0], [0.0, 12.0]])


def test_a_derivative_of_ketgrad_s_inside_torch_func_by_a_captured_variable():
    found = torch.func.grad(lambda w: kg.grad(lambda x: w * x * x, fallback="error")(5.0))(double(3.0))
    near(found, 10.0)


def test_torch_autograd_functional_differentiates_a_circuit():
    theta = double(0.3, 0.5)
    mixed = math.sin(0.3) * math.sin(0.5)
    near(torch.autograd.functional.hessian(energy, theta)[0, 1], mixed)


# Types, devices, autocast


@pytest.mark.parametrize("dtype", [torch.bool, torch.int8, torch.uint8, torch.int16, torch.int64])
def test_a_tensor_of_a_type_without_derivative_is_refused(dtype):
    with pytest.raises(kg.InvalidTypeError, match=str(dtype).removeprefix("torch.")):
        kg.grad(lambda x: x.sum())(torch.ones(2, dtype=dtype))


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("function", [lambda x: (x * x).sum(), lambda x: (x * x).detach().sum()], ids=["native", "cut"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_refused_by_name(dtype, function):
    with pytest.raises(kg.InvalidTypeError, match=str(dtype).removeprefix("torch.")):
        kg.grad(function)(torch.ones(2, dtype=dtype))


def test_autocast_changes_neither_the_type_nor_the_digits_of_a_result():
    with kg.use_precision("single"), torch.autocast("cpu", dtype=torch.bfloat16):
        theta = torch.nn.Parameter(torch.tensor(0.3))
        value, gradient = kg.value_and_grad(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(theta)
        probabilities = kg.Circuit(2).ry(theta, 0).probabilities([0])
    assert value.dtype == gradient.dtype == probabilities.dtype == torch.float32
    expect.near(value.item(), math.cos(0.3), 1e-6)
    expect.near(gradient.item(), -math.sin(0.3), 1e-6)
    expect.near(probabilities[0].item(), math.cos(0.15) ** 2, 1e-6)


@pytest.mark.parametrize("name", ["nowhere", "cuda:99", "mps", "xpu", "cpu:x", ""])
def test_a_device_that_is_not_there_is_refused_in_one_sentence(name):
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.backend.asarray(1.0, device=name)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tensor_without_values_has_none_to_give():
    x = torch.zeros(2, device="meta", dtype=torch.float64)
    with pytest.raises(kg.KetgradError):
        kg.backend.to_numpy(x)
    assert not kg.backend.is_concrete(x)


def test_a_circuit_of_tensors_without_values_has_a_shape():
    theta = torch.zeros((), device="meta", dtype=torch.float64)
    state = kg.Circuit(2).ry(theta, 0).cx(0, 1).state()
    assert (str(state.device), tuple(state.shape), state.dtype) == ("meta", (4,), torch.complex128)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6, dtype=torch.float64)[::2],
        torch.arange(6, dtype=torch.float64).reshape(2, 3).t(),
        torch.ones((), dtype=torch.float64).expand(3),
        torch.ones(2, 2, dtype=torch.float64)[:, 0],
    ],
    ids=["strided", "transposed", "expanded", "column"],
)
def test_a_tensor_of_any_layout_is_differentiated(tensor):
    near(kg.grad(lambda x: (x * x).sum())(tensor), (2 * tensor).tolist())


def test_a_lazily_conjugated_tensor_is_differentiated():
    z = torch.tensor([1.0 + 2.0j], dtype=torch.complex128).conj()
    gradient = kg.grad(lambda z: kg.backend.real(kg.backend.conj(z) * z).sum())(z)
    assert gradient.resolve_conj().tolist() == [2.0 - 4.0j]
    assert kg.backend.to_numpy(z).tolist() == [1.0 - 2.0j]


def test_a_lazily_negated_tensor_is_taken():
    x = torch.tensor([1.0 + 2.0j], dtype=torch.complex128).conj().imag
    assert x.is_neg()
    assert kg.backend.to_numpy(x).tolist() == [-2.0]


# Compiling


def test_a_compiled_function_sees_the_parameters_that_it_closes_over():
    weight = torch.nn.Parameter(double(2.0))
    compiled = kg.jit(lambda x: (weight * x).sum())
    x = double(1.0, 3.0)
    compiled(x).backward()
    near(weight.grad, 4.0)
    with torch.no_grad():
        weight.mul_(5.0)
    near(compiled(x), 40.0)


def test_an_optimizer_trains_a_parameter_that_a_compiled_circuit_closes_over():
    theta = torch.nn.Parameter(double(0.5))
    compiled = kg.jit(lambda shift: kg.Circuit(1).ry(theta + shift, 0).expectation(kg.Z(0)))
    optimizer = torch.optim.SGD([theta], lr=0.1)
    expected = 0.5
    for _ in range(3):
        optimizer.zero_grad()
        compiled(double(0.1)).backward()
        optimizer.step()
        expected += 0.1 * math.sin(expected + 0.1)
        near(theta, expected)


def test_a_compiled_function_of_a_parameter_is_reached_by_backward():
    theta = torch.nn.Parameter(double(0.3, 0.5))
    compiled = kg.jit(energy)
    compiled(theta).backward()
    near(theta.grad, [-math.sin(0.3) * math.cos(0.5), -math.cos(0.3) * math.sin(0.5)])
    with torch.no_grad():
        assert not compiled(theta).requires_grad
    near(compiled(double(0.7, 0.0)), math.cos(0.7))


def test_a_compiled_function_calls_a_module():
    layer = torch.nn.Linear(2, 1).double()
    compiled = kg.jit(lambda x: layer(x).sum())
    compiled(double(1.0, 3.0)).backward()
    near(layer.weight.grad, [[1.0, 3.0]])
    near(layer.bias.grad, [1.0])


def test_a_number_that_a_compiled_function_closes_over_is_a_constant():
    factor = [2.0]
    compiled = kg.jit(lambda x: factor[0] * x)
    near(compiled(double(3.0)), 6.0)


def test_dropout_in_a_compiled_function_draws_anew():
    torch.manual_seed(1)
    compiled = kg.jit(lambda x: torch.nn.functional.dropout(x, 0.5))
    x = torch.ones(64, dtype=torch.float64)
    assert not torch.equal(compiled(x), compiled(x))


def test_nothing_is_recorded_for_later_by_a_compiled_derivative_of_a_plain_tensor():
    compiled = kg.jit(kg.value_and_grad(lambda x: (x**2).sum()))
    value, gradient = compiled(double(1.0, 2.0))
    assert not value.requires_grad
    assert not gradient.requires_grad
    near(gradient, [2.0, 4.0])


# NumPy inside


def test_a_numpy_function_of_a_tensor_is_differentiated_by_differences():
    with pytest.warns(kg.GradientFallbackWarning, match="torch can't follow the function into NumPy"):
        gradient = kg.grad(lambda x: float(np.sum(np.asarray(x) ** 2)))(double(1.0, 2.0))
    expect.near(gradient.numpy(), [2.0, 4.0], 1e-8)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.item() ** 2,
        lambda x: float(x.detach().numpy()) ** 2,
        lambda x: torch.tensor(x.item() ** 2, dtype=x.dtype),
    ],
    ids=["item", "numpy", "rebuilt"],
)
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True to a scalar:UserWarning")
def test_a_value_taken_out_of_the_graph_is_differentiated_by_differences(function):
    with pytest.warns(kg.GradientFallbackWarning, match="argument 0"):
        gradient = kg.grad(function)(double(3.0))
    expect.near(gradient.numpy(), 6.0, 1e-6)

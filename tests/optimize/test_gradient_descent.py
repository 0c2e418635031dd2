"""Optimizers that follow the gradient: worked out by hand, and against those of torch and optax."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect
from reference_circuits import AFTER_200_STEPS, THREAD, thread

ALL = (
    kg.optimize.GradientDescent,
    kg.optimize.Momentum,
    kg.optimize.Nesterov,
    kg.optimize.Adagrad,
    kg.optimize.RMSProp,
    kg.optimize.Adam,
)


def bowl(x):
    """2a² + b², whose gradient is (4a, 2b)."""
    weights = kg.backend.asarray([2.0, 1.0], dtype=kg.backend.dtype(x))
    return kg.backend.sum(weights * x * x)


def test_two_hundred_steps_of_gradient_descent(autodiff_backend):
    result = kg.optimize.GradientDescent(0.01).minimize(thread(), THREAD["p"], steps=200)
    expected = AFTER_200_STEPS["gradient_descent"]
    expect.close(autodiff_backend, result.x, expected["params"], tolerance=1e-9)
    assert result.value == pytest.approx(expected["cost"], abs=1e-9)


# Two steps by hand from (1, 1), with gradients (4a, 2b) and η = 0.1.
FIRST_RMS = [1 - 0.1 / math.sqrt(0.1)] * 2  # s = 0.1 g², so that each moves by η/√0.1
BY_HAND = {
    "GradientDescent": [0.36, 0.64],  # 1 − 0.4 = 0.6, 0.6 − 0.24; 1 − 0.2 = 0.8, 0.8 − 0.16
    "Momentum": [0.0, 0.46],  # v: 4, 0.9·4 + 2.4 = 6, 0.6 − 0.6; v: 2, 0.9·2 + 1.6 = 3.4, 0.8 − 0.34
    "Nesterov": [-0.2664, 0.2224],  # 0.24 − 0.1(0.96 + 0.9·4.56); 0.62 − 0.1(1.24 + 0.9·3.04)
    "Adagrad": [0.9 - 0.36 / math.sqrt(16 + 3.6**2), 0.9 - 0.18 / math.sqrt(4 + 1.8**2)],
    "RMSProp": [
        x - 0.1 * c * x / math.sqrt(0.09 * c**2 + 0.1 * (c * x) ** 2) for c, x in zip((4, 2), FIRST_RMS, strict=True)
    ],
    "Adam": [
        0.9 - 0.1 * (0.09 * c + 0.1 * 0.9 * c) / 0.19 / math.sqrt((0.999e-3 * c**2 + 1e-3 * (0.9 * c) ** 2) / 0.001999)
        for c in (4, 2)
    ],
}


@pytest.mark.parametrize("kind", ALL)
def test_two_steps_by_hand(autodiff_backend, kind):
    result = kind(0.1).minimize(bowl, [1.0, 1.0], steps=2)
    expect.close(autodiff_backend, result.x, BY_HAND[kind.__name__], tolerance=1e-7)


@pytest.mark.parametrize("kind", ALL)
def test_steps_one_by_one_are_those_of_minimize(autodiff_backend, kind):
    optimizer, x, values = kind(0.05), [1.0, -0.5], []
    for _ in range(5):
        x, value = optimizer.step_and_value(bowl, x)
        values.append(float(autodiff_backend.to_numpy(value)))
    result = kind(0.05).minimize(bowl, [1.0, -0.5], steps=5)
    expect.close(autodiff_backend, x, autodiff_backend.to_numpy(result.x).tolist(), tolerance=0)
    assert values == list(result.history[:-1])


def test_after_a_reset_the_first_step_comes_again():
    optimizer = kg.optimize.Momentum(0.1)
    first = optimizer.step(bowl, [1.0, 1.0])
    assert optimizer.step(bowl, [1.0, 1.0]).tolist() != first.tolist()
    optimizer.reset()
    assert optimizer.state is None
    assert optimizer.step(bowl, [1.0, 1.0]).tolist() == first.tolist()


def test_parameters_in_containers_each_move_by_their_own_gradient(autodiff_backend):
    def f(x):
        return x["a"] * x["a"] + bowl(x["rest"][0])

    start = {"a": 1.0, "rest": (np.array([1.0, 1.0]),)}
    result = kg.optimize.GradientDescent(0.1).minimize(f, start, steps=1)
    expect.close(autodiff_backend, result.x["a"], 0.8)
    expect.close(autodiff_backend, result.x["rest"][0], [0.6, 0.8])
    assert isinstance(result.x["rest"], tuple)


def test_single_precision_stays_single(autodiff_backend):
    result = kg.optimize.Adam(0.1).minimize(bowl, np.array([1.0, 1.0], dtype=np.float32), steps=3)
    assert autodiff_backend.dtype(result.x) == "float32"


@pytest.mark.parametrize("kind", [kg.optimize.Momentum, kg.optimize.Adam])
def test_options_of_numpy_leave_single_precision_as_it_is(autodiff_backend, kind):
    x = autodiff_backend.asarray(np.ones(2), dtype="float32")
    optimizer = kind(np.float64(0.125), np.float64(0.5))
    result = optimizer.minimize(lambda x: autodiff_backend.sum(x * x), x, steps=2)
    assert {autodiff_backend.dtype(array) for array in (result.x, *result.state.values()) if np.shape(array)} == {
        "float32"
    }


@pytest.mark.parametrize("rate", [None, "0.1", np.array([0.1, 0.2])])
def test_a_schedule_that_gives_no_number_has_its_sentence(rate):
    with pytest.raises(kg.InvalidTypeError, match=r"the learning rate of step 0 is .*; give a function that returns a"):
        kg.optimize.Adam(lambda step: rate).step(lambda x: x * x, 1.0)


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf, np.array(-0.1)])
def test_a_schedule_that_goes_below_zero_or_is_not_finite_has_its_sentence(rate):
    optimizer = kg.optimize.Adam(lambda step: 0.1 if step == 0 else rate)
    x = optimizer.step(lambda x: x * x, 1.0)
    with pytest.raises(kg.InvalidValueError, match=r"the learning rate of step 1 is .*; give a number of zero or more"):
        optimizer.step(lambda x: x * x, x)
    assert optimizer.state["step"] == 1


def test_a_schedule_may_go_down_to_zero(autodiff_backend):
    result = kg.optimize.GradientDescent(lambda step: 0.25 * (1 - step)).minimize(lambda x: x * x, 1.0, steps=2)
    np.testing.assert_allclose(result.history, [1.0, 0.25, 0.25], rtol=1e-9)


def test_a_step_with_a_schedule_is_compiled():
    jax = pytest.importorskip("jax")
    optimizer = kg.optimize.GradientDescent(lambda step: 0.25 / (1 + step))
    with kg.use_backend("jax"):
        problem = kg.optimize.Problem.of(lambda x: x * x)
        step = jax.jit(lambda x, state: optimizer.advance(problem, x, state)[:2])
        x = jax.numpy.float32(1.0)
        state = optimizer.start(problem, x)
        for expected in (0.5, 0.375):
            x, state = step(x, state)
            assert (float(x), str(x.dtype)) == (expected, "float32")


@pytest.mark.parametrize(
    "optimizer", [kg.optimize.Momentum(), kg.optimize.Adam(), kg.optimize.QNSPSA(fidelity=lambda x, y: 1.0)]
)
def test_what_is_remembered_is_not_used_for_other_parameters(optimizer):
    optimizer.step(lambda x: x * x, 1.0)
    with pytest.raises(kg.InvalidValueError, match="remembers steps on parameters of other shapes, or of another"):
        optimizer.step(lambda x: x[0] * x[1], [1.0, 2.0])
    with kg.use_backend("strict"), pytest.raises(kg.InvalidValueError, match=r"or of another backend; call reset\(\)"):
        optimizer.step(lambda x: x * x, 1.0)
    optimizer.reset()
    optimizer.step(lambda x: x[0] * x[1], [1.0, 2.0])
    optimizer.reset()


def test_a_schedule_gives_the_rate_of_each_step():
    result = kg.optimize.GradientDescent(lambda step: 0.1 / (step + 1)).minimize(bowl, [1.0, 1.0], steps=2)
    np.testing.assert_allclose(result.x, [0.6 * (1 - 0.05 * 4), 0.8 * (1 - 0.05 * 2)], rtol=1e-15)


def test_other_arguments_stay_as_they_are():
    result = kg.optimize.GradientDescent(0.1).minimize(lambda x, y: (x - y) ** 2, 0.0, args=(1.0,), steps=1)
    assert float(result.x) == pytest.approx(0.2)


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is the other program")
@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        (kg.optimize.GradientDescent(0.05), "SGD", {"lr": 0.05}),
        (kg.optimize.Momentum(0.05, 0.8), "SGD", {"lr": 0.05, "momentum": 0.8}),
        (kg.optimize.Nesterov(0.05, 0.8), "SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
        (kg.optimize.Adagrad(0.05), "Adagrad", {"lr": 0.05, "eps": 1e-10}),
        (kg.optimize.RMSProp(0.05, decay=0.97), "RMSprop", {"lr": 0.05, "alpha": 0.97}),
        (kg.optimize.Adam(0.05), "Adam", {"lr": 0.05}),
    ],
)
def test_the_path_is_that_of_torch(ours, name, options):
    import torch

    w = kg.parameters("w", (3,))
    circuit = kg.Circuit(2).rx(w[0], 0).ry(w[1], 1).cx(0, 1).rx(w[2], 1)
    energy, start = (
        kg.function(circuit, kg.expval(kg.Z(1))),
        [0.1, 0.2, 0.3],
    )  # no slope is zero: its noise would grow
    with kg.use_backend("pytorch"):
        found = ours.minimize(energy, start, steps=40).x
        parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
        optimizer = getattr(torch.optim, name)([parameter], **options)
        for _ in range(40):
            optimizer.zero_grad()
            energy(parameter).backward()
            optimizer.step()
    torch.testing.assert_close(found, parameter.detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: kg.optimize.GradientDescent(0.0), "learning_rate is 0.0; give a number above 0"),
        (lambda: kg.optimize.Adam(float("nan")), "learning_rate is nan; give a number above 0"),
        (lambda: kg.optimize.Momentum(0.1, momentum=1), "momentum is 1; give a number from 0 up to, but not, 1"),
        (lambda: kg.optimize.Adam(beta2=-0.1), "beta2 is -0.1; give a number from 0 up to, but not, 1"),
        (lambda: kg.optimize.RMSProp(epsilon=True), "epsilon is True; give a number above 0"),
    ],
)
def test_wrong_options_have_their_sentence(make, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        make()

"""`kg.explain_gradients(loss, parameters=...)`: parameters that a function reads from a module or a variable."""

import math

import numpy as np
import pytest

import ketgrad as kg
from installed import installed_backends
from ketgrad_conformance import expect

needs_torch = pytest.mark.skipif("pytorch" not in installed_backends(), reason="needs torch")
needs_tensorflow = pytest.mark.skipif("tensorflow" not in installed_backends(), reason="needs TensorFlow")
torch = pytest.importorskip("torch") if "pytorch" in installed_backends() else None
tf = pytest.importorskip("tensorflow") if "tensorflow" in installed_backends() else None


def double(number):
    return torch.tensor(number, dtype=torch.float64)


def rotations():
    """A module whose parameters go missing in three ways: ⟨Z⟩ = cos(rx + kept) · cos(ry) · cos(rz)."""

    class Rotations(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rx = double(0.3)
            self.ry = torch.nn.Parameter(double(0.4))
            self.rz = torch.nn.Parameter(double(0.5))
            self.kept = torch.nn.Parameter(double(0.2))
            self.idle = torch.nn.Parameter(double(0.1))
            self.register_buffer("constant", double(1.0))

        def forward(self):
            detached = self.ry.detach()
            rebuilt = torch.tensor(float(self.rz), dtype=torch.float64)
            circuit = kg.Circuit(3).rx(self.rx, 0).rx(self.kept, 0).rx(detached, 1).rx(rebuilt, 2)
            return self.constant * circuit.expectation(kg.Z(0) @ kg.Z(1) @ kg.Z(2))

    return Rotations()


@pytest.fixture
def in_torch():
    with kg.use_backend("pytorch") as backend:
        yield backend


@pytest.fixture
def in_tensorflow():
    with kg.use_backend("tensorflow") as backend:
        yield backend


# torch


@needs_torch
@pytest.mark.filterwarnings("ignore:Converting a tensor:UserWarning")
def test_the_ways_in_which_parameters_of_a_module_go_missing(in_torch):
    module = rotations()
    report = kg.explain_gradients(module, parameters=module)
    assert {parameter.name: str(parameter.verdict) for parameter in report} == {
        "rx": "detached",
        "ry": "detached",
        "rz": "detached",
        "kept": "connected",
        "idle": "unused",
    }
    assert "requires_grad=False; make it an nn.Parameter" in report["rx"].cuts[0].how
    assert "parameters() does not list it" in report["rx"].note
    assert report["ry"].cuts[0].how == ".detach()"
    assert report["ry"].cuts[0].place.source == "detached = self.ry.detach()"
    assert report["rz"].cuts[0].how == "float()"
    assert report["rz"].cuts[0].place.source.startswith("rebuilt = torch.tensor")
    with pytest.raises(kg.GradientError, match=r"ry is detached.*rz is detached.*idle is unused.*rx is detached"):
        report.assert_connected()
    report.assert_connected("kept")


@needs_torch
@pytest.mark.filterwarnings("ignore:Converting a tensor:UserWarning")
def test_the_truth_about_each_parameter_of_a_module_is_told(in_torch):
    module = rotations()
    report = kg.explain_gradients(module, parameters=module)
    expect.near(report.value, math.cos(0.5) * math.cos(0.4) * math.cos(0.5), 1e-12)
    along_x = -math.sin(0.5) * math.cos(0.4) * math.cos(0.5)
    along_y = -math.cos(0.5) * math.sin(0.4) * math.cos(0.5)
    along_z = -math.cos(0.5) * math.cos(0.4) * math.sin(0.5)
    found = {parameter.name: parameter.elements[0].finite_difference for parameter in report}
    for name, truth in {"rx": along_x, "ry": along_y, "rz": along_z, "kept": along_x, "idle": 0.0}.items():
        expect.near(found[name], truth, 1e-8)
    expect.near(report["kept"].elements[0].autodiff, along_x, 1e-12)


@needs_torch
@pytest.mark.filterwarnings("ignore:Converting a tensor:UserWarning")
def test_a_module_is_left_as_it_was(in_torch):
    module = rotations()
    module.idle.requires_grad_(False)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    kg.explain_gradients(module, parameters=module)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert torch.equal(module.rx, double(0.3))
    assert [p.requires_grad for p in (module.rx, module.ry, module.rz, module.kept, module.idle)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert all(parameter.grad is None for parameter in module.parameters())


@needs_torch
def test_a_module_is_put_back_when_the_loss_raises(in_torch):
    weight = torch.nn.Parameter(double(1.0))

    def loss():
        if weight.item() > 1.0:
            raise RuntimeError("mine")
        return weight * 2.0

    with pytest.raises(RuntimeError, match=r"^mine$"):
        kg.explain_gradients(loss, parameters={"weight": weight})
    assert weight.item() == 1.0
    assert weight.requires_grad


@needs_torch
def test_parameters_in_a_plain_list_are_found_and_pointed_out(in_torch):
    class Lost(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.angles = [torch.nn.Parameter(double(0.1)), torch.nn.Parameter(double(0.2))]

        def forward(self):
            return torch.cos(self.angles[0]) * self.angles[1]

    class Outer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Lost()

        def forward(self):
            return self.inner()

    module = Outer()
    report = kg.explain_gradients(module, parameters=module)
    assert [parameter.name for parameter in report] == ["inner.angles[0]", "inner.angles[1]"]
    assert all("no optimizer" in parameter.note for parameter in report)
    report.assert_connected()


@needs_torch
def test_data_are_handed_to_the_loss_as_they_are(in_torch):
    model = torch.nn.Linear(2, 1)
    inputs, labels = torch.ones(3, 2), torch.tensor([0, 1, 1])

    def loss(inputs, labels):
        return ((model(inputs)[:, 0] - labels) ** 2).mean()

    for given in (model, model.named_parameters(), dict(model.named_parameters())):
        report = kg.explain_gradients(loss, inputs, labels, parameters=given)
        assert [parameter.name for parameter in report] == ["weight", "bias"]
        report.assert_connected()
    report = kg.explain_gradients(loss, inputs, labels, parameters=list(model.parameters()))
    assert [parameter.name for parameter in report] == ["parameter 0", "parameter 1"]


@needs_torch
def test_a_tensor_that_is_no_leaf_is_told(in_torch):
    angle = torch.nn.Parameter(double(0.5)) * 2.0
    report = kg.explain_gradients(lambda: torch.sin(angle), parameters={"angle": angle})
    assert "it is no leaf" in report["angle"].cuts[0].how
    expect.near(report["angle"].elements[0].finite_difference, math.cos(1.0), 1e-8)
    angle.backward()  # what the user had recorded is still valid


@needs_torch
def test_numpy_in_a_loss_is_blamed_on_the_parameter_that_goes_there(in_torch):
    first, second = torch.nn.Parameter(double(0.5)), torch.nn.Parameter(double(0.7))
    report = kg.explain_gradients(
        lambda: torch.as_tensor(np.asarray(first)) * second, parameters={"first": first, "second": second}
    )
    assert [str(parameter.verdict) for parameter in report] == ["detached", "connected"]
    assert "np.asarray(first)" in report["first"].cuts[0].place.source


@needs_torch
def test_two_parameters_cut_in_one_line_are_both_told(in_torch):
    first, second = torch.nn.Parameter(double(0.5)), torch.nn.Parameter(double(0.7))
    report = kg.explain_gradients(lambda: first.detach() * second.data, parameters={"first": first, "second": second})
    assert [parameter.cuts[0].how for parameter in report] == [".detach()", ".data"]


@needs_torch
def test_a_plain_tensor_as_an_argument_is_noted(in_torch):
    report = kg.explain_gradients(lambda x: x * x, double(3.0))
    report.assert_connected()
    assert "requires_grad=False" in report["x"].note
    assert kg.explain_gradients(lambda x: x * x, torch.nn.Parameter(double(3.0)))["x"].note == ""
    assert kg.explain_gradients(lambda x: x * x, 3.0)["x"].note == ""


@needs_torch
def test_a_barren_module_is_told(in_torch):
    weight = torch.nn.Parameter(double([0.5, 0.6]))
    report = kg.explain_gradients(lambda: 1e-4 * torch.sin(weight).sum(), parameters=[weight], samples=5)
    assert str(report["parameter 0"].verdict) == "barren"
    assert torch.equal(weight.detach(), double([0.5, 0.6]))


@needs_torch
@pytest.mark.parametrize(("given", "words"), [(3.0, "is a float"), ({"x": [1.0]}, "parameter x is a list")])
def test_what_holds_no_parameters_is_refused(in_torch, given, words):
    with pytest.raises(kg.InvalidTypeError, match=words):
        kg.explain_gradients(lambda: 1.0, parameters=given)


# TensorFlow


@needs_tensorflow
def test_variables_that_a_loss_reads_are_explained(in_tensorflow):
    kept, cut, idle = (tf.Variable(number, dtype=tf.float64) for number in (0.5, 0.7, 0.9))
    frozen = tf.Variable(2.0, dtype=tf.float64, trainable=False)

    def loss():
        number = cut.numpy()
        return tf.cos(kept) * number * frozen

    held = {"kept": kept, "cut": cut, "idle": idle, "frozen": frozen}
    report = kg.explain_gradients(loss, parameters=held)
    assert [str(parameter.verdict) for parameter in report] == ["connected", "detached", "unused", "detached"]
    assert report["cut"].cuts[0].place.source == "number = cut.numpy()"
    assert "trainable=False" in report["frozen"].cuts[0].how
    expect.near(report["kept"].elements[0].autodiff, -math.sin(0.5) * 1.4, 1e-12)
    expect.near(report["cut"].elements[0].finite_difference, math.cos(0.5) * 2.0, 1e-8)
    assert [float(variable) for variable in held.values()] == [0.5, 0.7, 0.9, 2.0]


@needs_tensorflow
def test_the_weights_of_a_keras_model_are_explained(in_tensorflow):
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    before = [weight.numpy() for weight in model.weights]
    report = kg.explain_gradients(lambda x: tf.reduce_sum(model(x)), tf.ones((3, 2)), parameters=model)
    report.assert_connected()
    assert [parameter.name.rpartition("/")[2] for parameter in report] == ["kernel", "bias"]
    assert all((old == new.numpy()).all() for old, new in zip(before, model.weights, strict=True))


@needs_tensorflow
def test_what_holds_no_variables_is_refused(in_tensorflow):
    with pytest.raises(kg.InvalidTypeError, match="is a float"):
        kg.explain_gradients(lambda: 1.0, parameters=3.0)

"""Circuits and functions that are not written as a dictionary: each with its sentence."""

import numpy as np
import pytest

import ketgrad as kg
from dense_device import DenseDevice


def test_a_device_is_not_written():
    function = kg.function(kg.Circuit(1).h(0), kg.expval(kg.Z(0)), shots=10, device=DenseDevice())
    with pytest.raises(kg.UnsupportedError, match="the function runs on a device, which is not written; write the"):
        function.to_dict()


def test_measurements_of_others_are_not_written():
    class Purity(type(kg.purity())):
        """One that a person derived."""

    with pytest.raises(kg.UnsupportedError, match="Purity is no measurement of ketgrad's own; only expval, var, probs"):
        kg.function(kg.Circuit(1).h(0), Purity()).to_dict()


def test_arrays_of_another_backend_are_not_written():
    torch = pytest.importorskip("torch")
    circuit = kg.Circuit(1).rx(torch.tensor(0.5), 0)
    sentence = "instruction 0: rx holds a torch.Tensor, which is no number and no array of the backend in force, numpy"
    with kg.use_backend("numpy"), pytest.raises(kg.InvalidTypeError, match=sentence):
        circuit.to_dict()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_not_written(value):
    circuit = kg.Circuit(1).rx(np.array(value), 0)
    with pytest.raises(kg.InvalidValueError, match=f"rx got the parameter {value}; give a finite number"):
        circuit.to_dict()


def test_what_could_not_be_read_is_not_written(backend):
    with pytest.raises(kg.InvalidValueError, match="the matrix is not unitary"):
        kg.Circuit(1).unitary(backend.asarray([[1.0, 0.0], [0.0, 2.0]]), [0]).to_dict()


def test_shapes_of_one_name_must_agree_in_what_is_written():
    circuit = kg.Circuit(1).rx(kg.parameters("a", (2,))[0], 0).rx(kg.parameters("a"), 0)
    with pytest.raises(kg.InvalidValueError, match="a was declared twice, with the shapes"):
        circuit.to_dict()

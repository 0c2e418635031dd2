"""The generic backend: any library that autoray knows, by its algebra, loops and finite differences."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect


def needs(library):
    return pytest.mark.skipif(find_spec(library) is None, reason=f"{library} is not installed")


@pytest.fixture(params=[pytest.param(name, marks=needs(name)) for name in ("numpy", "torch", "dask")])
def generic(request):
    """The generic backend of one library after the other, in force."""
    with kg.use_backend(f"autoray:{request.param}") as backend:
        yield backend


def energy(theta):
    return kg.Circuit(2).ry(theta, 0).cx(0, 1).rz(0.2, 1).expectation(kg.X(0) @ kg.X(1))


def test_a_circuit_agrees_with_the_closed_form(generic):
    found = energy(generic.asarray(0.3))
    assert generic.is_array(found)
    assert generic.dtype(found) == "float64"
    expect.near(generic.to_numpy(found), math.sin(0.3) * math.cos(0.2), 1e-12)


def test_single_precision_is_kept(generic):
    with kg.use_precision("single"):
        state = kg.Circuit(1).ry(generic.asarray(0.3), 0).state()
        value = kg.Circuit(1).ry(0.3, 0).expectation(kg.Z(0))
    assert (generic.dtype(state), generic.dtype(value)) == ("complex64", "float32")
    expect.near(generic.to_numpy(state), [math.cos(0.15), math.sin(0.15)], 1e-6)


def test_states_probabilities_and_samples_are_the_library_s_arrays(generic):
    circuit = kg.Circuit(2).h(0).cx(0, 1)
    expect.near(generic.to_numpy(circuit.probabilities()), [0.5, 0.0, 0.0, 0.5], 1e-12)
    expect.near(generic.to_numpy(circuit.probabilities([1])), [0.5, 0.5], 1e-12)
    assert generic.is_array(circuit.state())
    assert kg.Circuit(2).x(1).counts(5, seed=1) == {"01": 5}


def test_a_circuit_is_differentiated_by_finite_differences(generic):
    with pytest.warns(kg.GradientFallbackWarning, match=f"the {generic.name} backend has no automatic diff"):
        value, gradient = kg.value_and_grad(energy)(0.3)
    expect.near(generic.to_numpy(value), math.sin(0.3) * math.cos(0.2), 1e-12)
    expect.near(generic.to_numpy(gradient), math.cos(0.3) * math.cos(0.2), 1e-9)
    assert generic.is_array(gradient)


def test_a_circuit_is_mapped_by_a_loop(generic):
    found = kg.vmap(energy)(np.array([0.3, 0.7]))
    expect.near(generic.to_numpy(found), [math.sin(t) * math.cos(0.2) for t in (0.3, 0.7)], 1e-12)


def test_compiling_changes_nothing(generic):
    def double(x):
        return x + x

    assert generic.jit(double) is double


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
def test_a_jacobian_and_a_hessian_are_taken(generic):
    rows = kg.jacobian(lambda t: kg.Circuit(1).ry(t, 0).probabilities())(0.6)
    expect.near(generic.to_numpy(rows), [-0.5 * math.sin(0.6), 0.5 * math.sin(0.6)], 1e-9)
    second = kg.hessian(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(0.6)
    expect.near(generic.to_numpy(second), -math.cos(0.6), 1e-4)


def test_what_it_cannot_do_is_not_declared(generic):
    assert not {"autodiff", "host-function", "devices"} & set(generic.capabilities)
    with pytest.raises(kg.UnsupportedError, match="has no automatic differentiation"):
        generic.vjp(lambda x: (x, None), [generic.asarray(1.0)])
    with pytest.raises(kg.UnsupportedError, match='has only "cpu"'):
        generic.asarray(1.0, device="cuda:0")


def test_arrays_of_another_library_are_refused():
    class Foreign:
        shape = (2,)

    with kg.use_backend("autoray:numpy") as backend, pytest.raises(kg.InvalidTypeError, match="autoray:numpy"):
        backend.asarray(Foreign())


@needs("torch")
def test_the_generic_and_the_special_backend_of_one_library_are_two():
    with kg.use_backend("autoray:torch") as generic, kg.use_backend("torch") as special:
        assert generic.name == "autoray:torch"
        assert special.name == "pytorch"
        assert generic is not special


def test_the_library_s_name_and_version_are_told():
    with kg.use_backend("autoray:numpy") as backend:
        assert (backend.name, backend.library_version) == ("autoray:numpy", np.__version__)


def test_numpy_is_the_library_where_none_is_named():
    with kg.use_backend("autoray") as backend:
        assert backend.name == "autoray:numpy"

"""What is refused, each with one sentence that names what was given."""

import numpy as np
import pytest

import ketgrad as kg


def sentence(caught):
    text = str(caught.value)
    assert text.strip()
    assert "\n" not in text
    return text


# What the function returns

RESULTS = {
    "list": (lambda x: [x], kg.InvalidTypeError, "the function returned a list"),
    "tuple": (lambda x: (x, x), kg.InvalidTypeError, "the function returned a tuple"),
    "dict": (lambda x: {"value": x}, kg.InvalidTypeError, "the function returned a dict"),
    "vector": (
        lambda x: kg.backend.stack([x, x]),
        kg.InvalidValueError,
        "the function returned an array of shape (2,); return one real number (sum it, or use kg.jacobian)",
    ),
    "one element": (
        lambda x: kg.backend.stack([x]), kg.InvalidValueError, "the function returned an array of shape (1,)"
    ),
    "complex": (
        lambda x: kg.backend.astype(x, "complex128"), kg.InvalidTypeError, "the function returned a complex number"
    ),
    "complex number": (lambda x: 1.0j, kg.InvalidTypeError, "the function returned a complex number"),
    "None": (lambda x: None, kg.InvalidTypeError, "NoneType"),
    "text": (lambda x: "1.0", kg.InvalidTypeError, "str"),
    "object": (lambda x: object(), kg.InvalidTypeError, "object"),
    "circuit": (lambda x: kg.Circuit(1).rx(x, 0), kg.InvalidTypeError, "Circuit"),
}  # fmt: skip


@pytest.mark.parametrize(("function", "error", "words"), RESULTS.values(), ids=RESULTS)
def test_a_result_that_is_no_real_number_is_refused(backend, function, error, words):
    with pytest.raises(error) as caught:
        kg.value_and_grad(function)(1.0)
    assert words in sentence(caught)


@pytest.mark.parametrize("result", [None, "1.0", object()], ids=["None", "text", "object"])
@pytest.mark.parametrize("transform", ["value_and_grad", "grad", "jacobian", "hessian"])
def test_the_refusal_says_that_it_is_about_the_result(transform, result):
    with pytest.raises(kg.InvalidTypeError, match=r"the function returned|a function that returns"):
        getattr(kg, transform)(lambda x: result)(1.0)


REAL_NUMBERS = {
    "float": lambda x: 3.0,
    "integer": lambda x: 3,
    "NumPy's float": lambda x: np.float64(3.0),
    "NumPy's integer": lambda x: np.int64(3),
    "NumPy's array": lambda x: np.array(3.0),
    "an integer array": lambda x: kg.backend.astype(3.4 * x, "int64"),
}


@pytest.mark.parametrize("function", REAL_NUMBERS.values(), ids=REAL_NUMBERS)
def test_a_real_number_of_any_type_is_no_misuse(backend, function):
    with pytest.warns(kg.GradientFallbackWarning):
        value, gradient = kg.value_and_grad(function)(1.0)
    assert float(backend.to_numpy(value)) == 3.0
    assert float(backend.to_numpy(gradient)) == 0.0


PAIRS = {
    "the value alone": lambda x: x,
    "a list": lambda x: [x, None],
    "three": lambda x: (x, None, None),
    "one": lambda x: (x,),
    "None": lambda x: None,
}


@pytest.mark.parametrize("function", PAIRS.values(), ids=PAIRS)
def test_has_aux_without_a_pair_is_refused(backend, function):
    with pytest.raises(kg.InvalidTypeError) as caught:
        kg.value_and_grad(function, has_aux=True)(1.0)
    assert sentence(caught) == "with has_aux=True the function must return a pair (value, aux)"


@pytest.mark.parametrize(
    "result", [lambda x: [x, x], lambda x: {"a": x}, lambda x: (x, x)], ids=["list", "dict", "tuple"]
)
def test_a_jacobian_of_a_container_is_refused(backend, result):
    with pytest.raises(kg.InvalidTypeError) as caught:
        kg.jacobian(result)(1.0)
    assert "jacobian needs a function that returns one array, got a" in sentence(caught)


# Which arguments

ARGNUMS = {
    "out of range": (2, kg.InvalidValueError, "argnums names argument 2, but the function was called with 2"),
    "below": (-3, kg.InvalidValueError, "argnums names argument -3, but the function was called with 2"),
    "duplicate": ((0, 0), kg.InvalidValueError, "each only once"),
    "duplicate from behind": ((1, -1), kg.InvalidValueError, "each only once"),
    "none": ((), kg.InvalidValueError, "name at least one argument"),
    "bool": (True, kg.InvalidTypeError, "argnums holds True"),
    "bool inside": ((0, False), kg.InvalidTypeError, "argnums holds False"),
    "float": (1.0, kg.InvalidTypeError, "1.0"),
    "float inside": ((1.0,), kg.InvalidTypeError, "argnums holds 1.0"),
    "None": (None, kg.InvalidTypeError, "None"),
    "text": ("x", kg.InvalidTypeError, "argnums holds 'x'"),
}


@pytest.mark.parametrize("transform", ["value_and_grad", "grad", "jacobian"])
@pytest.mark.parametrize(("argnums", "error", "words"), ARGNUMS.values(), ids=ARGNUMS)
def test_wrong_argument_positions_are_refused(transform, argnums, error, words):
    with pytest.raises(error) as caught:
        getattr(kg, transform)(lambda x, y: x * y, argnums)(1.0, 2.0)
    assert words in sentence(caught)


@pytest.mark.parametrize("argnums", [np.int64(1), (np.int64(1),)], ids=["alone", "inside"])
def test_a_numpy_integer_names_an_argument(argnums):
    found = kg.grad(lambda x, y: x * y, argnums)(2.0, 5.0)
    assert float(found[0] if isinstance(argnums, tuple) else found) == 2.0


@pytest.mark.parametrize("argnums", [True, (0,), 0.0, None], ids=repr)
def test_a_hessian_takes_one_position(argnums):
    with pytest.raises(kg.InvalidTypeError) as caught:
        kg.hessian(lambda x: x * x, argnums)(1.0)
    assert sentence(caught) == f"hessian takes one argument's position, an integer, got {argnums!r}"


def test_a_function_called_without_arguments_has_none_to_differentiate():
    with pytest.raises(kg.InvalidValueError, match="the function was called with 0"):
        kg.grad(lambda: 1.0)()


# Which leaves

LEAVES = {
    "text": ("1.0", "argument 0 is '1.0'; only numbers and arrays can be differentiated"),
    "None": (None, "argument 0 is None; only numbers and arrays can be differentiated"),
    "bool": (True, "argument 0 is True; only numbers and arrays can be differentiated"),
    "integers": (np.array([1, 2]), "argument 0 is an array of int64, which has no derivative; give it as float64"),
    "int32": (np.int32([1]), "argument 0 is an array of int32, which has no derivative"),
    "text inside": ({"a": [1.0, "b"]}, "argument 0['a'][1] is 'b'; only numbers and arrays"),
    "None inside": ({"w": 1.0, "bias": None}, "argument 0['bias'] is None; only numbers and arrays"),
    "bool inside": ((1.0, False), "argument 0[1] is False; only numbers and arrays"),
    "integers inside": ({"n": np.array([1])}, "argument 0['n'] is an array of int64, which has no derivative"),
    "object": (object(), "object"),
    "set": ({1.0}, "set"),
    "bytes": (b"1", "bytes"),
    "strings": (np.array(["a"]), "<U1"),
    "objects": (np.array([1.0], object), "object"),
    "bools": (np.array([True]), "bool"),
    "half precision": (np.float16([1.0]), "float16"),
    "unsigned": (np.uint8([1]), "uint8"),
    "ragged": (np.array([[1.0], [2.0]], object), "object"),
}


@pytest.mark.parametrize(("leaf", "words"), LEAVES.values(), ids=LEAVES)
def test_an_argument_that_cannot_be_differentiated_is_refused(backend, leaf, words):
    with pytest.raises(kg.InvalidTypeError) as caught:
        kg.value_and_grad(lambda x: kg.backend.asarray(1.0))(leaf)
    assert words in sentence(caught)


@pytest.mark.parametrize(
    "leaf", [object(), b"1", {1.0}, np.array(["a"]), np.float16(1.0)], ids=["object", "bytes", "set", "strings", "half"]
)
def test_a_leaf_of_an_unknown_kind_is_named_by_its_place(leaf):
    with pytest.raises(kg.InvalidTypeError, match=r"argument 0\['w'\]\[1\]"):
        kg.grad(lambda p: p["w"][0])({"w": [1.0, leaf]})


# What is no function


@pytest.mark.parametrize("transform", ["value_and_grad", "grad", "jacobian", "hessian", "vmap", "jit"])
def test_what_is_no_function_is_refused(transform):
    with pytest.raises(kg.InvalidTypeError) as caught:
        getattr(kg, transform)(3.0)(1.0)
    assert "needs a function, got float" in sentence(caught)


@pytest.mark.parametrize(
    ("in_axes", "error"),
    [
        ((0,), kg.InvalidValueError),
        (None, kg.InvalidValueError),
        ((None, None), kg.InvalidValueError),
        ((0, 1), kg.InvalidValueError),
        (True, kg.InvalidTypeError),
        ((0, "x"), kg.InvalidTypeError),
        ((0, 0.0), kg.InvalidTypeError),
        (0.0, kg.InvalidTypeError),
        ("x", kg.KetgradError),
        ({0: 0}, kg.KetgradError),
    ],
    ids=repr,
)
def test_wrong_batch_axes_are_refused(backend, in_axes, error):
    with pytest.raises(error) as caught:
        kg.vmap(lambda x, y: x * y, in_axes)(np.ones(2), np.ones(2))
    sentence(caught)


def test_batches_of_different_lengths_are_refused(backend):
    with pytest.raises(kg.InvalidValueError, match="different lengths: 2, 3"):
        kg.vmap(lambda x, y: x * y)(np.ones(2), np.ones(3))


@pytest.mark.parametrize("name", ["numpy", "strict"])
def test_an_empty_batch_is_refused_where_a_loop_would_not_know_the_result(name):
    with kg.use_backend(name), pytest.raises(kg.InvalidValueError, match="vmap was given an empty batch"):
        kg.vmap(lambda x: x * x)(np.zeros(0))


def test_an_array_of_another_framework_is_refused():
    class Foreign:
        shape = ()
        dtype = "float64"

    with pytest.raises(kg.InvalidTypeError, match="the backend in force is numpy") as caught:
        kg.grad(lambda x: x * x)(Foreign())
    assert "kg.set_backend" in sentence(caught)

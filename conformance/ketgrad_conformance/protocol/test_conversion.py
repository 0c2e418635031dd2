"""Taking values in and out: `array`, `asarray`, `to_numpy`, `is_array`, `is_concrete`, `zeros`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.precision import complex_type, real_type
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers

both_precisions = pytest.mark.usefixtures("precision")
both_makers = pytest.mark.parametrize("maker", ["array", "asarray"])
NESTED = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


class ForeignArray:
    """An array of a framework that this backend does not know; NumPy could take it in, which must not happen."""

    shape = (2,)
    dtype = np.dtype("float64")

    def __array__(self, *_: Any, **__: Any) -> Any:
        return np.zeros(2)


@covers("array", "asarray")
@both_precisions
@both_makers
def test_python_floats_take_the_real_type_in_force(backend: ArrayBackend, maker: str) -> None:
    expect.close(backend, getattr(backend, maker)(0.5), 0.5, dtype=real_type())
    expect.close(backend, getattr(backend, maker)(NESTED), NESTED, dtype=real_type())


@covers("array", "asarray")
@both_precisions
@both_makers
def test_python_complex_numbers_take_the_complex_type_in_force(backend: ArrayBackend, maker: str) -> None:
    value = [1.0 + 2.0j, 3.0, -4.0j]
    expect.close(backend, getattr(backend, maker)(value), value, dtype=complex_type())


@covers("array", "asarray")
@both_makers
@pytest.mark.double_precision
def test_python_integers_become_int64(backend: ArrayBackend, maker: str) -> None:
    expect.close(backend, getattr(backend, maker)([1, 2, 3]), [1, 2, 3], dtype="int64")


@covers("array", "asarray")
@both_makers
@pytest.mark.double_precision
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int32", "int64"])
def test_numpy_arrays_keep_their_type(backend: ArrayBackend, maker: str, dtype: str) -> None:
    expect.close(backend, getattr(backend, maker)(np.array([1, 2], dtype)), [1, 2], dtype=dtype)


@covers("array", "asarray")
@both_makers
@pytest.mark.double_precision
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_native_arrays_keep_their_type(backend: ArrayBackend, maker: str, dtype: str) -> None:
    native = backend.asarray([1.0, 2.0], dtype=dtype)
    expect.close(backend, getattr(backend, maker)(native), [1.0, 2.0], dtype=dtype)


@covers("asarray")
def test_a_native_array_comes_back_as_it_is(backend: ArrayBackend) -> None:
    native = backend.asarray(NESTED)
    assert backend.asarray(native) is native


@covers("array")
def test_array_makes_a_copy(backend: ArrayBackend) -> None:
    source = np.array([1.0, 2.0])
    copied = backend.array(source, dtype="float32" if real_type() == "float32" else None)
    source[0] = 7.0
    expect.close(backend, copied, [1.0, 2.0])


@covers("array", "asarray")
@both_makers
def test_a_list_of_native_arrays_keeps_the_graph(backend: ArrayBackend, maker: str) -> None:
    def paired(x: Any, y: Any) -> Any:
        return getattr(backend, maker)([[x * y, 2.0], [y, x]])

    expect.forward_and_backward(backend, paired, [3.0, 5.0], [[15.0, 2.0], [5.0, 3.0]], [5.0 + 4.0, 3.0 + 3.0])


@covers("asarray")
def test_an_array_keeps_its_graph(backend: ArrayBackend) -> None:
    expect.forward_and_backward(backend, lambda x: backend.asarray(x) * 2.0, [[1.0, 2.0]], [2.0, 4.0], [[2.0, 4.0]])


@covers("array")
def test_a_copy_keeps_its_graph(backend: ArrayBackend) -> None:
    expect.forward_and_backward(backend, lambda x: backend.array(x) * 2.0, [[1.0, 2.0]], [2.0, 4.0], [[2.0, 4.0]])


@covers("array", "asarray")
@both_makers
@pytest.mark.parametrize("wrap", [lambda array: array, lambda array: [array, 1.0]], ids=["alone", "in a list"])
def test_an_array_of_another_framework_is_refused(backend: ArrayBackend, maker: str, wrap: Any) -> None:
    with expect.refusal(InvalidTypeError, "ForeignArray", backend.name):
        getattr(backend, maker)(wrap(ForeignArray()))


@covers("asarray")
@pytest.mark.parametrize("value", ["1.0", None, object(), {1.0}], ids=["text", "None", "object", "set"])
def test_what_is_no_number_is_refused(backend: ArrayBackend, value: Any) -> None:
    with expect.refusal(InvalidTypeError):
        backend.asarray(value)


@covers("asarray")
def test_rows_of_different_lengths_are_refused(backend: ArrayBackend) -> None:
    with expect.refusal(InvalidValueError):
        backend.asarray([[1.0, 2.0], [3.0]])


@covers("to_numpy")
@both_precisions
def test_to_numpy_gives_a_numpy_array_of_the_same_type(backend: ArrayBackend) -> None:
    values = backend.to_numpy(backend.asarray([1.0, 2.5j]))
    assert isinstance(values, np.ndarray)
    assert values.dtype == complex_type()
    assert values.tolist() == [1.0, 2.5j]


@covers("to_numpy")
@pytest.mark.parametrize("value", [np.array([[1.0, 2.0]]), np.array([2.5j], "complex64"), np.float32(0.5)], ids=repr)
def test_to_numpy_gives_arrays_of_numpy_back(backend: ArrayBackend, value: Any) -> None:
    values = backend.to_numpy(value)
    assert isinstance(values, np.ndarray)
    assert (values.dtype, values.shape, values.tolist()) == (value.dtype, value.shape, value.tolist())


@covers("to_numpy")
@pytest.mark.parametrize("value", [ForeignArray(), [1.0], 1.0, "1.0", None], ids=lambda value: type(value).__name__)
def test_to_numpy_refuses_what_is_no_array(backend: ArrayBackend, value: Any) -> None:
    with expect.refusal(InvalidTypeError, type(value).__name__, backend.name):
        backend.to_numpy(value)


@covers("is_array")
def test_native_arrays_are_arrays(backend: ArrayBackend) -> None:
    assert backend.is_array(backend.asarray(NESTED)) is True
    assert backend.is_array(backend.requires_grad(backend.asarray(NESTED))) is True


@covers("is_array")
@pytest.mark.parametrize(
    "value", [1.0, 2, 1j, True, None, "1", [1.0], (1.0,), {}, ForeignArray()], ids=lambda value: type(value).__name__
)
def test_other_values_are_no_arrays(backend: ArrayBackend, value: Any) -> None:
    assert backend.is_array(value) is False


@covers("is_array")
def test_numpy_arrays_are_arrays_only_where_they_are_native(backend: ArrayBackend) -> None:
    is_native = isinstance(backend.zeros((2,)), np.ndarray)
    assert backend.is_array(np.zeros(2)) is is_native


@covers("is_concrete")
def test_an_array_outside_any_transformation_is_concrete(backend: ArrayBackend) -> None:
    assert backend.is_concrete(backend.asarray([1.0])) is True


@covers("zeros")
@both_precisions
@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 3)], ids=str)
def test_zeros_have_the_shape_and_the_real_type_in_force(backend: ArrayBackend, shape: tuple[int, ...]) -> None:
    expect.close(backend, backend.zeros(shape), np.zeros(shape), dtype=real_type(), tolerance=0.0)
    expect.close(backend, backend.zeros(list(shape)), np.zeros(shape), dtype=real_type(), tolerance=0.0)


@covers("zeros")
@pytest.mark.double_precision
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int32", "int64"])
def test_zeros_have_the_type_that_was_asked_for(backend: ArrayBackend, dtype: str) -> None:
    expect.close(backend, backend.zeros((2,), dtype=dtype), [0, 0], dtype=dtype, tolerance=0.0)

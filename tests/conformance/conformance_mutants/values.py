"""Wrong at taking values in and out."""

import numpy as np
from autograd.tracer import getval

import ketgrad as kg
from conformance_mutants.registry import caught_by
from ketgrad.precision import COMPLEX_TYPES
from ketgrad_backends.numpy import NumpyBackend


@caught_by("test_python_floats_take_the_real_type_in_force")
class AlwaysDouble(NumpyBackend):
    """Python numbers are float64 in single precision too."""

    def asarray(self, value, /, *, dtype=None, device=None):
        if isinstance(value, float) and dtype is None:
            dtype = "float64"
        return super().asarray(value, dtype=dtype, device=device)


@caught_by("test_a_type_is_heeded_in_whatever_form_it_is_given")
class NarrowTypes(NumpyBackend):
    """float32 where float64 was asked for."""

    def asarray(self, value, /, *, dtype=None, device=None):
        return super().asarray(value, dtype="float32" if dtype == "float64" else dtype, device=device)


@caught_by("test_a_list_of_native_arrays_keeps_the_graph")
class ListsLeaveTheGraph(NumpyBackend):
    """A list of traced arrays is made an array of plain numbers."""

    def asarray(self, value, /, *, dtype=None, device=None):
        if isinstance(value, list):
            value = [[getval(item) for item in row] if isinstance(row, list) else getval(row) for row in value]
        return super().asarray(value, dtype=dtype, device=device)


@caught_by("test_a_native_array_comes_back_as_it_is")
class AsarrayCopies(NumpyBackend):
    """`asarray` copies without need."""

    def asarray(self, value, /, *, dtype=None, device=None):
        return super().asarray(value, dtype=dtype, device=device) * 1


@caught_by("test_an_array_of_another_framework_is_refused")
class TakesInAnything(NumpyBackend):
    """Arrays of another framework are copied out of it in silence."""

    def asarray(self, value, /, *, dtype=None, device=None):
        return super().asarray(np.asarray(value) if hasattr(value, "__array__") else value, dtype=dtype, device=device)


@caught_by("test_array_makes_a_copy")
class ArrayShares(NumpyBackend):
    """`array` shares memory with what it was given."""

    def array(self, value, /, *, dtype=None, device=None):
        return self.asarray(value, dtype=dtype, device=device)


@caught_by("test_to_numpy_gives_a_numpy_array_of_the_same_type")
class ToNumpyIsReal(NumpyBackend):
    """`to_numpy` drops imaginary parts."""

    def to_numpy(self, array, /):
        return super().to_numpy(array).real


@caught_by("test_to_numpy_gives_arrays_of_numpy_back")
class ToNumpyKeepsScalars(NumpyBackend):
    """`to_numpy` leaves a scalar of NumPy a scalar."""

    def to_numpy(self, array, /):
        return array if isinstance(array, np.generic) else super().to_numpy(array)


@caught_by("test_to_numpy_refuses_what_is_no_array")
class ToNumpyTakesAnything(NumpyBackend):
    """`to_numpy` makes an array of whatever it is given."""

    def to_numpy(self, array, /):
        return np.asarray(getval(array))


@caught_by("test_an_array_outside_any_transformation_is_concrete")
class NothingIsConcrete(NumpyBackend):
    """`is_concrete` is always false."""

    def is_concrete(self, array, /):
        return False


@caught_by("test_other_values_are_no_arrays")
class NumbersAreArrays(NumpyBackend):
    """`is_array` takes Python numbers for arrays."""

    def is_array(self, value, /):
        return super().is_array(value) or isinstance(value, float)


@caught_by("test_dtype_names_a_type_with_a_plain_string")
class TypesAreObjects(NumpyBackend):
    """`dtype` returns NumPy's object, which equals a string but is none."""

    def dtype(self, array, /):
        return array.dtype


@caught_by("test_the_type_constants_name_themselves")
class MixedUpConstants(NumpyBackend):
    """float32 and float64 are exchanged."""

    float32, float64 = NumpyBackend.float64, NumpyBackend.float32


@caught_by("test_a_conversion_between_complex_types_keeps_the_imaginary_part")
class ComplexConversionIsReal(NumpyBackend):
    """Converting complex64 to complex128 drops imaginary parts."""

    def astype(self, array, dtype, /):
        changes = self.dtype(array) in COMPLEX_TYPES and str(array.dtype) != kg.precision.type_name(dtype)
        return super().astype(self.real(array) if changes else array, dtype)


@caught_by("test_zeros_have_the_shape_and_the_real_type_in_force")
class ZerosAreOnes(NumpyBackend):
    """`zeros` gives ones."""

    def zeros(self, shape, /, *, dtype=None, device=None):
        return super().zeros(shape, dtype=dtype, device=device) + 1


@caught_by("test_zeros_have_the_shape_and_the_real_type_in_force")
class ZerosAreDouble(NumpyBackend):
    """`zeros` does not heed the precision in force."""

    def zeros(self, shape, /, *, dtype=None, device=None):
        return super().zeros(shape, dtype=dtype or "float64", device=device)


@caught_by("test_an_array_is_placed_on_any_device_that_is_named")
class RefusesItsDevices(NumpyBackend):
    """A device that is named is refused."""

    def devices(self):
        return ("cpu", "cpu:1")


@caught_by("test_an_unknown_device_is_refused_by_name")
class AnyDevice(NumpyBackend):
    """Every device is taken, and none heeded."""

    def zeros(self, shape, /, *, dtype=None, device=None):
        return super().zeros(shape, dtype=dtype)

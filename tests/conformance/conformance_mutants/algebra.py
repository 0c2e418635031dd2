"""Wrong at structure and algebra."""

import numpy as np

from conformance_mutants.registry import caught_by
from ketgrad_backends.numpy import NumpyBackend


@caught_by("test_reshape_keeps_the_order_with_the_last_axis_fastest")
class ColumnsFirst(NumpyBackend):
    """`reshape` runs through the first axis fastest."""

    def reshape(self, array, shape, /):
        turned = self.transpose(array, tuple(reversed(range(array.ndim))))
        result = super().reshape(turned, tuple(reversed(shape)))
        return self.transpose(result, tuple(reversed(range(result.ndim))))


@caught_by("test_transpose_puts_axis_k_of_the_list_in_place_k")
class InverseTranspose(NumpyBackend):
    """`transpose` applies the inverse permutation."""

    def transpose(self, array, axes, /):
        return super().transpose(array, tuple(int(place) for place in np.argsort(axes)))


@caught_by("test_stack_joins_along_a_new_axis")
class StackIgnoresAxis(NumpyBackend):
    """`stack` joins along axis 0 always."""

    def stack(self, arrays, /, *, axis=0):
        return super().stack(arrays)


@caught_by("test_take_heeds_the_axis_counted_from_either_end")
class TakeIgnoresAxis(NumpyBackend):
    """`take` picks along axis 0 wherever that goes well."""

    def take(self, array, indices, /, *, axis):
        fits = int(np.max(indices)) < array.shape[0]
        return super().take(array, indices, axis=0 if fits else axis)


@caught_by("test_take_heeds_the_axis_counted_from_either_end")
class TakeFromTheOtherEnd(NumpyBackend):
    """`take` counts negative axes from the front."""

    def take(self, array, indices, /, *, axis):
        return super().take(array, indices, axis=abs(axis + 1) if axis < 0 else axis)


@caught_by("test_a_single_integer_removes_the_axis")
class TakeKeepsAxis(NumpyBackend):
    """`take` leaves an axis of length one where a NumPy integer picks."""

    def take(self, array, indices, /, *, axis):
        return super().take(array, [indices] if isinstance(indices, np.integer) else indices, axis=axis)


@caught_by("test_einsum_sums_products_of_real_elements")
class EinsumTransposes(NumpyBackend):
    """The output of `einsum` is transposed."""

    def einsum(self, subscripts, /, *arrays):
        inputs, _, output = subscripts.partition("->")
        return super().einsum(f"{inputs}->{output[::-1]}", *arrays)


@caught_by("test_complex_products_pull_back_through_the_conjugate_of_the_other_factor")
class EinsumConjugates(NumpyBackend):
    """`einsum` conjugates its first operand, as an inner product does."""

    def einsum(self, subscripts, /, *arrays):
        return super().einsum(subscripts, self.conj(arrays[0]), *arrays[1:])


@caught_by("test_matmul_multiplies_batches_of_matrices_in_the_last_two_axes")
class MatmulWithoutBatches(NumpyBackend):
    """`matmul` contracts a batch as `dot` does."""

    def matmul(self, left, right, /):
        return self.namespace.dot(left, right)


@caught_by("test_sum_runs_over_one_axis_or_over_all_elements")
class SumIgnoresAxis(NumpyBackend):
    """`sum` adds up all elements always."""

    def sum(self, array, /, *, axis=None):
        return super().sum(array)


@caught_by("test_conj_pulls_back_through_conjugation")
class ConjDoesNothing(NumpyBackend):
    """The conjugate is dropped."""

    def conj(self, array, /):
        return array


@caught_by("test_parts_of_complex_elements_are_real_and_pull_back_to_steepest_ascent")
class RealStaysComplex(NumpyBackend):
    """The real part has a complex type."""

    def real(self, array, /):
        return self.astype(super().real(array), array.dtype)


@caught_by("test_parts_of_complex_elements_are_real_and_pull_back_to_steepest_ascent")
class ImagIsNegative(NumpyBackend):
    """The imaginary part has the wrong sign."""

    def imag(self, array, /):
        return -super().imag(array)


@caught_by("test_a_function_of_complex_elements_pulls_back_through_the_conjugate_of_its_derivative")
class OtherBranch(NumpyBackend):
    """The logarithm of a complex number is on another branch."""

    def log(self, array, /):
        shift = 2j * np.pi if array.dtype.kind == "c" else 0.0
        return self.astype(super().log(array) + shift, array.dtype)


@caught_by("test_eigenvalues_ascend_and_differentiate")
class EigenvaluesDescend(NumpyBackend):
    """`eigh` sorts the other way."""

    def eigh(self, matrix, /):
        values, vectors = super().eigh(matrix)
        return values[::-1], vectors[:, ::-1]


@caught_by("test_solve_finds_the_columns_that_the_matrix_maps_to_the_right_side")
class SolveScales(NumpyBackend):
    """`solve` solves for the matrix times two."""

    def solve(self, matrix, right, /):
        return super().solve(2.0 * matrix, right)

"""Wrong at mapping, compiling and host functions."""

import numpy as np
from autograd.tracer import getval

import ketgrad as kg
from conformance_mutants.registry import caught_by
from ketgrad import batching
from ketgrad.protocol import ArraySpec
from ketgrad_backends.numpy import NumpyBackend


@caught_by("test_a_function_is_mapped_over_the_first_axis")
class MapsTheLastAxis(NumpyBackend):
    """`vmap` maps the last axis where the first was asked for."""

    def vmap(self, function, /, in_axes=0):
        return super().vmap(function, -1 if in_axes == 0 else in_axes)


@caught_by("test_the_axis_is_counted_from_either_end_and_comes_out_first")
class NegativeAxisMisread(NumpyBackend):
    """`vmap` counts negative axes from the front."""

    def vmap(self, function, /, in_axes=0):
        return super().vmap(function, -1 - in_axes if isinstance(in_axes, int) and in_axes < 0 else in_axes)


@caught_by("test_each_argument_has_an_axis_of_its_own")
class MapsEverything(NumpyBackend):
    """`vmap` maps arguments whose axis is None too."""

    def vmap(self, function, /, in_axes=0):
        axes = tuple(0 if axis is None else axis for axis in in_axes) if isinstance(in_axes, tuple) else in_axes
        return super().vmap(function, axes)


@caught_by("test_containers_of_results_are_stacked_leaf_by_leaf")
class ListsOfResults(NumpyBackend):
    """`vmap` returns a list of containers rather than a container of arrays."""

    def vmap(self, function, /, in_axes=0):
        def mapped(*args, **kwargs):
            arrays, axes, size = batching.mapped_arguments(self, args, in_axes)
            results = [
                function(*(batching._element(self, x, axis, k) for x, axis in zip(arrays, axes, strict=True)), **kwargs)
                for k in range(size)
            ]
            return results if isinstance(results[0], tuple | dict) else self.stack([self.asarray(x) for x in results])

        return mapped


@caught_by("test_batches_of_different_lengths_are_refused")
class ShortestBatch(NumpyBackend):
    """`vmap` stops at the end of the shortest batch."""

    def vmap(self, function, /, in_axes=0):
        def mapped(*args, **kwargs):
            if in_axes == 0 and len(args) == 2 and all(isinstance(arg, np.ndarray) for arg in args):
                args = tuple(arg[: min(map(len, args))] for arg in args)
            return NumpyBackend.vmap(self, function, in_axes)(*args, **kwargs)

        return mapped


@caught_by("test_a_compiled_function_serves_other_shapes_and_types_at_later_calls")
class FirstShapeForEver(NumpyBackend):
    """`jit` cuts later arguments to the shape of the first ones."""

    def jit(self, function, /):
        first = []

        def compiled(*args, **kwargs):
            if not args or not hasattr(args[0], "shape") or args[0].ndim == 0:
                return function(*args, **kwargs)
            first.append(len(args[0]))
            return function(args[0][: first[0]], *args[1:], **kwargs)

        return compiled


@caught_by("test_a_compiled_function_serves_other_shapes_and_types_at_later_calls")
class FirstTypeForEver(NumpyBackend):
    """`jit` converts later arguments to the type of the first ones."""

    def jit(self, function, /):
        first = []

        def compiled(*args, **kwargs):
            if not args or not self.is_array(args[0]):
                return function(*args, **kwargs)
            first.append(self.dtype(args[0]))
            return function(self.astype(args[0], first[0]), *args[1:], **kwargs)

        return compiled


@caught_by("test_a_compiled_operation_computes_anew_at_each_call")
class FirstResultForEver(NumpyBackend):
    """`jit` returns the result of its first call for ever."""

    def jit(self, function, /):
        results = []

        def compiled(*args, **kwargs):
            results.append(function(*args, **kwargs))
            return results[0]

        return compiled


@caught_by("test_an_exception_of_a_compiled_function_comes_through")
class JitSwallows(NumpyBackend):
    """`jit` swallows exceptions."""

    def jit(self, function, /):
        def compiled(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except ArithmeticError:
                return None

        return compiled


@caught_by("test_a_complex_cotangent_reaches_backward_by_the_protocols_convention")
class HostCotangentConjugated(NumpyBackend):
    """`host_function` hands out cotangents by another convention."""

    def host_function(self, forward, backward, output, /, **options):
        def conjugating(inputs, result, cotangent):
            return [np.conj(found) for found in backward(inputs, result, np.conj(cotangent))]

        return super().host_function(forward, conjugating, output, **options)


@caught_by("test_output_says_shape_and_type_of_the_result")
class HostResultUntyped(NumpyBackend):
    """`host_function` lets results keep the type that NumPy gave them."""

    def host_function(self, forward, backward, output, /, **options):
        def untyped(*specs):
            return ArraySpec(output(*specs).shape, specs[0].dtype)

        return super().host_function(forward, backward, untyped, **options)


@caught_by("test_a_second_derivative_goes_through_the_native_function")
class HostNativeHalved(NumpyBackend):
    """The second derivative of a `host_function` is half of what it is."""

    def host_function(self, forward, backward, output, /, *, native=None, **options):
        halved = None if native is None else lambda *inputs: native(*inputs) * 0.5
        return super().host_function(forward, backward, output, native=halved, **options)


@caught_by("test_a_second_derivative_raises_and_is_never_zero")
class HostSecondDerivativeZero(NumpyBackend):
    """The second derivative of a `host_function` is zero rather than refused."""

    def vjp(self, function, leaves, /):
        try:
            return super().vjp(function, leaves)
        except kg.UnsupportedError:
            return super().vjp(lambda *inner: function(*map(getval, inner)), leaves)


@caught_by("test_each_input_has_the_gradient_that_was_given")
class CustomGradientForgotten(NumpyBackend):
    """`custom_gradient` leaves the function the gradient that the framework finds."""

    def custom_gradient(self, function, pullback, /):
        return function


@caught_by("test_complex_cotangents_come_and_go_by_the_protocols_convention")
class CustomGradientConjugated(NumpyBackend):
    """`custom_gradient` hands out cotangents by another convention."""

    def custom_gradient(self, function, pullback, /):
        return super().custom_gradient(function, lambda inputs, cotangent: pullback(inputs, np.conj(getval(cotangent))))


@caught_by("test_the_pullback_is_differentiated_in_turn")
class CustomGradientDetached(NumpyBackend):
    """What `custom_gradient` pulls back stands in no graph."""

    def custom_gradient(self, function, pullback, /):
        return super().custom_gradient(function, lambda *given: [getval(found) for found in pullback(*given)])


@caught_by("test_each_step_takes_what_the_one_before_it_returned")
class FoldsFromTheEnd(NumpyBackend):
    """`fold` takes the last element first."""

    def fold(self, step, start, arrays, /):
        return super().fold(step, start, [self.take(array, range(len(array))[::-1], axis=0) for array in arrays])


@caught_by("test_each_step_takes_what_the_one_before_it_returned")
class FoldForgetsTheElements(NumpyBackend):
    """No gradient reaches the elements of a `fold`."""

    def fold(self, step, start, arrays, /):
        return super().fold(step, start, [self.detach(array) for array in arrays])


@caught_by("test_no_element_leaves_the_start")
class FoldTakesOneStepAtLeast(NumpyBackend):
    """`fold` of no elements takes a step."""

    def fold(self, step, start, arrays, /):
        if not len(arrays[0]):
            arrays = [np.ones((1, *array.shape[1:]), array.dtype) for array in arrays]
        return super().fold(step, start, arrays)

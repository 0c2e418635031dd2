"""Wrong at derivatives."""

import warnings

import numpy as np
from autograd.tracer import getval

import ketgrad as kg
from conformance_mutants.registry import caught_by
from ketgrad_backends.numpy import NumpyBackend


@caught_by("test_no_gradient_flows_through_detach")
class DetachDoesNothing(NumpyBackend):
    """`detach` does nothing."""

    def detach(self, array, /):
        return array


@caught_by("test_a_leaf_stays_itself")
class LeavesAreCopied(NumpyBackend):
    """`requires_grad` makes a new leaf of a leaf."""

    def requires_grad(self, array, /):
        return self.array(array)


@caught_by("test_a_leaf_has_the_type_it_was_made_of")
class LeavesAreReal(NumpyBackend):
    """`requires_grad` takes the real part."""

    def requires_grad(self, array, /):
        taken = self.asarray(array)
        return self.real(taken) if taken.dtype.kind == "c" else taken


class PullbackMutant(NumpyBackend):
    """Changes what the pullback returns."""

    def change(self, gradient, leaf):
        """Return a wrong gradient."""
        return gradient

    def vjp(self, function, leaves, /):
        value, aux, pull = super().vjp(function, leaves)

        def pullback(cotangent):
            return [self.change(found, leaf) for found, leaf in zip(pull(cotangent), leaves, strict=True)]

        return value, aux, pullback


@caught_by("test_vjp_returns_the_value_and_a_gradient_for_each_leaf")
class GradientDoubled(PullbackMutant):
    """Gradients are twice what they are."""

    def change(self, gradient, leaf):
        return None if gradient is None else 2.0 * gradient


@caught_by("test_the_gradient_of_a_squared_modulus_is_twice_the_number_itself")
class GradientConjugated(PullbackMutant):
    """Complex gradients are conjugated, as JAX's are."""

    def change(self, gradient, leaf):
        return None if gradient is None else self.conj(gradient)


@caught_by("test_each_gradient_has_the_type_of_its_leaf")
class GradientPromoted(PullbackMutant):
    """Gradients by float32 leaves are float64."""

    def change(self, gradient, leaf):
        return self.astype(gradient, "float64") if gradient is not None and leaf.dtype.kind == "f" else gradient


@caught_by("test_an_unused_leaf_has_no_gradient_rather_than_zeros")
class ZerosForNone(PullbackMutant):
    """A leaf that nothing depends on has zeros for a gradient, in silence."""

    def change(self, gradient, leaf):
        return self.zeros(leaf.shape, dtype=self.dtype(leaf)) if gradient is None else gradient


@caught_by("test_a_gradient_that_is_zero_is_zeros_rather_than_none")
class NoneForZeros(PullbackMutant):
    """A gradient that is zero counts as none."""

    def change(self, gradient, leaf):
        return gradient if gradient is not None and np.any(getval(gradient)) else None


@caught_by("test_what_a_pullback_returns_is_differentiated_again")
class SecondDerivativeCut(PullbackMutant):
    """Gradients are cut from the graph, so that second derivatives vanish."""

    def change(self, gradient, leaf):
        return gradient if gradient is None else getval(gradient)


@caught_by("test_a_pullback_is_called_as_often_as_one_likes")
class PullbackOnce(NumpyBackend):
    """A pullback works only once."""

    def vjp(self, function, leaves, /):
        value, aux, pull = super().vjp(function, leaves)
        pulls = [pull]
        return value, aux, lambda cotangent: pulls.pop()(cotangent)


@caught_by("test_what_comes_beside_the_value_is_returned_as_values")
class AuxDropped(NumpyBackend):
    """What comes beside the value is lost."""

    def vjp(self, function, leaves, /):
        value, _, pull = super().vjp(function, leaves)
        return value, None, pull


@caught_by("test_only_the_argument_without_a_gradient_is_done_by_finite_differences")
class OneNoneSpoilsAll(NumpyBackend):
    """One argument without a gradient sends all arguments down the second path."""

    def vjp(self, function, leaves, /):
        value, aux, pull = super().vjp(function, leaves)

        def pullback(cotangent):
            gradients = pull(cotangent)
            return [None] * len(gradients) if any(found is None for found in gradients) else gradients

        return value, aux, pullback


@caught_by("test_an_unused_argument_is_zero_by_finite_differences_with_a_warning")
class SilentFallback(NumpyBackend):
    """Finite differences are taken without a word."""

    def value_and_grad(self, function, /, argnums=0, *, has_aux=False, fallback="finite-diff"):
        derivative = super().value_and_grad(function, argnums, has_aux=has_aux, fallback=fallback)

        def silent(*args, **kwargs):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", kg.GradientFallbackWarning)
                return derivative(*args, **kwargs)

        return silent


@caught_by("test_an_exception_of_the_function_comes_through_untried_again")
class ExceptionsTriedAgain(NumpyBackend):
    """A ValueError of the user's function is taken for a refusal to trace."""

    def vjp(self, function, leaves, /):
        try:
            return super().vjp(function, leaves)
        except ValueError as error:
            raise kg.errors.UntraceableError("autograd can't follow the function") from error


@caught_by("test_value_and_gradient_are_native_and_concrete")
class PythonNumbersComeOut(NumpyBackend):
    """The value is a Python number."""

    def value_and_grad(self, function, /, argnums=0, *, has_aux=False, fallback="finite-diff"):
        derivative = super().value_and_grad(function, argnums, has_aux=has_aux, fallback=fallback)

        def unpacked(*args, **kwargs):
            value, gradient = derivative(*args, **kwargs)
            return (value if has_aux else float(getval(value))), gradient

        return unpacked


@caught_by("test_finite_differences_are_ruled_out_by_asking_for_an_error")
class ErrorNeverRaised(NumpyBackend):
    """`fallback="error"` is not heeded."""

    def value_and_grad(self, function, /, argnums=0, *, has_aux=False, fallback="finite-diff"):
        return super().value_and_grad(function, argnums, has_aux=has_aux)


@caught_by("test_an_exception_leaves_backend_and_precision_in_force")
class PrecisionLeft(NumpyBackend):
    """An exception leaves another precision in force."""

    def value_and_grad(self, function, /, argnums=0, *, has_aux=False, fallback="finite-diff"):
        derivative = super().value_and_grad(function, argnums, has_aux=has_aux, fallback=fallback)

        def careless(*args, **kwargs):
            other = "single" if kg.get_precision() == "double" else "double"
            try:
                return derivative(*args, **kwargs)
            except Exception:
                kg.set_precision(other)
                raise

        return careless

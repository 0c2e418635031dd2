"""Wrong at what they declare, and at signatures."""

import ketgrad as kg
from conformance_mutants.registry import caught_by
from ketgrad.protocol import Capability
from ketgrad_backends.numpy import NumpyBackend


@caught_by("test_a_member_takes_the_parameters_of_the_protocol")
class SumTakesAxisFirst(NumpyBackend):
    """The signature of `sum` is another."""

    def sum(self, array, axis=None):
        return NumpyBackend.sum(self, array, axis=axis)


@caught_by("test_a_function_is_mapped_over_the_first_axis")
class WorksUndeclared(NumpyBackend):
    """`vmap` works, but is not declared."""

    capabilities = NumpyBackend.capabilities - {Capability.VMAP}


@caught_by("test_solve_finds_the_columns_that_the_matrix_maps_to_the_right_side")
class DeclaredButMissing(NumpyBackend):
    """Linear algebra is declared, but `solve` is missing."""

    def solve(self, matrix, right, /):
        raise kg.UnsupportedError("this backend does not solve equations")


@caught_by("test_vjp_returns_the_value_and_a_gradient_for_each_leaf")
class RefusesByTheWrongError(NumpyBackend):
    """What is not declared is refused by an AttributeError."""

    capabilities = frozenset({Capability.VMAP, Capability.JIT, Capability.LINEAR_ALGEBRA, Capability.HOST_FUNCTION})

    def vjp(self, function, leaves, /):
        raise AttributeError("no such thing")


@caught_by("test_a_capability_is_declared_with_what_it_implies")
class ImpliesTooLittle(NumpyBackend):
    """Higher orders are declared, first ones are not."""

    capabilities = NumpyBackend.capabilities - {Capability.AUTODIFF}


@caught_by("test_capabilities_are_a_frozen_set_of_the_protocols_own")
class MadeUpCapability(NumpyBackend):
    """A capability is declared that the protocol does not know."""

    capabilities = NumpyBackend.capabilities | {"teleportation"}


@caught_by("test_the_name_and_the_version_are_words")
class NoVersion(NumpyBackend):
    """The library's version is not told."""

    library_version = ""

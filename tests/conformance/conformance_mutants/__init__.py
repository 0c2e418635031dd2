"""Backends that are wrong in one way each: NumPy's, with one member or attribute spoilt.

Each names a test that must fail on it; others may fail too.
"""

from conformance_mutants import algebra, declarations, derivatives, random_numbers, transformations, values
from conformance_mutants.registry import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant", "algebra", "declarations", "derivatives", "random_numbers", "transformations", "values"]

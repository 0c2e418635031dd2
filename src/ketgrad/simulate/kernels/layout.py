"""What the kernels are given: the tables of a plan, and the columns of their rows."""

from __future__ import annotations

from typing import Any, NamedTuple

DENSE, EXCHANGE, PERMUTE, PHASES = range(4)
"""The kinds of steps."""

# Columns of a pass.
FIRST_STEP, NUM_STEPS, NUM_LOCAL = range(3)

# Columns of a step. Bits are places inside a tile, except for those of OUTER_MASK and OUTER_VALUE.
KIND, PLACE, NUM_TARGETS, NUM_BITS, OFFSET, OUTER_MASK, OUTER_VALUE, START, COUNT, HAS_GRADIENT = range(10)
"""PLACE is where the step's entries in `places` begin, NUM_BITS counts targets and controls inside the tile, OFFSET
holds the values of those controls. START is where a matrix begins, or the first sign pattern, of which there are COUNT,
or the table of a permutation, whose inverse begins at OFFSET; COUNT is then the number of bits outside that flip."""

# Columns of a matrix's source.
FORM, BEGIN, SLOT, NUM_EIGENVALUES, HALVES, VALUE = range(6)
CONSTANT, GIVEN, ROTATION = range(3)
"""The forms: entries of `constants`, entries of the given matrices, projectors in `constants` with an angle. VALUE is
where the source's matrix is written."""

# Columns of a matrix: where it begins, its size, and its sources.
AT, SIZE, FIRST_SOURCE, NUM_SOURCES = range(4)


class Tables(NamedTuple):
    """A plan, as arrays of integers and constants.

    What is called once a step takes the arrays that it needs: all of them are a hundred words to hand over, which takes
    as long as a gate on a few qubits.
    """

    passes: Any
    locals: Any
    """The local bits of each pass, ascending, shape (passes, tile bits)."""
    steps: Any
    places: Any
    """Of a dense gate or an exchange: bits and controls in the tile, ascending, then the targets, most significant
    first; of a permutation: for each bit outside that flips something its place in an index, and what it flips forwards
    and backwards."""
    permutations: Any
    """For each index of a tile where its amplitude comes from; all tables one behind the other."""
    patterns: Any
    """The masks of sign patterns, inside the tile and outside, shape (patterns, 2)."""
    pattern_constants: Any
    angle_patterns: Any
    """Which pattern gets a multiple of which angle, shape (entries, 2)."""
    angle_factors: Any
    matrices: Any
    sources: Any
    halves: Any
    """−λ/2 of the eigenvalues λ of generators."""
    constants: Any
    """Constant matrices and projectors, flat, complex128."""


class Share(NamedTuple):
    """What one call of a kernel works on, so that calls in several threads do not meet."""

    first: int
    last: int
    """Elements of a batch."""
    first_pass: int
    last_pass: int
    part: int
    """Which of the `parts` of the tiles, or of the amplitudes, of each element."""
    parts: int

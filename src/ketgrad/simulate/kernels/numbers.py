"""The matrices and phases of one run from its angles, and the gradient by the angles from that by the matrices.

A rotation is Σₖ exp(−iθλₖ/2) Pₖ. The matrix of a gate is the product of its sources, first applied first. All matrices
lie flat, one behind the other: those of the sources in one array, those of the gates in another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.layout import (
    AT,
    BEGIN,
    CONSTANT,
    FIRST_SOURCE,
    FORM,
    GIVEN,
    HALVES,
    NUM_EIGENVALUES,
    NUM_SOURCES,
    ROTATION,
    SIZE,
    SLOT,
    VALUE,
)
from ketgrad.simulate.kernels.pairs import compiled, copy, kernel


@kernel
def fill_numbers(tables: Any, angles: Any, given: Any, group: int, sources: Any, matrices: Any, weights: Any) -> None:
    """Write the numbers of each element of a batch; `group` elements in a row share their given matrices.

    The loops over elements are inside, since a call and what it looks up take longer than a small matrix.
    """
    for gate in range(tables.matrices.shape[0]):
        row = tables.matrices[gate]
        square = row[SIZE] * row[SIZE]
        for index in range(row[FIRST_SOURCE], row[FIRST_SOURCE] + row[NUM_SOURCES]):
            source = tables.sources[index]
            if source[FORM] == ROTATION:
                fill_rotations(tables.constants, tables.halves, source, square, angles, sources)
            elif source[FORM] == GIVEN:
                fill_copies(given, group, source, square, sources)
            else:
                fill_copies(tables.constants.reshape(1, -1), angles.shape[0], source, square, sources)
        fill_products(tables.sources, row, sources, matrices)
    fill_weights(tables, angles, weights)


@compiled
def fill_rotations(constants: Any, halves: Any, row: Any, square: int, angles: Any, sources: Any) -> None:
    """Write the matrices of a rotation, one for each element."""
    begin, at = row[BEGIN], row[VALUE]
    for element in range(angles.shape[0]):
        for entry in range(square):
            sources[element, at + entry] = 0
        for k in range(row[NUM_EIGENVALUES]):
            exponent = angles[element, row[SLOT]] * halves[row[HALVES] + k]
            phase = complex(np.cos(exponent), np.sin(exponent))
            for entry in range(square):
                sources[element, at + entry] += phase * constants[begin + k * square + entry]


@compiled
def fill_copies(origin: Any, group: int, row: Any, square: int, sources: Any) -> None:
    """Write matrices that are there already, each for `group` elements in a row."""
    begin, at = row[BEGIN], row[VALUE]
    for element in range(sources.shape[0]):
        for entry in range(square):
            sources[element, at + entry] = origin[element // group, begin + entry]


@compiled
def fill_products(table: Any, row: Any, sources: Any, matrices: Any) -> None:
    """Write the matrices of a gate, one for each element, in place by columns."""
    at, size = row[AT], row[SIZE]
    first, last = row[FIRST_SOURCE], row[FIRST_SOURCE] + row[NUM_SOURCES]
    before = np.empty(size, np.complex128)
    for element in range(sources.shape[0]):
        for entry in range(size * size):
            matrices[element, at + entry] = sources[element, table[first, VALUE] + entry]
        for index in range(first + 1, last):
            value = table[index, VALUE]
            for column in range(size):
                for k in range(size):
                    before[k] = matrices[element, at + k * size + column]
                for line in range(size):
                    total = 0j
                    for k in range(size):
                        total += sources[element, value + line * size + k] * before[k]
                    matrices[element, at + line * size + column] = total


@compiled
def fill_weights(tables: Any, angles: Any, weights: Any) -> None:
    """Write the weights of all sign patterns."""
    for element in range(angles.shape[0]):
        for pattern in range(weights.shape[1]):
            weights[element, pattern] = tables.pattern_constants[pattern]
        for entry in range(tables.angle_patterns.shape[0]):
            weights[element, tables.angle_patterns[entry, 0]] += (
                tables.angle_factors[entry] * angles[element, tables.angle_patterns[entry, 1]]
            )


@kernel
def pull_numbers(
    tables: Any,
    angles: Any,
    group: int,
    sources: Any,
    matrix_totals: Any,
    weight_totals: Any,
    angle_grads: Any,
    given_grads: Any,
) -> None:
    """Add, for each element, the gradients by angles and given matrices from those by matrices and weights."""
    for index in range(angles.shape[0]):
        pull_element(
            tables,
            angles[index],
            sources[index],
            matrix_totals[index],
            weight_totals[index],
            angle_grads[index],
            given_grads[index // group],
        )


@compiled
def pull_element(
    tables: Any,
    angles: Any,
    sources: Any,
    matrix_totals: Any,
    weight_totals: Any,
    angle_grads: Any,
    given_grads: Any,
) -> None:
    """Add the gradients by the angles and the given matrices, from those by matrices and weights.

    The gradient by each source S of U = A·S·B is A†·T·B†, where T is that by U.
    """
    square = largest_matrix(tables)
    befores = np.empty((most_sources(tables), square), np.complex128)
    rest, own, spare = np.empty((3, square), np.complex128)
    for gate in range(tables.matrices.shape[0]):
        row = tables.matrices[gate]
        size, first, count = row[SIZE], row[FIRST_SOURCE], row[NUM_SOURCES]
        square = size * size
        befores[0, :square] = 0
        for index in range(size):
            befores[0, index * size + index] = 1
        for index in range(count - 1):
            value = tables.sources[first + index, VALUE]
            multiply(sources[value : value + square], befores[index], size, befores[index + 1])
        copy(matrix_totals[row[AT] : row[AT] + square], rest[:square])
        for index in range(count - 1, -1, -1):
            source = tables.sources[first + index]
            value = source[VALUE]
            if source[FORM] != CONSTANT:
                multiply_by_adjoint(rest, befores[index], size, own)
                if source[FORM] == GIVEN:
                    given_grads[source[BEGIN] : source[BEGIN] + square] += own[:square]
                else:
                    angle_grads[source[SLOT]] += slope(tables, source, angles, own[:square])
            if index > 0:
                multiply_adjoint_by(sources[value : value + square], rest, size, spare)
                copy(spare[:square], rest[:square])
    for entry in range(tables.angle_patterns.shape[0]):
        pattern, slot = tables.angle_patterns[entry, 0], tables.angle_patterns[entry, 1]
        angle_grads[slot] += tables.angle_factors[entry] * weight_totals[pattern]


@compiled
def slope(tables: Any, row: Any, angles: Any, own: Any) -> float:
    """Return the derivative of a rotation, as a matrix, times its gradient."""
    total = 0.0
    for k in range(row[NUM_EIGENVALUES]):
        half = tables.halves[row[HALVES] + k]
        exponent = angles[row[SLOT]] * half
        factor = complex(-half * np.sin(exponent), half * np.cos(exponent))
        for entry in range(own.size):
            projected = factor * tables.constants[row[BEGIN] + k * own.size + entry]
            total += own[entry].real * projected.real + own[entry].imag * projected.imag
    return total


@compiled
def largest_matrix(tables: Any) -> int:
    """Return the elements of the largest matrix."""
    largest = 1
    for gate in range(tables.matrices.shape[0]):
        largest = max(largest, tables.matrices[gate, SIZE] ** 2)
    return largest


@compiled
def most_sources(tables: Any) -> int:
    """Return how many sources a gate has at most."""
    most = 1
    for gate in range(tables.matrices.shape[0]):
        most = max(most, tables.matrices[gate, NUM_SOURCES])
    return most


@compiled
def multiply(left: Any, right: Any, size: int, result: Any) -> None:
    """Write the product of two small flat matrices; numba's own product would need SciPy."""
    for row in range(size):
        for column in range(size):
            total = 0j
            for k in range(size):
                total += left[row * size + k] * right[k * size + column]
            result[row * size + column] = total


@compiled
def multiply_by_adjoint(left: Any, right: Any, size: int, result: Any) -> None:
    """Write left · right†."""
    for row in range(size):
        for column in range(size):
            total = 0j
            for k in range(size):
                total += left[row * size + k] * np.conj(right[column * size + k])
            result[row * size + column] = total


@compiled
def multiply_adjoint_by(left: Any, right: Any, size: int, result: Any) -> None:
    """Write left† · right."""
    for row in range(size):
        for column in range(size):
            total = 0j
            for k in range(size):
                total += np.conj(left[k * size + row]) * right[k * size + column]
            result[row * size + column] = total

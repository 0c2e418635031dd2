"""The columns of a plan's table, and the kinds of gates."""

KIND, NUM_TARGETS, NUM_BITS, OFFSET, FIRST_SOURCE, NUM_SOURCES, HAS_GRADIENT = range(7)
DENSE, EXCHANGE = 0, 1

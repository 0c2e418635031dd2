"""Which parameters of a function have no gradient, where it was cut, and what it should be."""

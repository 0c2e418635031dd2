"""Sentences that several backends say."""

DIFFERENTIATES_ONCE = (
    'an operation computed outside the framework has no second derivative; use gradient="backprop" (a circuit), or '
    "write the function in the framework's own operations"
)

"""Data as amplitudes of a state."""

from __future__ import annotations

from typing import Any

from ketgrad.checks import check_integer
from ketgrad.circuit.checks import count_noun
from ketgrad.circuit.circuit import Circuit
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.registry import get_backend
from ketgrad.templates.angles import as_table


def amplitude_encoding(features: Any, num_qubits: int | None = None, pad: float = 0.0) -> Circuit:
    """Build the state Σ f_i|i⟩ / ‖f‖, the features filled up with a constant to 2^n of them.

    After M. Schuld and F. Petruccione, Supervised Learning with Quantum Computers, Springer (2018). Qubit 0 is the
    most significant bit of i.

    Parameters
    ----------
    features
        Amplitudes of shape (features,), not all zero: symbols, an array of the backend or of NumPy, or a list. They
        need not be normalised; the state is, and gradients see that.
    num_qubits
        By default as few as hold the features, at least one.
    pad
        The real number that fills the places after the last feature; normalised with them.

    Returns
    -------
    Circuit
        That prepares the state, on `num_qubits` qubits.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For features of another shape, more of them than 2^num_qubits, and a pad that is no real number.

    Examples
    --------
    >>> from ketgrad import templates
    >>> templates.amplitude_encoding([3.0, 0.0, 4.0]).probabilities().round(12).tolist()
    [0.36, 0.0, 0.64, 0.0]
    """
    values = as_table(features, ("features",), "amplitude_encoding got features")
    if isinstance(pad, bool) or not isinstance(pad, int | float):
        raise InvalidTypeError(f"amplitude_encoding got the pad {pad!r}; give a real number")
    size = _size(len(values), num_qubits)
    missing = (1 << size) - len(values)
    is_whole = not missing and get_backend().is_array(features)
    return Circuit(size).prepare(features if is_whole else [*values, *[pad] * missing])


def _size(num_features: int, num_qubits: int | None) -> int:
    fewest = max((num_features - 1).bit_length(), 1)
    if num_qubits is None:
        return fewest
    size = check_integer(num_qubits, "amplitude_encoding got a number of qubits that")
    if size < fewest:
        raise InvalidValueError(
            f"amplitude_encoding got {num_features} features for {count_noun(size, 'qubit')}; give "
            f"num_qubits={fewest} or more"
        )
    return size

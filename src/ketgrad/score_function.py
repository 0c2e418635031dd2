"""The score-function estimator: the derivative of the mean of a function of samples, from the samples themselves.

The way through: samples are drawn and the user's function gives each a number; on the host these become one weight for
each outcome that came; the weighted sum of the exact probabilities is then differentiated like any other result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.measurements import probs, sample
from ketgrad.precision import COMPLEX_TYPES, REAL_TYPE, get_precision
from ketgrad.protocol import Array, ArrayBackend, ArraySpec
from ketgrad.registry import get_backend
from ketgrad.simulate.host import on_host
from ketgrad.transforms import jacobian

ONCE = (
    "the score-function estimator differentiates once, with samples held fixed; differentiate the exact mean, by "
    "kg.probs, for further derivatives"
)


def score_function(
    function: CircuitFunction,
    of_samples: Callable[[Array], Array],
    argnums: int | Sequence[int] = 0,
    *,
    baseline: bool = True,
) -> Callable[..., Any]:
    """Return an unbiased estimate of ∂E[g(x)], where x are samples of a circuit and g any function of their bits.

    From N samples it is Σₛ g(xₛ) ∂log p(xₛ) / N, or with a baseline Σₛ (g(xₛ) − ḡ) ∂log p(xₛ) / (N − 1), where ḡ is the
    mean of g over the same samples: each sample has the mean of the others for its baseline, so that nothing is biased.
    The probabilities p are exact. The variance is Var[(g − b) ∂log p] / N, with b = 0 or E[g]; it is that of a random
    estimate, so take more shots, or `kg.expval` where g is an observable, for less.

    Parameters
    ----------
    function
        Made by `ketgrad.function` with shots and `kg.sample()` alone.
    of_samples
        g: takes integers 0 and 1 of shape (..., shots, k), and returns a real number for each sample, of shape
        (..., shots). Nothing is differentiated through it, so it may be any code; parameters that it holds beside the
        samples count as constants.
    argnums
        The argument, or arguments, to differentiate by.
    baseline
        Whether to subtract the mean, which takes at least 2 shots, and mostly lowers the variance.

    Returns
    -------
    Callable
        Takes the arguments of `function`, with `seed=` if wanted, and returns the estimate for each argument of shape
        s, native and of shape s with the batch's axes in front; a tuple where `argnums` is a sequence.

    Raises
    ------
    UnsupportedError
        If the function has no shots, or measures anything but `kg.sample`.
    InvalidValueError, InvalidTypeError
        At the call, if g returns anything but a real number for each sample.
    GradientError
        If the estimate is differentiated again.

    References
    ----------
    R. J. Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", Machine
    Learning 8, 229 (1992); W. Kool, H. van Hoof and M. Welling, "Buy 4 REINFORCE samples, get a baseline for free!",
    ICLR workshop (2019), for the baseline.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(2).ry(theta, 0).cx(0, 1), kg.sample(), shots=10_000, seed=7)
    >>> both = lambda bits: bits[..., 0] * bits[..., 1]  # E = sin²(θ/2), whose slope is sin(θ)/2
    >>> round(float(kg.gradients.score_function(f, both)(1.5707963267948966)), 1)
    0.5
    """
    drawn = _check(function, of_samples, baseline)
    exact = function.exactly(probs(drawn.qubits, drawn.bits))

    def estimate(*values: Any, seed: Any = None, **named: Any) -> Any:
        backend = get_backend()
        samples = function(*values, seed=seed, **named)
        scores = _scores(backend, of_samples(samples), tuple(samples.shape)[:-1])
        weights = _weights(backend, samples, scores, exact(*values, **named), baseline=baseline)

        def surrogate(*args: Any, **kwargs: Any) -> Array:
            return backend.einsum("...a,...a->...", weights, exact(*args, **kwargs))

        return jacobian(surrogate, argnums, fallback="error")(*values, **named)

    return estimate


def _check(function: Any, of_samples: Any, baseline: bool) -> sample:
    """Return what the function measures, or refuse it."""
    if not isinstance(function, CircuitFunction):
        raise InvalidTypeError(f"got a {type(function).__name__}; give a function made by kg.function")
    if not callable(of_samples):
        raise InvalidTypeError(f"of_samples is a {type(of_samples).__name__}; give a function of samples")
    execution = function.execution
    if execution.shots is None or len(execution.measurements) != 1 or not isinstance(execution.measurements[0], sample):
        raise UnsupportedError(
            "the score-function estimator takes a function of samples from shots; give "
            "kg.function(circuit, kg.sample(), shots=1000), say"
        )
    if baseline and execution.shots < 2:
        raise InvalidValueError("a baseline takes at least 2 shots, got 1; give more, or baseline=False")
    return execution.measurements[0]


def _scores(backend: ArrayBackend, found: Any, shape: tuple[int, ...]) -> Array:
    """Return what a user's function gave each sample, as real numbers of the precision in force."""
    array = backend.asarray(found)
    if backend.dtype(array) in COMPLEX_TYPES:
        raise InvalidTypeError("the function of samples returned complex numbers; return real ones")
    if tuple(array.shape) != shape:
        raise InvalidValueError(
            f"the function of samples returned shape {tuple(array.shape)}; return a number for each sample, of shape "
            f"{shape}"
        )
    return backend.astype(array, REAL_TYPE[get_precision()])


def _weights(backend: ArrayBackend, samples: Array, scores: Array, probabilities: Array, *, baseline: bool) -> Array:
    """Return Σₛ g(xₛ) [xₛ = x] / (N p(x)) for each outcome x, of the shape of the probabilities."""
    shots, size = tuple(samples.shape)[-2:]
    bits = backend.astype(backend.reshape(samples, (-1, shots, size)), backend.dtype(scores))
    function = _centred if baseline else _plain
    operation = on_host(backend, function, _spec, ONCE)
    found = operation(bits, backend.reshape(scores, (-1, shots)), backend.reshape(probabilities, (-1, 1 << size)))
    return backend.reshape(found, tuple(probabilities.shape))


def _plain(bits: Any, scores: Any, probabilities: Any) -> Any:
    return _weighted(bits, scores / bits.shape[1], probabilities)


def _centred(bits: Any, scores: Any, probabilities: Any) -> Any:
    return _weighted(bits, (scores - scores.mean(axis=1, keepdims=True)) / (bits.shape[1] - 1), probabilities)


def _weighted(bits: Any, scores: Any, probabilities: Any) -> Any:
    outcomes = bits.astype(int) @ (1 << np.arange(bits.shape[2])[::-1])
    size = probabilities.shape[1]
    totals = np.stack([np.bincount(row, each, size) for row, each in zip(outcomes, scores, strict=True)])
    came = np.stack([np.bincount(row, minlength=size) for row in outcomes]) > 0
    # What never came has the weight 0, also where its probability is 0.
    return np.where(came, totals / np.where(came, probabilities, 1.0), 0.0).astype(probabilities.dtype)


def _spec(bits: ArraySpec, scores: ArraySpec, probabilities: ArraySpec) -> ArraySpec:
    return probabilities

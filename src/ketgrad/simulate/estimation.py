"""What shots tell of an observable: its mean and variance, each with an error, and the means that they follow from.

The way through: an observable asks for settings; each of its parts, the words of a sum or all of another observable,
has a mean in what one of these found, linear in the state; the observable's own mean is the sum of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ketgrad.errors import InvalidValueError
from ketgrad.observables.matrix import Hermitian, Observable, Projector
from ketgrad.observables.pauli import PauliSum
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import results
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.shots import Request, Shots

TOO_FEW_SHOTS = "a variance takes at least 2 shots, got 1; give more"


def requests(run: Run, observable: Observable) -> Sequence[Request]:
    """Say what is to be measured."""
    results.check_observable(observable, run.state.num_qubits)
    if isinstance(observable, PauliSum):
        return [word for word, _ in observable.words if word]
    if isinstance(observable, Projector):
        return [tuple((qubit, "Z") for qubit in observable.qubits)]
    results.refuse_misread_matrix(run, observable)
    return [observable]


def mean(shots: Shots, observable: Observable) -> tuple[Array, Array]:
    """Return the mean of an observable, of shape (batch,), and its squared error."""
    return _sum_of_means(shots, _samples(shots, observable))


def variance(shots: Shots, observable: Observable, square: Observable) -> tuple[Array, Array]:
    """Return ⟨A²⟩ − ⟨A⟩², of shape (batch,), and its squared error; `square` is A², or A where that is no Pauli sum.

    The error of ⟨A⟩² is subtracted from it, so that the mean is right; that of the variance is that of A² − 2⟨A⟩A.
    """
    first, second = _samples(shots, observable), _samples(shots, square, power=2)
    refuse_too_few(shots)
    centre, squared_error = _sum_of_means(shots, first)
    value = _sum_of_means(shots, second)[0] - centre * centre + squared_error
    twice = 2.0 * _columns(shots, centre)
    linear = {
        index: second.get(index, shots.zeros) - twice * first.get(index, shots.zeros) for index in {*first, *second}
    }
    return value, _sum_of_means(shots, linear)[1]


def refuse_too_few(shots: Shots) -> None:
    """Refuse a variance from a single shot."""
    if shots.count < 2:
        raise InvalidValueError(TOO_FEW_SHOTS)


def num_parts(observable: Observable) -> int:
    """Return how many parts with a mean of their own an observable has."""
    return max(1, len(observable.words)) if isinstance(observable, PauliSum) else 1


def parts(observable: Observable) -> Sequence[Observable | None]:
    """Return the words of a sum, each an observable of its own and None for the identity, or another observable."""
    if not isinstance(observable, PauliSum):
        return [observable]
    words = [word for word, _ in observable.words] or [()]
    return [PauliSum.from_words([(word, 1.0)]) if word else None for word in words]


def means(shots: Shots, observable: Observable, power: int = 1) -> Array:
    """Return the means of a sum's words, or of a power of another observable, of shape (batch, parts)."""
    if isinstance(observable, PauliSum):
        return shots.means([word for word, _ in observable.words] or [()])
    (samples,) = _samples(shots, observable, power).values()
    return _columns(shots, shots.backend.sum(samples, axis=1) / shots.count)


def covariances(shots: Shots, observable: Observable) -> Array:
    """Return the covariances of what `means` returns, of shape (batch, parts²)."""
    if isinstance(observable, PauliSum):
        found = shots.covariances([word for word, _ in observable.words] or [()])
        return shots.backend.reshape(found, (found.shape[0], -1))
    return _columns(shots, mean(shots, observable)[1])


def combined(backend: ArrayBackend, observable: Observable, means: Array) -> Array:
    """Return the mean of an observable, of shape (batch,), from what `means` gave."""
    if isinstance(observable, PauliSum):
        return backend.einsum("zt,t->z", means, results.coefficients(backend, observable, means))
    return backend.reshape(means, (-1,))


def combined_error(backend: ArrayBackend, observable: Observable, covariances: Array) -> Array:
    """Return the squared error of that mean, of shape (batch,), from what `covariances` gave."""
    if not isinstance(observable, PauliSum):
        return backend.reshape(covariances, (-1,))
    count = num_parts(observable)
    factors = results.coefficients(backend, observable, covariances)
    return backend.einsum("zab,a,b->z", backend.reshape(covariances, (-1, count, count)), factors, factors)


def _samples(shots: Shots, observable: Observable, power: int = 1) -> dict[int, Array]:
    """Return what each shot of each setting found of an observable, of shape (batch, shots); their sum is meant.

    The power is that of a matrix or a projector, which is its own square.
    """
    if isinstance(observable, PauliSum):
        words = [word for word, _ in observable.words]
        return shots.sums(words, results.coefficients(shots.backend, observable, shots.zeros)) if words else {}
    if isinstance(observable, Hermitian):
        return {0: shots.eigenvalues(observable, power)}
    return {0: shots.indicator(shots.bits(observable.qubits), observable.bits)}


def _sum_of_means(shots: Shots, samples: Mapping[int, Array]) -> tuple[Array, Array]:
    """Return the mean of a sum of independently measured parts, and its squared error: theirs add up."""
    backend = shots.backend
    value = error = backend.take(shots.zeros, 0, axis=1)
    for part in samples.values():
        centre = backend.sum(part, axis=1) / shots.count
        distance = part - _columns(shots, centre)
        value = value + centre
        error = error + backend.sum(distance * distance, axis=1) / (shots.count * max(shots.count - 1, 1))
    return value, error


def _columns(shots: Shots, each: Array) -> Array:
    return shots.backend.reshape(each, (-1, 1))

"""What can be asked of the state that a circuit prepares, as methods."""

from __future__ import annotations

from collections.abc import Sequence

from ketgrad import measurements as measure
from ketgrad.observables.matrix import Observable
from ketgrad.protocol import Array


class ResultMethods:
    """One method for each exact result; `_measure` is the circuit's."""

    def _measure(self, measurement: measure.Measurement) -> Array:
        raise NotImplementedError

    def state(self) -> Array:
        """Return the state vector, complex, of shape (2^n,).

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).x(0).state().tolist()
        [0j, (1+0j)]
        """
        return self._measure(measure.state())

    def density_matrix(self, qubits: Sequence[int] | None = None) -> Array:
        """Return the density matrix of some qubits, complex, of shape (2^k, 2^k), the first one most significant.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).h(0).cx(0, 1).density_matrix([0]).real.round(12).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
        """
        return self._measure(measure.density_matrix(qubits))

    def probabilities(self, qubits: Sequence[int] | None = None) -> Array:
        """Return the probability of each outcome of some qubits, in the order given; of all by default.

        Returns
        -------
        Array
            Real, of shape (2^k,) for k qubits; the first qubit named is the most significant bit.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(1).probabilities([1]).tolist()
        [0.0, 1.0]
        """
        return self._measure(measure.probs(qubits))

    def expectation(self, observable: Observable) -> Array:
        """Return ⟨A⟩ of a Pauli sum, a `Hermitian` or a `Projector`, a real 0-d array.

        Raises
        ------
        InvalidValueError
            If a coefficient is not real, or the observable names a qubit that the circuit lacks.

        Examples
        --------
        >>> import ketgrad as kg
        >>> float(kg.Circuit(1).x(0).expectation(kg.Z(0)))
        -1.0
        """
        return self._measure(measure.expval(observable))

    def variance(self, observable: Observable) -> Array:
        """Return ⟨A²⟩ − ⟨A⟩², a real 0-d array.

        Examples
        --------
        >>> import ketgrad as kg
        >>> round(float(kg.Circuit(1).h(0).variance(kg.Z(0))), 12)
        1.0
        """
        return self._measure(measure.var(observable))

    def purity(self, qubits: Sequence[int] | None = None) -> Array:
        """Return tr ρ² of some qubits, a real 0-d array from 2^−k to 1.

        Examples
        --------
        >>> import ketgrad as kg
        >>> round(float(kg.Circuit(2).h(0).cx(0, 1).purity([0])), 12)
        0.5
        """
        return self._measure(measure.purity(qubits))

    def entropy(self, qubits: Sequence[int], base: float | None = None) -> Array:
        """Return the von Neumann entropy −tr ρ log ρ of some qubits, in nats, or to another base.

        Examples
        --------
        >>> import ketgrad as kg
        >>> round(float(kg.Circuit(2).h(0).cx(0, 1).entropy([0], base=2)), 12)
        1.0
        """
        return self._measure(measure.entropy(qubits, base))

    def mutual_information(self, first: Sequence[int], second: Sequence[int], base: float | None = None) -> Array:
        """Return S(A) + S(B) − S(AB) of two groups of qubits, in nats, or to another base.

        Examples
        --------
        >>> import ketgrad as kg
        >>> round(float(kg.Circuit(2).h(0).cx(0, 1).mutual_information([0], [1], base=2)), 12)
        2.0
        """
        return self._measure(measure.mutual_info(first, second, base))

"""What can be asked of the state that a circuit prepares, as methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketgrad import measurements as measure
from ketgrad.circuit.classical_methods import check_has_bits
from ketgrad.circuit.instructions import Instruction, Measure
from ketgrad.execution import Execution
from ketgrad.observables.matrix import Observable
from ketgrad.precision import get_precision
from ketgrad.protocol import Array
from ketgrad.registry import get_backend
from ketgrad.simulate import sampling
from ketgrad.simulate.sampling import Counts


class ResultMethods:
    """One method for each result; the instructions and the numbers of qubits and bits are the circuit's."""

    num_qubits: int

    @property
    def operations(self) -> tuple[Instruction, ...]:
        raise NotImplementedError

    @property
    def num_bits(self) -> int:
        raise NotImplementedError

    @property
    def register_sizes(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _measure(self, measurement: measure.Measurement) -> Any:
        """Return one exact result."""
        return self._execute(measurement, None, None)

    def _drawn(self, measurement: measure.Measurement, shots: int, seed: Any) -> Any:
        """Return one result of a number of shots."""
        return self._execute(measurement, sampling.check_shots(shots), get_backend().random_key(seed))

    def _execute(self, measurement: measure.Measurement, shots: int | None, key: Any) -> Any:
        for group in measurement.groups:
            check_has_bits(self.num_bits, group, "a measurement")
        backend = get_backend()
        execution = Execution(self.operations, self.num_qubits, (measurement,), shots)
        (result,) = execution.results(backend, get_precision(), {}, 1, key)
        return result[0] if isinstance(result, list) else backend.take(result, 0, axis=0)

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

    def probabilities(self, qubits: Sequence[int] | None = None, bits: Sequence[int] | None = None) -> Array:
        """Return the probability of each outcome of some qubits, of all by default, or of some classical bits.

        Returns
        -------
        Array
            Real, of shape (2^k,); the first qubit or bit named is the most significant.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(1).probabilities([1]).tolist()
        [0.0, 1.0]
        """
        return self._measure(measure.probs(qubits, bits))

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

    def fidelity(self, target: Any, qubits: Sequence[int] | None = None) -> Array:
        """Return the fidelity of some qubits, of all by default, with a target, a real 0-d array from 0 to 1.

        It is ⟨φ|ρ|φ⟩ for a state vector φ of shape (2^k,), and (tr √(√σ ρ √σ))² for a density matrix σ of shape
        (2^k, 2^k). Reference: R. Jozsa, J. Mod. Opt. 41, 2315 (1994).

        Examples
        --------
        >>> import ketgrad as kg
        >>> round(float(kg.Circuit(1).h(0).fidelity([1, 0])), 12)
        0.5
        """
        return self._measure(measure.fidelity(target, qubits))

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

    def sample(self, shots: int, seed: Any = None, bits: Sequence[int] | None = None) -> Array:
        """Measure all qubits, or some classical bits, `shots` times.

        Returns
        -------
        Array
            Integers 0 and 1 of shape (shots, qubits). One seed gives the same samples on every backend; on JAX a key
            is taken too, so that a compiled function can be given another one at each call.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(1).sample(2, seed=7).tolist()
        [[0, 1], [0, 1]]
        """
        return self._drawn(measure.sample(bits=bits), shots, seed)

    def counts(self, shots: int, seed: Any = None, order: str | None = None) -> Counts:
        """Measure `shots` times and count the bitstrings.

        A circuit with `measure` in it counts its classical bits, by default with bit 0 of each register, and the first
        register, rightmost; any other circuit counts its qubits, by default qubit 0 leftmost.

        Parameters
        ----------
        shots
            How often to measure, at least once.
        seed
            An integer, or None for a new one each time.
        order
            "big" for bit 0 leftmost, "little" for bit 0 rightmost, which is Qiskit's order.

        Returns
        -------
        Counts
            A dictionary from bitstring to number, most frequent first.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(2).x(1).counts(100, seed=7)
        {'01': 100}
        """
        sampling.check_order(order)
        written = sorted({item.bit for item in self.operations if isinstance(item, Measure)})
        if not written:
            return self._drawn(measure.counts(order=order), shots, seed)
        rows = get_backend().to_numpy(self._drawn(measure.sample(bits=written), shots, seed))
        return sampling.count_registers(rows, written, self.register_sizes, order)

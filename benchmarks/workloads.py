"""The workloads: families of recipes along one axis, which is the number of qubits, of layers, or of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.recipes import Gate, Recipe, hardware_efficient, ising_chain, ring, strongly_entangling

ENTANGLING_LAYERS = {4: 15, 10: 5, 16: 4, 20: 2}
PARITY = ((1.0, (("Z", 0), ("Z", 1), ("Z", 2))),)


@dataclass(frozen=True)
class Workload:
    """A family of recipes, one for each place on its axis."""

    title: str
    axis: str
    places: tuple[int, ...]
    make: Callable[[int], Recipe]
    is_gradient: bool = True


@dataclass(frozen=True)
class Case:
    """One recipe of a workload; worker processes rebuild it from these two."""

    workload: str
    place: int

    @property
    def family(self) -> Workload:
        return WORKLOADS[self.workload]

    @property
    def recipe(self) -> Recipe:
        return self.family.make(self.place)

    def is_within(self, other: Case) -> bool:
        """Tell whether another case of the workload is no smaller in any respect."""
        own, others = self.recipe, other.recipe
        return self.workload == other.workload and all(
            (
                own.num_qubits <= others.num_qubits,
                len(own.gates) <= len(others.gates),
                (own.batch or 1) <= (others.batch or 1),
            )
        )

    def __str__(self) -> str:
        return f"{self.workload}, {self.family.axis} {self.place}"


def ansatz(num_qubits: int, layers: int) -> Recipe:
    """Return a hardware-efficient ansatz with the energy of an Ising chain."""
    gates = tuple(hardware_efficient(num_qubits, layers))
    return Recipe(num_qubits, gates, ising_chain(num_qubits), 2 * layers * num_qubits)


def entangling(num_qubits: int) -> Recipe:
    """Return strongly entangling layers, about as many gates at each number of qubits, with a parity."""
    layers = ENTANGLING_LAYERS.get(num_qubits, 4)
    return Recipe(num_qubits, tuple(strongly_entangling(num_qubits, layers)), PARITY, 3 * layers * num_qubits)


def qaoa(vertices: int, layers: int = 4) -> Recipe:
    """Return QAOA for the maximum cut of a Möbius ladder: a ring with its diameters, 3 edges at each vertex."""
    edges = [(a, (a + 1) % vertices) for a in range(vertices)]
    edges += [(a, a + vertices // 2) for a in range(vertices // 2)]
    gates = [Gate("h", (vertex,)) for vertex in range(vertices)]
    for layer in range(layers):
        gates += [Gate("rzz", edge, 2 * layer) for edge in edges]
        gates += [Gate("rx", (vertex,), 2 * layer + 1, 2.0) for vertex in range(vertices)]
    cost = tuple((0.5, (("Z", a), ("Z", b))) for a, b in edges)
    return Recipe(vertices, tuple(gates), cost, 2 * layers)


def recurrent(steps: int, num_qubits: int = 4) -> Recipe:
    """Return a circuit that reads one number at each step and applies the same weights after it."""
    gates: list[Gate] = []
    for step in range(steps):
        gates.append(Gate("rx", (0,), None, 0.1 * (step + 1)))
        gates += hardware_efficient(num_qubits, 1)
    return Recipe(num_qubits, tuple(gates), PARITY, 2 * num_qubits)


def samples(batch: int, num_qubits: int = 8, layers: int = 4) -> Recipe:
    """Return a classifier's circuit: each sample's features as angles, then weights that all samples share."""
    count = 2 * layers * num_qubits
    encoding = tuple(Gate("rx", (qubit,), count + qubit) for qubit in range(num_qubits))
    gates = (*encoding, *hardware_efficient(num_qubits, layers))
    return Recipe(num_qubits, gates, PARITY, count, num_qubits, batch)


def training(batch: int) -> Recipe:
    """Return the classifier's circuit between two linear layers."""
    return replace(samples(batch), is_training=True)


def passes(num_qubits: int) -> Recipe:
    """Return one layer of RY and a ring of CX, for counting the bytes that a gate moves."""
    gates = (*(Gate("ry", (qubit,), qubit) for qubit in range(num_qubits)), *ring(num_qubits))
    return Recipe(num_qubits, gates, PARITY, num_qubits)


SIZES = (4, 10, 16, 20)
WORKLOADS = {
    "ansatz": Workload("hardware-efficient ansatz, 6 layers, Ising chain", "qubits", SIZES, lambda n: ansatz(n, 6)),
    "entangling": Workload("strongly entangling layers (15, 5, 4, 2), ⟨Z0 Z1 Z2⟩", "qubits", SIZES, entangling),
    "qaoa": Workload("QAOA, 3-regular graph, 4 layers", "qubits", (18,), qaoa),
    "recurrent": Workload("recurrent circuit of 4 qubits, shared weights", "steps", (20,), recurrent),
    "batch": Workload("samples at once, 8 qubits, 4 layers", "samples", (1, 16, 256), samples),
    "training": Workload("a step of Adam, linear layers around 8 qubits, 4 layers", "samples", (256,), training),
    "depth": Workload("hardware-efficient ansatz, 10 qubits", "layers", (1, 6, 50, 200), lambda k: ansatz(10, k)),
    "template": Workload(
        "value alone, hardware-efficient ansatz, 4 qubits", "layers", (1, 6, 24), lambda k: ansatz(4, k), False
    ),
    "forward": Workload("value alone, one layer of RY and CX", "qubits", (20, 22, 24), passes, False),
}


def cases(names: Sequence[str], qubits: Sequence[int] | None = None) -> list[Case]:
    """Return the cases of some workloads; given qubits replace the places of those that have qubits as their axis."""
    found = []
    for name in names:
        family = WORKLOADS[name]
        is_replaced = qubits is not None and family.axis == "qubits" and len(family.places) > 1
        places = tuple(qubits or ()) if is_replaced else family.places
        found += [Case(name, place) for place in places]
    return found

"""The largest cut of a graph by the quantum approximate optimization algorithm, beside brute force; on any backend.

    python examples/qaoa_maxcut.py --backend torch --pictures .

The vertices of a graph go on two sides, and the edges between the sides are cut. Each layer of the circuit has two
angles, γ for the edges and β for the vertices: E. Farhi, J. Goldstone and S. Gutmann, arXiv:1411.4028 (2014). By that
paper one layer cuts at least 0.6924 of what can be cut, on graphs with three edges at each vertex.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save

VERTICES = 10
# Drawn by chance among the graphs with three edges at each vertex.
EDGES = [(0, 4), (0, 5), (0, 7), (1, 2), (1, 5), (1, 7), (2, 5), (2, 8), (3, 6), (3, 7), (3, 9), (4, 8), (4, 9)]
EDGES += [(6, 8), (6, 9)]
COST = kg.hamiltonians.maxcut(EDGES)
"""Minus the number of edges that are cut."""
SHOTS, SEED = 1000, 7
POINTS = 41


def circuit(layers: int) -> kg.Circuit:
    """Return the circuit of angles of shape (layers, 2), γ and β of each layer."""
    return kg.templates.qaoa(COST, kg.parameters("angles", (layers, 2)))


def cut(sides: str) -> int:
    """Return how many edges are cut; sides has a character 0 or 1 for each vertex."""
    return sum(sides[a] != sides[b] for a, b in EDGES)


def largest_cut() -> int:
    """Return the largest cut, by trying all of them."""
    return max(cut(f"{number:0{VERTICES}b}") for number in range(2**VERTICES))


def first_angles(layers: int) -> np.ndarray:
    """Return small angles, γ growing and β shrinking from layer to layer."""
    grown = (np.arange(layers) + 0.5) / layers
    return np.stack([-0.6 * grown, 0.6 * (1 - grown)], axis=1)


def landscape() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return γ, β, and the expected cuts of one layer at all pairs of them, from one call on a batch."""
    gamma, beta = np.linspace(-np.pi / 2, np.pi / 2, POINTS), np.linspace(0, np.pi / 2, POINTS)
    pairs = np.stack(np.meshgrid(gamma, beta), axis=-1)
    cuts = -kg.backend.to_numpy(kg.function(circuit(1), kg.expval(COST))(pairs[:, :, None, :]))
    return gamma, beta, cuts


def train(layers: int, steps: int) -> tuple[kg.optimize.Result, list[np.ndarray]]:
    """Return the result of training, and the angles before each step."""
    path: list[np.ndarray] = []
    result = kg.optimize.Adam(0.05).minimize(
        kg.function(circuit(layers), kg.expval(COST)),
        first_angles(layers),
        steps=steps,
        callback=lambda progress: path.append(kg.backend.to_numpy(progress.x)),
    )
    return result, [*path, kg.backend.to_numpy(result.x)]


def main(depths: tuple[int, ...] = (1, 2, 4), steps: int = 150, pictures: Path = Path()) -> dict[int, dict[str, float]]:
    """Train circuits of several depths, print their cuts and save the picture; return the cuts at each depth."""
    largest, results, paths, counts = largest_cut(), {}, {}, {}
    print(f"{VERTICES} vertices, {len(EDGES)} edges, largest cut {largest}, from {SHOTS} shots at each depth:")
    print(f"{'layers':>6}{'expected cut':>16}{'of the largest':>16}{'best sampled':>16}{'times':>8}")
    for layers in depths:
        result, paths[layers] = train(layers, steps)
        sampler = kg.function(circuit(layers), kg.counts(), shots=SHOTS, seed=SEED)
        counts[layers] = by_cut(sampler(result.x))
        best = max(counts[layers])
        print(f"{layers:>6}{-result.value:>16.6f}{-result.value / largest:>16.4f}{best:>16}{counts[layers][best]:>8}")
        results[layers] = {"expected": -result.value, "best": best, "largest": largest}
    save(picture(paths[depths[0]], counts, largest), pictures, "qaoa_maxcut")
    return results


def by_cut(counts: dict[str, int]) -> dict[int, int]:
    """Return how often each number of cut edges was sampled."""
    found: dict[int, int] = {}
    for sides, times in counts.items():
        found[cut(sides)] = found.get(cut(sides), 0) + times
    return found


def picture(path, counts, largest):
    """Draw the landscape of one layer with the way of its training, and the cuts sampled at each depth."""
    drawn, (left, right) = figure(9.5, 3.9, columns=2)
    gamma, beta, cuts = landscape()
    colours = left.contourf(gamma, beta, cuts, levels=24)
    drawn.colorbar(colours, label="expected cut, in edges")
    way = np.array(path)[:, 0, :]
    left.plot(way[:, 0], way[:, 1], "w.-", markersize=3, linewidth=1, label="Adam")
    left.plot(*way[0], "ws", markersize=5, label="start")
    left.plot(*way[-1], "r*", markersize=10, label="end")
    left.set(xlabel="γ in radians", ylabel="β in radians", title="one layer")
    left.legend(facecolor="gray", labelcolor="white", loc="upper left")
    for place, (layers, found) in enumerate(counts.items()):
        heights = {number: times / SHOTS for number, times in found.items()}
        shift = (place - (len(counts) - 1) / 2) * 0.8 / len(counts)
        right.bar([number + shift for number in heights], list(heights.values()), 0.8 / len(counts), label=str(layers))
    right.axvline(largest, color="black", linestyle="--", linewidth=1, zorder=0, label=f"largest, {largest}")
    right.set(xlabel="cut, in edges", ylabel="share of the samples", title="sampled cuts")
    right.legend(title="layers")
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))

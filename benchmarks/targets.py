"""The project's aims beside what was measured; nothing here passes or fails."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.contestants import FRAMEWORKS
from benchmarks.reporting.words import duration, factor, states
from benchmarks.results import Results
from benchmarks.workloads import Case

Row = tuple[str, str, str]
"""What, the aim, and what was found."""

PENNYLANE = {
    "torch": ("lightning torch", "pennylane torch"),
    "jax": ("lightning jax", "pennylane jax"),
    "tensorflow": ("lightning autograd", "lightning torch", "lightning jax", "pennylane torch", "pennylane jax"),
}
COMPILED_PEERS = ("qulacs", "lightning autograd", "lightning torch", "lightning jax")
FIXED_COSTS = {"numpy": 60e-6, "torch": 300e-6, "jax": 150e-6, "tensorflow": 1200e-6}


def rows(results: Results) -> list[Row]:
    """Return every aim for which this run has the numbers."""
    return [row for framework in FRAMEWORKS for row in _of_framework(results, framework)]


def _of_framework(results: Results, framework: str) -> Iterator[Row]:
    own = f"ketgrad {framework}"
    for case in results.cases("ansatz"):
        if results.seconds(own, case) is None:
            continue
        if case.place >= 16:
            yield from _against(results, own, case, COMPILED_PEERS, 3)
        elif framework == "numpy":
            yield from _against(results, own, case, ("qulacs",), 1)
        else:
            for peer in PENNYLANE[framework]:
                yield from _against(results, own, case, (peer,), 20)
        yield from _first_call(results, own, case)
        outcome = results.find(own, case)
        if outcome is not None and outcome.peak is not None:
            yield f"{own}, {case}: peak memory", "≤ 4 states", f"{states(outcome)} states"
    for case in results.cases("training"):
        yield from _against(results, own, case, ("pennylane torch",), 10)
    line = results.line(own, "template")
    if line is not None:
        yield f"{own}: a gate of a bound template", "< 1 µs", duration(line[1])
        yield f"{own}: its fixed cost", f"≤ {duration(FIXED_COSTS[framework])}", duration(line[0])
    copy = results.machine["copy_bandwidth"]
    for case in results.cases("forward"):
        moved = results.pass_bandwidth(own, case)
        if moved is not None:
            yield f"{own}, {case}: bytes of unfused passes", "≥ 60% of a copy", f"{100 * moved / copy:.0f}%"


def _against(results: Results, own: str, case: Case, peers: tuple[str, ...], aim: int) -> Iterator[Row]:
    """Compare with the fastest of some peers, if any of them was there."""
    own_seconds = results.seconds(own, case)
    times = [(seconds, peer) for peer in peers if (seconds := results.seconds(peer, case)) is not None]
    if times and own_seconds is not None:
        seconds, peer = min(times)
        yield f"{own}, {case}: speed over {peer}", f"≥ {aim}×", factor(seconds / own_seconds)


def _first_call(results: Results, own: str, case: Case) -> Iterator[Row]:
    outcome, peer = results.find(own, case), results.find("tensorcircuit jax", case)
    if own != "ketgrad jax" or case.place != 10 or outcome is None or outcome.first is None:
        return
    yield f"{own}, {case}: first call under jit", "< 1.5 s", duration(outcome.first)
    if peer is not None:
        limit = results.settings.timeout
        longer = factor((peer.first or limit) / outcome.first)
        yield "TensorCircuit-NG's over it", "≥ 20×", longer if peer.first else f"over {longer}"

"""A run as Markdown, for docs/benchmarks.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import targets
from benchmarks.reporting.words import agreement, duration, factor, states
from benchmarks.results import Results
from benchmarks.running import Outcome
from benchmarks.workloads import Case

Cell = Callable[[str, Case], str]


BEGIN, END = "<!-- results of a run: begin -->", "<!-- results of a run: end -->"


def write(path: Path, results: Results, picture: Path | None) -> None:
    """Write the tables of a run, and a link to its picture: between two marks if the file has them, else as a page."""
    found, text = path.read_text() if path.exists() else "", _tables(results, _relative(picture, path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if BEGIN in found and END in found:
        before, after = found.partition(BEGIN)[0], found.partition(END)[2]
        path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
    else:
        path.write_text(f"# Benchmarks\n\n{text}\n")


def _relative(picture: Path | None, path: Path) -> str | None:
    return None if picture is None else Path(os.path.relpath(picture, path.parent)).as_posix()


def _tables(results: Results, picture: str | None) -> str:
    blocks = [_preface(results)]
    if picture is not None:
        blocks.append(f"![Cost against qubits, layers and samples]({picture})")
    if found := targets.rows(results):
        blocks.append("## Aims\n\n" + _table(("", "aim", "measured"), found))
    blocks += [block for name in results.workloads() for block in _workload(results, name)]
    return "\n\n".join(blocks)


def _preface(results: Results) -> str:
    machine, settings = results.machine, results.settings
    clock = "CPU time" if results.clock == "cpu" else "wall time"
    return (
        f"Made by `python -m benchmarks` on {machine['date'][:10]}: {machine['processor']}, "
        f"{machine['processors']} processors, {settings.threads} thread{'s' * (settings.threads > 1)} each, "
        f"{settings.repeats} interleaved repeat{'s' * (settings.repeats > 1)}. "
        f"A time is the median {clock} of one call; behind it, how many times "
        f"{results.reference}'s it is, or, where that one has no time, the first one's that has. A first call includes "
        "building the circuit and compilation, not imports. "
        f"A copy moves {machine['copy_bandwidth'] / 1e9:.1f} GB/s here.\n\n"
        f"{_versions(machine['versions'])}"
    )


def _versions(by_python: dict[str, dict[str, str]]) -> str:
    """Name each environment's versions, without its place on this machine."""
    lines = {", ".join(f"{name} {number}" for name, number in sorted(found.items())) for found in by_python.values()}
    return "\n\n".join(f"Versions: {line}." for line in sorted(lines))


def _workload(results: Results, name: str) -> Iterator[str]:
    cases = results.cases(name)

    def time(contestant: str, case: Case) -> str:
        text = duration(results.seconds(contestant, case))
        ratio = results.ratio(contestant, case)
        return text if ratio is None or contestant == results.reference_of(case) else f"{text} ({factor(ratio)})"

    yield f"## {cases[0].family.title[0].upper()}{cases[0].family.title[1:]}"
    yield _by_case(results, cases, "a call", time)
    if cases[0].family.axis == "layers":
        yield _lines(results, name)
    yield _by_case(
        results, cases, "first call", lambda *key: _of(results.find(*key), lambda item: duration(item.first))
    )
    if any(outcome.peak is not None for outcome in results.outcomes if outcome.case in cases):
        yield _by_case(results, cases, "peak, in states", lambda *key: _of(results.find(*key), states))
    notes = [_note(outcome) for outcome in results.outcomes if outcome.case in cases and _note(outcome)]
    yield from ["\n".join(notes)] if notes else []


def _lines(results: Results, name: str) -> str:
    found = [(contestant, results.line(contestant, name)) for contestant in results.contestants()]
    rows = [(contestant, duration(line[0]), duration(line[1])) for contestant, line in found if line is not None]
    return _table(("least squares", "fixed", "a gate"), rows)


def _note(outcome: Outcome) -> str:
    if outcome.problem is not None:
        return f"- {outcome.contestant}, {outcome.case.place} {outcome.case.family.axis}: {outcome.problem}."
    text = agreement(outcome)
    return "" if text == "yes" else f"- {outcome.contestant}, {outcome.case.place} {outcome.case.family.axis}: {text}."


def _of(outcome: Outcome | None, show: Callable[[Outcome], str]) -> str:
    return "–" if outcome is None else show(outcome)


def _by_case(results: Results, cases: Sequence[Case], title: str, cell: Cell) -> str:
    rows = [(contestant, *(cell(contestant, case) for case in cases)) for contestant in results.contestants()]
    head = (title, *(f"{case.place} {case.family.axis}" for case in cases))
    return _table(head, [row for row in rows if set(row[1:]) != {"–"}])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

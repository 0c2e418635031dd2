"""The report of a run: a header, a row for each capability, and the same as JSON."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Any, Literal

import pytest
from rich.console import Console
from rich.table import Table

from ketgrad.protocol import ArrayBackend, Capability
from ketgrad_conformance.capabilities import Need

Outcome = Literal["passed", "failed", "known", "unsupported"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "known", "unsupported")
WIDTH = 100


@dataclass(frozen=True)
class Subject:
    """What a test is about: the part of the kit, and the capabilities it needs, or else its file's subject."""

    part: str
    group: str
    requires: tuple[str, ...]
    covers: tuple[str, ...]

    @classmethod
    def of(cls, item: pytest.Item) -> Subject:
        """Read it off a test's name and marks."""
        path = PurePosixPath(item.nodeid.partition("::")[0])
        needed = Need.of(item).capabilities
        names = tuple(name.value for name in Capability if name in needed)
        members = tuple(name for mark in item.iter_markers("covers") for name in mark.args)
        return cls(path.parent.name, " + ".join(names) or path.stem.removeprefix("test_"), names, members)


@dataclass
class Verdict:
    """How one test came out."""

    outcome: Outcome
    detail: str = ""


@dataclass
class Report:
    """The verdicts on one backend."""

    backend: ArrayBackend
    precisions: Sequence[str]
    subjects: dict[str, Subject] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def add(self, report: pytest.TestReport) -> None:
        """Take in what pytest tells of one phase of a test; a failure in any phase counts."""
        if report.failed:
            self.verdicts[report.nodeid] = Verdict("failed", _last_line(report))
        elif report.when == "call":
            self.verdicts[report.nodeid] = _verdict(report)

    def counts(self) -> dict[str, int]:
        """Return how many tests came out in each way."""
        counter = Counter(verdict.outcome for verdict in self.verdicts.values())
        return {outcome: counter[outcome] for outcome in OUTCOMES}

    def rows(self) -> dict[tuple[str, str], dict[str, int]]:
        """Return the counts for each (part, group): without capabilities first, then by capability."""
        rows: dict[tuple[str, str], Counter[str]] = {}
        for test in sorted(self.verdicts, key=lambda test: _order(self.subjects[test])):
            subject = self.subjects[test]
            rows.setdefault((subject.part, subject.group), Counter())[self.verdicts[test].outcome] += 1
        return {key: {outcome: counter[outcome] for outcome in OUTCOMES} for key, counter in rows.items()}

    def header(self) -> str:
        """Return the lines that say what is tested."""
        about = self._about()
        lines = [f"conformance of {about['backend']}"]
        lines += [f"  {name:<16}{_listed(about[name])}" for name in about if name != "backend"]
        return "\n" + "\n".join(lines) + "\n\n"

    def table(self, has_colour: bool = False) -> str:
        """Return the counts as a table for a terminal."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("part")
        table.add_column("capability or subject")
        for outcome in OUTCOMES:
            table.add_column(outcome, justify="right")
        for (part, group), counts in self.rows().items():
            table.add_row(part, group, *_cells(counts))
        table.add_row("", "", *[""] * len(OUTCOMES))
        table.add_row("all", "", *_cells(self.counts()), style="bold")
        console = Console(file=io.StringIO(), force_terminal=has_colour, width=WIDTH)
        console.print("\n", table, self._closing(), sep="\n")
        return console.file.getvalue()  # type: ignore[attr-defined]

    def to_json(self) -> str:
        """Return everything as JSON."""
        content = {
            **self._about(),
            "conforms": not self.counts()["failed"],
            "counts": self.counts(),
            "rows": [{"part": part, "group": group, **counts} for (part, group), counts in self.rows().items()],
            "tests": {
                test: {**asdict(self.subjects[test]), **asdict(verdict)} for test, verdict in self.verdicts.items()
            },
        }
        return json.dumps(content, indent=1) + "\n"

    def _about(self) -> dict[str, Any]:
        declared = self.backend.capabilities
        return {
            "backend": self.backend.name,
            "library_version": self.backend.library_version,
            "ketgrad_version": version("ketgrad"),
            "devices": _devices(self.backend),
            "precisions": list(self.precisions),
            "capabilities": [name.value for name in Capability if name in declared],
            "not_declared": [name.value for name in Capability if name not in declared],
        }

    def _closing(self) -> str:
        failed = self.counts()["failed"]
        if failed:
            return f"\n{self.backend.name} does not conform: {failed} of {len(self.verdicts)} tests failed.\n"
        return f"\n{self.backend.name} conforms to what it declares.\n"


def _devices(backend: ArrayBackend) -> list[str]:
    try:
        return list(backend.devices())
    except Exception as error:  # noqa: BLE001 - the header of a report must not be what fails
        return [f"unknown ({type(error).__name__})"]


def _verdict(report: pytest.TestReport) -> Verdict:
    if hasattr(report, "wasxfail"):
        return Verdict("known", report.wasxfail)
    missing = dict(report.user_properties).get("unsupported")
    return Verdict("unsupported", str(missing)) if missing else Verdict("passed")


def _last_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return (crash.message if crash else str(report.longrepr)).strip()


def _order(subject: Subject) -> tuple[Any, ...]:
    names = [name.value for name in Capability]
    return subject.part, len(subject.requires), [names.index(name) for name in subject.requires], subject.group


def _cells(counts: dict[str, int]) -> list[str]:
    return [str(counts[outcome] or "·") for outcome in OUTCOMES]


def _listed(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)

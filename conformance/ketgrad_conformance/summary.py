"""A table of several reports side by side, in Markdown, for documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ketgrad.errors import InvalidValueError
from ketgrad.protocol import Capability


def summary(paths: Sequence[Path]) -> str:
    """Return a Markdown table with a column for each report, as `--json` writes them, and a row for each capability.

    A cell counts the tests that need the capability and passed; "refused" stands for a capability that the backend does
    not declare and, as the tests found, refuses.

    Raises
    ------
    InvalidValueError
        If a file is no report.
    """
    reports = [_read(path) for path in paths]
    head = ["", *(f"{report['backend']} {report['library_version']}" for report in reports)]
    rows = [[capability.value, *(_cell(report, capability) for report in reports)] for capability in Capability]
    rows.append(["all tests", *(_total(report) for report in reports)])
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(report: dict[str, Any], capability: Capability) -> str:
    outcomes = [test["outcome"] for test in report["tests"].values() if capability.value in test["requires"]]
    if "failed" in outcomes:
        return f"{outcomes.count('failed')} of {len(outcomes)} failed"
    if capability.value in report["not_declared"]:
        return "refused"
    known = outcomes.count("known")
    return f"{outcomes.count('passed')} passed" + (f", {known} known failures" if known else "")


def _total(report: dict[str, Any]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in report["counts"].items() if count)


def _read(path: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(path.read_text())
        return {key: report[key] for key in ("backend", "library_version", "not_declared", "counts", "tests")}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InvalidValueError(f"{path} is no report of the conformance kit; write one with --json") from error

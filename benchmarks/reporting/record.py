"""A run as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.results import Results


def write(path: Path, results: Results) -> None:
    """Write all repeats, with machine, versions and settings; gradients are left out."""
    outcomes = []
    for outcome in results.outcomes:
        entry = asdict(outcome)
        del entry["gradient"]
        outcomes.append({**entry, "case": {"workload": outcome.case.workload, "place": outcome.case.place}})
    record = {
        "machine": results.machine,
        "settings": asdict(results.settings),
        "clock": results.clock,
        "outcomes": outcomes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")

"""The report for a terminal: a table no wider than 100 columns, and a sentence for each row that needs one."""

from __future__ import annotations

from io import StringIO
from textwrap import fill

from rich.console import Console
from rich.table import Table

from ketgrad.differentiate.explain.report import GradientReport
from ketgrad.differentiate.explain.sentences import report_sentences
from ketgrad.differentiate.explain.table import HEADINGS, rows

WIDTH = 100


def as_text(report: GradientReport) -> str:
    """Return the report as lines of plain text."""
    out = StringIO()
    table = Table(title=f"gradients at value {report.value:.6g}", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for _, cells in rows(report):
        table.add_row(*cells)
    Console(file=out, width=WIDTH, markup=False, color_system=None).print(table)
    drawn = [line.rstrip() for line in out.getvalue().splitlines()]
    lines = [fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in report_sentences(report)]
    return "\n".join([*drawn, *lines])

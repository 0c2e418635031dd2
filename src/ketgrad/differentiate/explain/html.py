"""The report for a notebook."""

from __future__ import annotations

from html import escape

from ketgrad.differentiate.explain.report import GradientReport
from ketgrad.differentiate.explain.sentences import report_sentences
from ketgrad.differentiate.explain.table import HEADINGS, rows
from ketgrad.differentiate.explain.verdicts import IN_THE_GRAPH


def as_html(report: GradientReport) -> str:
    """Return the report as a table and a list, all text escaped."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    body = "".join(_row(cells, verdict in IN_THE_GRAPH) for verdict, cells in rows(report))
    lines = "".join(f"<li>{escape(line)}</li>" for line in report_sentences(report))
    caption = f"<caption>gradients at value {report.value:.6g}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" + (
        f"<ul>{lines}</ul>" if lines else ""
    )


def _row(cells: tuple[str, ...], is_right: bool) -> str:
    *others, verdict = (escape(cell) for cell in cells)
    shown = verdict if is_right else f"<strong>{verdict}</strong>"
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in (*others, shown)) + "</tr>"

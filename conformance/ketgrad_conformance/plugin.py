"""The pytest plugin that makes a conformance run of the test files beside it.

It is named by `-p` in `pytest.ini`, since options declared in a conftest are not seen by `pytest --pyargs`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ketgrad.engine import Engine, get_engine, use_engine
from ketgrad.errors import KetgradError, PrecisionError
from ketgrad.precision import REAL_TYPE, Precision, get_precision, use_precision
from ketgrad.protocol import ArrayBackend, Capability
from ketgrad.registry import get_backend, use_backend
from ketgrad_conformance.capabilities import Need, refused
from ketgrad_conformance.known_failures import Table, known_failures, unmatched
from ketgrad_conformance.report import Report, Subject

PRECISIONS: tuple[Precision, ...] = ("double", "single")
ENGINES: tuple[Engine, ...] = ("auto", "traced")
"""On the processor "auto" takes the compiled engine, and the traced one for what that can't do."""
HERE = Path(__file__).parent
SIMULATOR = HERE / "simulator"
MARKERS = (
    "requires(*capabilities, refusal=UnsupportedError): what the test needs; refused where it is not declared",
    "covers(*members): the members of ArrayBackend that the test is about",
    "double_precision: names 64-bit types, and is left out where only single precision is asked for",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options that `ketgrad_conformance.run` gives."""
    group = parser.getgroup("ketgrad conformance")
    group.addoption("--ketgrad-backend", metavar="NAME", help="the backend to test (default: the one in force)")
    group.addoption("--ketgrad-precision", choices=(*PRECISIONS, "both"), default="both")
    group.addoption("--ketgrad-member", action="append", metavar="NAME", help="run only the tests about this member")
    group.addoption("--ketgrad-known", type=Path, metavar="FILE", help="a table of known failures, in TOML")
    group.addoption("--ketgrad-json", type=Path, metavar="FILE", help="write the report there as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Find the backend and what is known about it before anything is collected."""
    if config.rootpath != HERE:
        raise pytest.UsageError(f"tests of the kit are named from its own folder; give pytest -c {HERE / 'pytest.ini'}")
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    option = config.option
    precisions = PRECISIONS if option.ketgrad_precision == "both" else (option.ketgrad_precision,)
    try:
        with use_backend(option.ketgrad_backend or get_backend()) as backend:
            for precision in precisions:
                _check_precision(backend, precision)
        known = known_failures(backend.name, option.ketgrad_known)
    except KetgradError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(Conformance(backend, precisions, known, option.ketgrad_json), "conformance-run")


def _check_precision(backend: ArrayBackend, precision: Precision) -> None:
    try:
        with use_precision(precision):
            backend.zeros((), dtype=REAL_TYPE[precision])
    except PrecisionError:
        raise
    except Exception:  # noqa: BLE001 - whatever else is wrong, the tests will say it better
        return


class Conformance:
    """One run: the backend in force in every test, the two-sided rule, the known failures, and the report."""

    def __init__(
        self, backend: ArrayBackend, precisions: Sequence[Precision], known: Table, report_file: Path | None
    ) -> None:
        self.tested = backend
        self.precisions = precisions
        self.known = known
        self.report_file = report_file
        self.report = Report(backend, precisions)

    @pytest.fixture(scope="session")
    def backend(self) -> ArrayBackend:
        """The backend under test."""
        return self.tested

    @pytest.fixture(params=PRECISIONS)
    def precision(self, request: pytest.FixtureRequest) -> Precision:
        """Run the test once in each precision."""
        return request.param

    @pytest.fixture
    def engine(self, request: pytest.FixtureRequest) -> Engine:
        """Run the test once on each engine."""
        return request.param

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run all tests of the simulator on each engine, where the backend reaches more than one."""
        if SIMULATOR in metafunc.definition.path.parents:
            reachable = ENGINES if Capability.HOST_FUNCTION in self.tested.capabilities else ("traced",)
            metafunc.fixturenames.append("engine")
            metafunc.parametrize("engine", reachable, indirect=True)

    @pytest.fixture(autouse=True)
    def _in_force(self, request: pytest.FixtureRequest) -> Iterator[None]:
        engine: Engine = request.getfixturevalue("engine") if "engine" in request.fixturenames else "auto"
        asked = "precision" in request.fixturenames
        precision = request.getfixturevalue("precision") if asked else self.precisions[0]
        with use_backend(self.tested), use_precision(precision), use_engine(engine):
            yield
            left = (get_backend(), get_precision(), get_engine())
        assert left == (self.tested, precision, engine), f"the test left {left[0].name}, {left[1:]} in force"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Mark known failures, refuse those that match no test, and leave out precisions not asked for."""
        members = frozenset(config.getoption("--ketgrad-member") or ())
        files = [path.relative_to(HERE).as_posix() for path in HERE.rglob("test_*.py")]
        strangers = unmatched(self.known, [item.nodeid for item in items], files)
        if strangers:
            raise pytest.UsageError(f"known failure {strangers[0]!r} matches no test; correct it or take it out")
        for item in items:
            if item.nodeid in self.known:
                entry = self.known[item.nodeid]
                item.add_marker(pytest.mark.xfail(reason=f"{entry.kind}: {entry.reason}", strict=True))
        chosen = [item for item in items if self._is_asked_for(item, members)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
        self.report.subjects |= {item.nodeid: Subject.of(item) for item in items}

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Turn a test around where the backend does not declare what it needs."""
        need = Need.of(pyfuncitem)
        missing = need.missing(self.tested.capabilities)
        if not missing:
            return (yield)
        with refused(missing, need.refusal):
            yield
        pyfuncitem.user_properties.append(("unsupported", ", ".join(missing)))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test."""
        self.report.add(report)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Say what is tested."""
        self._write(session.config, self.report.header())

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the table."""
        terminalreporter.write(self.report.table(terminalreporter.hasmarkup))

    def pytest_sessionfinish(self) -> None:
        """Write the report as JSON."""
        if self.report_file:
            self.report_file.write_text(self.report.to_json(), encoding="utf-8")

    def _is_asked_for(self, item: pytest.Item, members: frozenset[str]) -> bool:
        if members and not members & frozenset(Subject.of(item).covers):
            return False
        if item.get_closest_marker("double_precision") and "double" not in self.precisions:
            return False
        callspec = getattr(item, "callspec", None)
        return callspec is None or callspec.params.get("precision") in (None, *self.precisions)

    def _write(self, config: pytest.Config, text: str) -> None:
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal:
            terminal.write(text)

"""The checks of this project: style, types and layers, tests without and with frameworks, conformance of each backend.

`nox` runs them all. Every session installs by pip with constraints.txt, in an environment that a second run uses again.
"""

from pathlib import Path

import nox

nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = ["lint", "types", "imports", "tests", "tests_all", "differential", "conformance", "agreement"]

FRAMEWORKS = {
    "numpy": "",
    "strict": "",
    "autoray": "",
    "pytorch": "torch",
    "jax": "jax",
    "tensorflow": "tensorflow",
}
REPORTS = Path("build/conformance")
PEERS = ("pennylane", "pennylane-lightning", "qulacs", "tensorcircuit-ng")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def install(session: nox.Session, *requirements: str) -> None:
    session.install("-c", "constraints.txt", *requirements)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting."""
    install(session, "ruff>=0.11")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, on the three packages."""
    install(session, "mypy>=1.15", "pytest", "-e", ".")
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """The layers: conformance over backends over ketgrad, and no framework in the core."""
    install(session, "import-linter>=2.1", "-e", ".")
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests with no framework beyond the core."""
    install(session, "-e", ".[dev]")
    session.run("pytest", "-n", "2", *session.posargs, env={"KETGRAD_TEST_BACKENDS": "numpy,strict"})


@nox.session
def tests_all(session: nox.Session) -> None:
    """The tests with all four frameworks in one environment."""
    install(session, "-e", ".[all,dev]")
    session.run(
        "pytest",
        "-n",
        "2",
        *session.posargs,
        env={"KETGRAD_TEST_BACKENDS": "numpy,strict,pytorch,jax,tensorflow", **ONE_THREAD},
    )


@nox.session
def differential(session: nox.Session) -> None:
    """Random circuits compared with Qiskit, and its simulator Aer as a device, which no other session has."""
    install(session, "pytest>=8", "pytest-xdist>=3.6", "-e", ".[qiskit]")
    options = ("-o", "pythonpath=.", "-n", "2")
    session.run("pytest", *options, "differential", *session.posargs, env=ONE_THREAD)


@nox.session
@nox.parametrize("backend", sorted(FRAMEWORKS))
def conformance(session: nox.Session, backend: str) -> None:
    """The conformance suite, each backend in an environment of its own."""
    extras = ",".join(filter(None, ("conformance", FRAMEWORKS[backend])))
    install(session, "-e", f".[{extras}]")
    REPORTS.mkdir(parents=True, exist_ok=True)
    report, record = REPORTS / f"{backend}.json", REPORTS / f"{backend}-record.json"
    session.run("ketgrad", "conformance", backend, "--json", str(report), env=ONE_THREAD)
    session.run("ketgrad", "conformance", backend, "--record", str(record), env=ONE_THREAD)


@nox.session
def agreement(session: nox.Session) -> None:
    """What `conformance` recorded, compared between backends to 1e-12, and its reports as one table."""
    install(session, "-e", ".[conformance]")
    records = sorted(map(str, REPORTS.glob("*-record.json")))
    reports = sorted(str(path) for path in REPORTS.glob("*.json") if str(path) not in records)
    session.run("python", "-m", "ketgrad_conformance", "--compare", *records)
    session.run("python", "-m", "ketgrad_conformance", "--summary", *reports)


@nox.session
def bench(session: nox.Session) -> None:
    """ketgrad side by side with other simulators; options after `--`. Not among the default sessions.

    Without options all goes to build/bench.*; `--write-docs` writes docs/benchmarks.md and its picture.
    """
    install(session, "-e", ".[all]")
    # An environment of their own: PennyLane pins an autoray that constraints.txt does not.
    python = Path(session.virtualenv.location).resolve() / "peers" / "bin" / "python"
    lines = Path("constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line.startswith(("torch=", "jax", "numpy="))]
    if not python.exists():
        session.run("python", "-m", "venv", str(python.parent.parent))
    session.run(str(python), "-m", "pip", "install", *pins, *PEERS, external=True)
    session.run("ketgrad", "warmup")  # once for an installation, so no part of a first call
    elsewhere = [f"--python={library}={python}" for library in ("pennylane", "qulacs", "tensorcircuit")]
    reports = ("--json", "build/bench.json", "--plot", "build/bench.png", "--markdown", "build/bench.md")
    session.run("python", "-m", "benchmarks", *elsewhere, *(session.posargs or reports))

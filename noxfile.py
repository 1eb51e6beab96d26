"""``nox`` runs what CI runs; ``nox --list`` shows the longer sessions."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "docs", "tests", "lowest"]
# The suite starts hundreds of interpreters, which would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PROJECT = nox.project.load_toml("pyproject.toml")["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]


def lowest(*requirements: str) -> list[str]:
    """Pin each requirement to the lowest version that it allows."""
    pinned = (re.match(r"([\w\[\],-]+)>=([\d.]+)", line) for line in requirements)
    return [f"{match[1]}=={match[2]}" for match in pinned if match]


LOWEST = [*lowest(*PROJECT["dependencies"]), *lowest(*EXTRAS["s3fs"])]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff>=0.13")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.install(".[dev]")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the suite on the newest versions."""
    session.install(".[dev]")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(name="lowest")
def lowest_versions(session: nox.Session) -> None:
    """Run a smoke set on the lowest versions of all requirements."""
    session.install(".[dev]", *LOWEST)
    session.run("pytest", "-n", "auto", "-m", "smoke", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the docs; a broken link is an error."""
    session.install("mkdocs-material")
    session.run("mkdocs", "build", "--strict", "--quiet", "--site-dir", session.create_tmp())


@nox.session
def whole(session: nox.Session) -> None:
    """Run what is long: under pytest-xdist, beside other start-up hooks, 1,000 mocks, parity."""
    tracers = ["coverage", "opentelemetry-distro", "opentelemetry-instrumentation-botocore"]
    programs = ["celery", "ddtrace", "gunicorn", "ipykernel", "jupyter_client", "uvicorn"]
    session.install(".[dev]", *tracers, *programs)
    names = (
        *("borders", "endpoints", "leftovers"),
        *("programs", "projects", "pytest_plugin", "speed_parity"),
    )
    tests = [f"tests/test_{name}.py" for name in names]
    session.run("pytest", "-n", "auto", "-m", "long or not long", *tests, *session.posargs)


@nox.session
def parity(session: nox.Session) -> None:
    """Compare every operation of every service that moto knows."""
    session.install(".[dev]")
    tests = ("tests/test_parity.py", "tests/test_speed_parity.py")
    session.run("pytest", "-n", "auto", "-m", "long", *tests, *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure against plain moto with boto3; `python -m tests.benchmarks` prints Markdown."""
    session.install(".[dev]")
    session.run("pytest", "-m", "long", "-s", "tests/benchmarks", *session.posargs)


PROPERTIES = ["nesting", "nesting_modes", "reach", "fuzz_http", "fuzz_settings"]


@nox.session
def fuzz(session: nox.Session) -> None:
    """Draw many examples for each property, and new ones each time."""
    session.install(".[dev]")
    tests = [f"tests/test_{name}.py" for name in PROPERTIES]
    session.run("pytest", "-n", "auto", "--hypothesis-profile=fuzz", *tests, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure the branches that the suite takes, its subprocesses too, and list the others."""
    session.install(".[dev]", "coverage>=7.10", *NATIVES["newest"])
    env = {"COVERAGE_FILE": str(Path(session.virtualenv.location).resolve() / "coverage")}
    words = ["coverage", "run", "-m", "pytest", "-n", "auto", *session.posargs]
    session.run(*words, env=env, success_codes=[0, 1])  # a tracer is in the way of some tests
    session.run("coverage", "combine", "--quiet", env=env)
    session.run("coverage", "report", "--show-missing", "--skip-covered", env=env)


@nox.session
def offline(session: nox.Session) -> None:
    """Run the suite where there is no network but loopback (Linux): whatever leaves fails."""
    session.install(".[dev]", *NATIVES["newest"])
    line = 'ip link set lo up && exec "$0" -n auto "$@"'
    pytest = str(Path(session.bin) / "pytest")
    words = ["unshare", "-rn", "sh", "-c", line, pytest, *session.posargs]
    session.run(*words, external=True)


@nox.session
def soak(session: nox.Session) -> None:
    """Mix everything at random for 10 minutes, or as many as are given."""
    session.install(".[dev]")
    session.run("python", "tests/soak.py", *(session.posargs or ["10"]))


@nox.session
def clusters(session: nox.Session) -> None:
    """Run server mode under pytest-xdist, Dask and Ray, and with the aws command."""
    session.install(".[dev]", "dask[dataframe]", "distributed", "ray")
    # Of its own: it pins botocore.
    commands = Path(session.virtualenv.location).resolve() / "awscli"
    session.run("python", "-m", "venv", "--clear", str(commands))
    session.run(str(commands / "bin" / "pip"), "install", "--quiet", "awscli", external=True)
    path = os.pathsep.join([*session.bin_paths, str(commands / "bin"), os.environ["PATH"]])
    tests = [f"tests/test_{name}.py" for name in ("xdist", "distributed", "children", "readme")]
    session.run("pytest", "-m", "long or not long", *tests, *session.posargs, env={"PATH": path})


AIOBOTO3 = ["aioboto3==15.5.0", "aiobotocore==2.25.1"]


@nox.session
def aioboto3(session: nox.Session) -> None:
    """Run the tests of aioboto3, which allows one version of aiobotocore only."""
    session.install(".[dev]", *AIOBOTO3)
    session.run("pytest", "-n", "auto", "tests/test_aioboto3.py", *session.posargs)


DATA = {
    # Built for numpy 1, which its metadata does not say.
    "lowest": [*LOWEST, *lowest(*EXTRAS["pandas"]), "numpy<2"],
    "middle": ["s3fs==2025.12.0", "pandas==2.3.3", "pyarrow==18.1.0"],
    "newest": [],
}


@nox.session
@nox.parametrize("versions", [*DATA])
def data(session: nox.Session, versions: str) -> None:
    """Run the tests of the data libraries on old versions of them."""
    session.install(".[dev]", *DATA[versions])
    tests = [f"tests/test_{name}.py" for name in ("data_libraries", "pandas", "s3fs_lifetime")]
    session.run("pytest", "-n", "auto", *tests, *session.posargs)


READERS = ["deltalake==1.6.0", "duckdb==1.2.0", "obstore==0.7.0", "polars==1.31.0"]
NATIVES = {
    # Without daft: the oldest goes with no deltalake of this range.
    "lowest": [
        *READERS,
        *("pyiceberg[glue,sql-sqlite]==0.8.0", "pylance==0.33.0"),
        *("pandas<3", "pyarrow==18.1.0", "numpy<2"),  # what these were built with
    ],
    "newest": ["daft", "pyiceberg[sql-sqlite]", "pylance"],
}


@nox.session
@nox.parametrize("versions", [*NATIVES])
def natives(session: nox.Session, versions: str) -> None:
    """Run the tests of native readers with all of their libraries."""
    session.install(".[dev]", "dask[dataframe]", "zarr", *NATIVES[versions])
    tests = [f"tests/test_natives{name}.py" for name in ("", "_round_trip", "_rules")]
    # Apart: polars before 1.39 reads a URL from the endpoint that it has read it from before.
    for mode in ("server", "not server"):
        session.run("pytest", "-n", "auto", "-k", mode, *tests, *session.posargs)


@nox.session(python=PYTHONS)
@nox.parametrize("versions", ["newest", "aioboto3", "lowest"])
def matrix(session: nox.Session, versions: str) -> None:
    """Run the whole suite on every Python and three sets of versions."""
    if versions == "lowest" and session.python not in {"3.10", "3.11", "3.12"}:
        session.skip("pandas 2.2.0 and pyarrow 15 have no wheels for Python 3.13 and later")
    pins = {
        "newest": [],
        "aioboto3": AIOBOTO3,
        "lowest": [*DATA["lowest"], *READERS],
    }
    session.install(".[dev]", *pins[versions])
    # These readers do not work with the lowest pyarrow and moto; they have a session: natives.
    left_out = ["--ignore-glob=*test_natives*"] if versions == "lowest" else []
    session.run("pytest", "-n", "auto", *left_out, *session.posargs)

"""pytest's side of aiomoto: fixtures, a marker, and whole runs in a mock.

Loaded in every pytest run of the environment, so it imports nothing but pytest until it is used.

PYTEST_DONT_REWRITE: it has no assertions, and is not worth the time.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiomoto.mocking import MockAWS

_MODES = ("in-process", "server", "off")
_RESETS = ("test", "class", "module", "session")
_MARKER = (
    "mock_aws(config, region, server_mode, ...): mock AWS for each test; options of mock_aws()"
)


class Suite(NamedTuple):
    """How AWS is mocked for the whole run.

    Attributes:
        mode: ``in-process``, ``server`` or ``off``; the value of AIOMOTO_AUTO where that asks.
        reset: what each of starts from nothing: ``test``, ``class``, ``module`` or ``session``.
        auto: ``AIOMOTO_AUTO`` asks for it, and not an option of pytest.
    """

    mode: str
    reset: str
    auto: bool


_SUITE = pytest.StashKey[Suite]()
_MOCKS = pytest.StashKey[ExitStack]()  # of a test with the marker
_LAST = pytest.StashKey[object]()  # what was the last to start from nothing
_active: list[str] = []  # the fixtures and markers whose mocks are active, by name


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("aiomoto", "aiomoto: AWS mocked by moto")
    group.addoption(
        "--mock-aws",
        nargs="?",
        const="in-process",
        type=_one_of("--mock-aws", _MODES),
        metavar="MODE",
        help="mock AWS for the whole run: in-process (the default), server or off",
    )
    group.addoption(
        "--mock-aws-reset",
        type=_one_of("--mock-aws-reset", _RESETS),
        metavar="SCOPE",
        help="what starts from an empty AWS then: each test (the default), class, module, "
        "or the session only (the default under AIOMOTO_AUTO)",
    )
    parser.addini("mock_aws", "the same as --mock-aws: in-process, server or off")
    parser.addini("mock_aws_reset", "the same as --mock-aws-reset: test, class, module or session")


def _one_of(name: str, allowed: tuple[str, ...]) -> Any:
    def check(value: str) -> str:
        if value in allowed:
            return value
        choices = ", ".join(allowed)
        message = f"{name} is one of {choices}, not {value!r} (write {name}={allowed[0]})"
        raise ArgumentTypeError(message)

    return check


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Mock before any conftest.py is imported."""
    _switch_on(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; mock, where a conftest.py has loaded this plugin."""
    config.addinivalue_line("markers", _MARKER)
    _switch_on(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the process as it was."""
    suite = config.stash.get(_SUITE, None)
    if suite is not None and suite.mode != "off" and not suite.auto:
        from aiomoto import _ambient

        _ambient.stop()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say that AWS is mocked."""
    mode, reset, auto = config.stash[_SUITE]
    if mode == "off":
        return None
    by = "AIOMOTO_AUTO=" if auto else "mock_aws: "
    data = "one for all tests" if reset == "session" else f"a new one for each {reset}"
    return f"aiomoto: AWS is mocked for the whole run ({by}{mode}), {data}"


def _switch_on(config: pytest.Config) -> None:
    if _SUITE in config.stash:
        return
    mode, reset = (_setting(config, name, allowed) for name, allowed in _SETTINGS.items())
    activation = sys.modules.get("aiomoto._activation")
    auto = activation is not None and activation.state.ambient is not None
    if auto:
        config.stash[_SUITE] = Suite(os.environ["AIOMOTO_AUTO"], reset or "session", auto)
        return
    config.stash[_SUITE] = Suite(mode or "off", reset or "test", auto)
    if mode in {None, "off"}:
        return
    from aiomoto import _hook, _patches, _startup
    from aiomoto._activation import state

    _hook.install()
    _startup.wish("server-per-process" if mode == "server" else mode)
    state.quiet = True  # the header says it
    _patches.sweep()  # where there is no .pth: what the plugins before this one have imported


_SETTINGS = {"mock_aws": _MODES, "mock_aws_reset": _RESETS}


def _setting(config: pytest.Config, name: str, allowed: tuple[str, ...]) -> str | None:
    option: str | None = getattr(config.known_args_namespace, name, None)
    value = option or config.getini(name) or None
    if value is not None and value not in allowed:
        raise pytest.UsageError(f"{name} = {value} in {config.inipath}: it is one of {allowed}")
    return value


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start from nothing, and enter the marker's mock, before any fixture is set up."""
    suite = item.config.stash[_SUITE]
    if suite.mode != "off":
        _reset(item, suite.reset)
    marker = item.get_closest_marker("mock_aws")
    if marker is not None:
        item.stash[_MOCKS] = stack = ExitStack()
        stack.enter_context(_mocked(f"the marker mock_aws of {item.nodeid}", **marker.kwargs))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Leave the marker's mock when all fixtures of the test are gone."""
    yield
    item.stash.get(_MOCKS, ExitStack()).close()


def _reset(item: pytest.Item, scope: str) -> None:
    """Drop the data of the whole run's mock where a test, class, module or session begins."""
    kind: Any = {"class": pytest.Class, "module": pytest.File, "session": pytest.Session}.get(scope)
    unit = object() if kind is None else item.getparent(kind) or item
    last = item.config.stash.get(_LAST, item.session)
    item.config.stash[_LAST] = unit
    if unit is not last:
        from aiomoto import _ambient

        _ambient.reset()


@contextmanager
def _mocked(who: str, *, region: str | None = None, **options: Any) -> Iterator[MockAWS]:
    """Mock AWS on behalf of a fixture or a marker."""
    from aiomoto import ModeConflictError, mock_aws

    mock: MockAWS = mock_aws(**options)
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("AWS_DEFAULT_REGION", "AWS_REGION"):
            if region is not None:
                patch.setenv(variable, region)
        try:
            mock.start()
        except ModeConflictError as error:
            others = " and ".join(_active) or "another mock"
            message = f"{who} cannot mock AWS while {others} does: {error}"
            raise ModeConflictError(message) from None
        _active.append(who)
        try:
            yield mock
        finally:
            _active.remove(who)
            mock.stop()


@pytest.fixture
def mock_aws_session() -> Iterator[MockAWS]:
    """Mock AWS in this process for one test: the mock, which has ``reset()``."""
    with _mocked("the fixture mock_aws_session") as mock:
        yield mock


@pytest.fixture(scope="session")
def aiomoto_server() -> Iterator[MockAWS]:
    """Mock AWS by a server for the rest of the run: the mock, which has ``server_endpoint``.

    Where the whole run is led to a server already, it is the mock of that one.
    """
    from aiomoto import _ambient

    whole_runs = _ambient.server_mock()
    if whole_runs is not None:
        yield whole_runs
        return
    with _mocked("the fixture aiomoto_server", server_mode=True) as mock:
        yield mock

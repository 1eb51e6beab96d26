"""The patch table: what it says is true, and what does not fit fails closed."""

from __future__ import annotations

import importlib
import re
import sys
from importlib.metadata import requires
from types import ModuleType

import pytest

from aiomoto import UnsupportedVersionError, _hook, _patches, mock_aws
from aiomoto._patches.table import RANGES, ROWS, SOME, Row, specifier

# The newest versions that were tested, before which `rows_speed.NEWEST` ends.
NEWEST = {"aiobotocore": (3, 10, 0), "botocore": (1, 43, 117), "moto": (5, 2, 5)}

IDS = [f"{row.module}.{row.target}" for row in ROWS]


def test_hook_watches_exactly_the_modules_of_the_table():
    watched = _hook.TARGETS | _hook.COMMON
    own = {name for name in watched if name.partition(".")[0] in RANGES}
    assert own == {name for row in ROWS for name in (row.module, row.dist)}


def test_ranges_are_those_of_the_requirements():
    found = {}
    for requirement in requires("aiomoto"):
        match = re.fullmatch(r"([\w-]+)([<>=.,\d]+)( ?; ?extra ?==.*)?", requirement)
        if match and match[1] in RANGES and match[1] not in _hook.COMMON:
            found.setdefault(match[1], set()).add(frozenset(match[2].split(",")))
    assert found == {
        name: {frozenset(specifier(*bounds).split(","))}
        for name, bounds in RANGES.items()
        if name != "botocore" and name not in _hook.COMMON
    }
    assert RANGES["botocore"] == RANGES["boto3"]


def test_rows_neither_repeat_nor_overlap():
    assert len({(row.module, row.target, row.low) for row in ROWS}) == len(ROWS)
    assert all(row.high is None or row.low < row.high for row in ROWS)
    assert all(
        row.why and row.role in {"door", "guard", "endpoint", "reader", "state", "speed"}
        for row in ROWS
    )


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_row_is_applied_to_what_clients_use(row):
    try:
        module = importlib.import_module(row.module)
    except ModuleNotFoundError:
        pytest.skip(f"{row.module} is not in this version")
    _patches.sweep()
    version = _patches.parse_version(_patches._version(row.dist))
    if row.role == "speed" and not row.low <= version < row.high:
        pytest.skip("only for the versions that it is known for")
    state = dict(_patches.report())[row]
    if row.role == "speed" and state.startswith("takes") and version != NEWEST[row.dist]:
        pytest.skip(f"only where the structure is that of the newest version: {state}")
    if row.target == "read_parquet_metadata" and version < (1, 34):
        pytest.skip("it has no storage_options yet, and reads no URLs")
    assert state == "applied"
    target = _patches._target(row, module)
    if row.optional and target is None:
        pytest.skip(f"{row.target} is not in this version")
    assert target._self_wrapper.__module__.startswith("aiomoto._patches.")


def wrap(wrapped, instance, args, kwargs):
    return "wrapped"


def explode(wrapped, instance, args, kwargs):
    raise AssertionError("a wrapper that was not to be reached")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Make a distribution with one function, and a row for it."""

    def make(
        version="1.2",
        source="def f(a, b): return 'original'",
        params=("a", "b"),
        role="door",
        wrapper="wrap",
        **row,
    ):
        (tmp_path / "aiomoto_fit.py").write_text(f"__version__ = {version!r}\n{source}\n")
        made = Row(
            "aiomoto_fit", "f", params, f"{__name__}:{wrapper}", role, "", (1, 0), (2,), **row
        )
        monkeypatch.setattr(_patches, "_rows", [*_patches._rows, made])
        monkeypatch.setattr(_hook, "TARGETS", {*_hook.TARGETS, "aiomoto_fit"})

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr(_patches, "_problems", dict(_patches._problems))
    _hook.install()
    yield make
    sys.modules.pop("aiomoto_fit", None)


def load():
    return importlib.import_module("aiomoto_fit")


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "1.2.3rc1", "1.99", "1.2.dev4+g1234"])
def test_versions_inside_the_range_are_patched(toy, version):
    toy(version)
    assert load().f(1, 2) == "wrapped"


MISFITS = {
    "newer": ({"version": "2.0"}, "newer than any"),
    "older": ({"version": "0.9"}, "older than any"),
    "gone": ({"source": "g = 1"}, "does not exist"),
    "parameters": ({"source": "def f(a, c): pass"}, r"takes \('a', 'c'\), not \('a', 'b'\)"),
    "patch raises": ({"wrapper": "no_such_function"}, "could not be patched"),
}


@pytest.mark.parametrize("case", MISFITS)
@pytest.mark.parametrize("role", ["door", "guard", "state"])
def test_misfit_is_silent_while_inactive_and_stops_a_mock(toy, case, role):
    options, reason = MISFITS[case]
    toy(role=role, **options)
    module = load()  # silent
    if hasattr(module, "f") and case != "parameters":
        assert module.f(1, 2) == "original"
    with pytest.raises(UnsupportedVersionError, match=reason) as caught, mock_aws():
        pytest.fail("entered a mock that could let requests out")
    error = caught.value
    assert (error.distribution, error.supported, error.target) == (
        "aiomoto_fit",
        ">=1.0,<2",
        "aiomoto_fit.f",
    )
    assert error.found == options.get("version", "1.2")
    assert all(
        part in str(error) for part in (error.found, error.supported, error.target, "doctor")
    )


def test_moto_mocks_are_stopped_too(toy):
    import moto

    toy("3.0")
    load()
    with pytest.raises(UnsupportedVersionError), moto.mock_aws():
        pytest.fail("entered a mock that could let requests out")


def test_importing_a_misfit_under_an_active_mock_raises_and_can_be_retried(toy):
    toy("2.0")
    with mock_aws():
        for _ in range(2):
            with pytest.raises(UnsupportedVersionError):
                load()
    assert load().f(1, 2) == "original"


@pytest.mark.parametrize("role", ["speed", "reader", "endpoint"])
def test_other_roles_are_left_out(toy, role):
    toy("2.0", role=role)
    assert load().f(1, 2) == "original"
    with mock_aws():
        pass


@pytest.mark.parametrize(("copied", "held"), [(True, "wrapped"), (False, "original")])
def test_copies_that_modules_took_by_name_are_patched_where_the_row_says_so(toy, copied, held):
    toy(copied=copied)
    _hook.uninstall()
    try:
        user = ModuleType("aiomoto_fit_user")
        user.f = load().f
    finally:
        _hook.install()
    sys.modules[user.__name__] = user
    try:
        _patches.sweep()
        assert (user.f(1, 2), load().f(1, 2)) == (held, "wrapped")
    finally:
        del sys.modules[user.__name__]


def test_parameters_that_the_wrapper_relies_on_must_be_there(toy):
    toy(params=(SOME, "missing"))
    load()
    with pytest.raises(UnsupportedVersionError, match=r"no \['missing'\]"), mock_aws():
        pytest.fail("entered a mock that could let requests out")


def test_other_parameters_may_come_and_go_where_the_row_says_so(toy):
    toy(params=(SOME, "b"))
    assert load().f(1, 2) == "wrapped"


def test_optional_target_may_be_missing(toy):
    toy(source="g = 1", optional=True)
    load()
    with mock_aws():
        pass


def test_problem_is_forgotten_with_its_module(toy):
    toy("2.0")
    load()
    del sys.modules["aiomoto_fit"]
    with mock_aws():
        pass


def test_unsupported_warn_goes_on_where_the_target_still_fits(toy, monkeypatch):
    monkeypatch.setenv("AIOMOTO_UNSUPPORTED", "warn")
    toy("2.0")
    assert load().f(1, 2) == "wrapped"


def test_unsupported_warn_does_not_patch_what_does_not_fit(toy, monkeypatch):
    monkeypatch.setenv("AIOMOTO_UNSUPPORTED", "warn")
    toy("2.0", source="def f(other): return 'original'")
    load()
    with pytest.raises(UnsupportedVersionError, match="takes"), mock_aws():
        pytest.fail("entered a mock that could let requests out")


@pytest.mark.parametrize("unsupported", ["", "warn"])
def test_speed_rows_end_with_the_versions_that_they_are_known_for(toy, monkeypatch, unsupported):
    monkeypatch.setenv("AIOMOTO_UNSUPPORTED", unsupported)
    toy("2.0", role="speed")
    assert load().f(1, 2) == "original"
    with mock_aws():
        pass


def test_speed_rows_leave_somebody_elses_patch_alone(toy):
    toy(source="from json import dumps as f", role="speed")
    assert load().f(1) == "1"


def test_speed_rows_leave_alone_what_somebody_else_wraps(toy):
    source = """
import wrapt
@wrapt.decorator
def traced(wrapped, instance, args, kwargs): return "traced " + wrapped(*args, **kwargs)
@traced
def f(a, b): return "original"
"""
    toy(source=source, role="speed")
    assert load().f(1, 2) == "traced original"


@pytest.mark.parametrize(
    "case", [{"version": "2.0", "role": "speed"}, {"source": "", "optional": True}, {}]
)
def test_what_is_settled_is_not_looked_at_again(toy, monkeypatch, case):
    toy(**case)
    load()
    _patches.sweep()
    looked_at = []
    monkeypatch.setattr(_patches, "_apply", lambda rows, _: looked_at.extend(rows))
    _patches.sweep()
    assert "aiomoto_fit" not in {row.module for row in looked_at}


def test_somebody_elses_patch_is_wrapped_and_not_judged(toy):
    toy(source="from json import dumps as f")
    assert load().f(1, 2) == "wrapped"


def test_entering_reads_no_package_metadata(monkeypatch):
    import importlib.metadata

    import importlib_metadata

    mock_aws()

    def fail(*_, **__):
        raise AssertionError("read package metadata")

    for module in (importlib.metadata, importlib_metadata):
        for name in ("version", "distribution", "distributions", "entry_points"):
            monkeypatch.setattr(module, name, fail)
    with mock_aws():
        pass


def third_party(tmp_path, rows=None):
    """Make a distribution that patches itself by an entry point; return its folder."""
    site = tmp_path / "site"
    info = site / "thirdparty-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aiomoto.patches]\nrows = thirdparty_rows:ROWS\n")
    (site / "thirdparty.py").write_text("def f(a): return 'original'\n")
    (site / "thirdparty_rows.py").write_text(
        rows
        or "from aiomoto._patches.table import Row\n"
        "ROWS = [Row('thirdparty', 'f', ('a',), 'thirdparty_rows:wrap', 'reader', 'a test', (1,), (2,))]\n"
        "def wrap(wrapped, instance, args, kwargs): return 'wrapped'\n"
    )
    return site


def test_third_parties_add_rows_by_an_entry_point(run, tmp_path):
    code = (
        "import thirdparty; from aiomoto import mock_aws\nwith mock_aws(): print(thirdparty.f(1))"
    )
    done = run("-c", code, PYTHONPATH=third_party(tmp_path))
    assert done.out == "wrapped\n", done.err


def test_rows_of_third_parties_hold_for_motos_own_mock_and_auto(run, tmp_path):
    site = third_party(tmp_path)
    use = "import thirdparty; assert thirdparty.f(1) == 'wrapped'; print('ok')"
    done = run("-c", f"import moto\nwith moto.mock_aws():\n  {use}", PYTHONPATH=site)
    assert done.out == "ok\n", done.err
    auto = {"AIOMOTO_AUTO": "1", "AIOMOTO_QUIET": "1"}
    done = run("-c", f"import boto3; boto3.client('sts')\n{use}", PYTHONPATH=site, **auto)
    assert done.out == "ok\n", done.err


def test_broken_rows_of_third_parties_are_named_when_a_mock_is_entered(run, tmp_path):
    site = third_party(tmp_path, rows="raise RuntimeError('no luck')")
    done = run("-c", "import moto, boto3; print('silent')", PYTHONPATH=site)
    assert (done.out, done.err) == ("silent\n", "")
    done = run("-c", "import moto\nwith moto.mock_aws(): pass", PYTHONPATH=site)
    assert done.code == 1
    assert "AiomotoError: aiomoto cannot read the patches of thirdparty" in done.err
    assert "no luck" in done.err
    assert "Upgrade or uninstall thirdparty." in done.err


def test_target_that_is_put_back_unpatched_is_patched_again(toy, monkeypatch):
    toy()
    original = importlib.import_module("aiomoto_fit").__dict__["f"].__wrapped__
    monkeypatch.setattr(load(), "f", original)  # as an undo of a patch that came first does
    assert load().f(1, 2) == "original"
    with mock_aws():
        assert load().f(1, 2) == "wrapped"
    with mock_aws():
        assert load().f.__wrapped__ is original


def test_broken_wrapt_is_silent_while_inactive(toy, monkeypatch):
    toy()
    monkeypatch.setitem(sys.modules, "wrapt", None)
    assert load().f(1, 2) == "original"
    with pytest.raises(UnsupportedVersionError, match="wrapt"), mock_aws():
        pytest.fail("entered a mock that could let requests out")
    monkeypatch.undo()


def test_broken_wrapt_stops_a_mock_that_is_the_first_to_import_moto(run):
    """moto's own start cannot refuse then: that could not be patched either."""
    code = "import sys; sys.modules['wrapt'] = None; import aiomoto; aiomoto.mock_aws().start()"
    done = run("-c", code)
    assert "UnsupportedVersionError: aiomoto cannot mock" in done.err


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5.2.5", (5, 2, 5)),
        ("3.10.0.post1", (3, 10, 0)),
        ("1.2rc1", (1,)),
        ("", ()),
        ("2026.9.0", (2026, 9, 0)),
    ],
)
def test_versions_are_read_by_their_leading_numbers(text, numbers):
    assert _patches.parse_version(text) == numbers

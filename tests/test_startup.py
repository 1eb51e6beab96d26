"""The start-up hook costs next to nothing and never breaks an interpreter."""

from __future__ import annotations

import json

import pytest

HEAVY = {
    "moto",
    "boto3",
    "botocore",
    "aiobotocore",
    "wrapt",
    "typing",
    "asyncio",
    "importlib_metadata",
}
MODULES = "import sys, json; print(json.dumps(sorted(sys.modules)))"


def modules(run, *words, **environ):
    return set(json.loads(run(*words, "-c", MODULES, **environ).out))


def test_interpreter_start_loads_three_modules(run):
    added = modules(run) - modules(run, "-S")
    ours = {name for name in added if name.startswith("aiomoto")}
    assert ours == {"aiomoto", "aiomoto._startup", "aiomoto._hook"}


def test_interpreter_start_loads_nothing_heavy_by_us(run, tmp_path):
    code = (
        "import sys, os; before = set(sys.modules); import aiomoto._startup; aiomoto._startup.main();"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = run("-S", "-c", f"import sys; sys.path[:0] = {_import_path()!r}; {code}")
    assert done.out.split() == ["aiomoto", "aiomoto._hook", "aiomoto._startup"]


def test_importing_aiomoto_loads_nothing_else(run):
    code = f"import sys; before = set(sys.modules); import aiomoto; {MODULES}"
    loaded = set(json.loads(run("-c", code).out)) - modules(run)
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith("aiomoto")}


def test_auto_loads_only_the_activation_and_the_gateway_until_aws_is_needed(run):
    loaded = modules(run, AIOMOTO_AUTO="1") - modules(run)
    stdlib = {"__future__", "_socket", "_weakrefset", "functools", "threading"}
    assert loaded - stdlib == {"aiomoto._activation", "aiomoto._gateway"}


def test_main_twice_installs_one_finder(run):
    code = (
        "import sys, aiomoto._startup as s; s.main(); s.main();"
        "print(sum(type(f).__module__ == 'aiomoto._hook' for f in sys.meta_path))"
    )
    assert run("-c", code).out == "1\n"


def test_disable_leaves_the_interpreter_alone(run):
    done = run("-c", f"{MODULES}; print(sys.meta_path)", AIOMOTO_DISABLE="1")
    assert "aiomoto._hook" not in done.out
    assert done.err == ""


def test_disable_wins_over_auto_and_says_so_once(run):
    done = run(
        "-c",
        "import os; print(os.environ.get('AWS_ACCESS_KEY_ID'))",
        AIOMOTO_DISABLE="yes",
        AIOMOTO_AUTO="1",
    )
    assert done.out == "None\n"
    assert done.err.count("\n") == 1
    assert "AIOMOTO_DISABLE" in done.err
    assert "NOT mocked" in done.err


def test_disabled_process_still_mocks_explicitly(run):
    code = """
import boto3, aiomoto
with aiomoto.mock_aws():
    print(boto3.client("sts").get_caller_identity()["Account"])
"""
    assert run("-c", code, AIOMOTO_DISABLE="1").out == "123456789012\n"


@pytest.mark.parametrize("value", ["0", "false", "No", " off ", ""])
def test_auto_off_is_off(run, value):
    done = run("-c", "import os; print(os.environ.get('AWS_ACCESS_KEY_ID'))", AIOMOTO_AUTO=value)
    assert (done.out, done.err) == ("None\n", "")


def test_failing_hook_does_not_break_the_interpreter(run):
    code = """
import sys, aiomoto._startup as s
s._done = False
sys.meta_path = None
s.main()
print("alive")
"""
    done = run("-c", code)
    assert done.out == "alive\n"
    assert done.err.count("\n") == 1
    assert "start-up hook failed" in done.err


def test_public_names_are_all_there_and_documented():
    import aiomoto

    for name in aiomoto._HOMES:
        assert getattr(aiomoto, name).__doc__
        assert name in dir(aiomoto)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = aiomoto.nothing_like_it


def _import_path():
    import aiomoto

    return [aiomoto.__path__[0].removesuffix("/aiomoto")]

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


REAL = dict.fromkeys(
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ],
    "real",
)
OURS = {"aiomoto", "aiomoto._startup", "aiomoto._hook"}


def modules(run, *words, **environ):
    return set(json.loads(run(*words, "-c", MODULES, **environ).out))


def bare(run, code):
    """Run code in an interpreter that has read no ``.pth``, and so loaded nothing of ours."""
    path = f"import sys; sys.path[:0] = {_import_path()!r}"
    done = run("-I", "-S", "-c", f"{path}; before = set(sys.modules); {code}")
    assert done.code == 0, done.err
    return set(json.loads(done.out))


ADDED = "import json; print(json.dumps(sorted(set(sys.modules) - before - {'json'})))"


def test_interpreter_start_loads_three_modules(run):
    """Beside ``os``, which every interpreter loads that reads a ``.pth``."""
    started = f"import os, aiomoto._startup; aiomoto._startup.main(); {ADDED}"
    assert bare(run, started) - bare(run, f"import os; {ADDED}") == OURS


def test_the_pth_does_that_and_no_more(run):
    started = modules(run)
    assert {name for name in started if name.startswith("aiomoto")} == OURS
    assert not (started - modules(run, "-S")) & HEAVY


def test_importing_aiomoto_loads_nothing_else(run):
    assert bare(run, f"import aiomoto; {ADDED}") - bare(run, ADDED) == {"aiomoto"}


def test_auto_loads_only_the_activation_and_the_gateway_until_aws_is_needed(run):
    loaded = modules(run, AIOMOTO_AUTO="1") - modules(run)
    stdlib = {"__future__", "_socket", "_weakrefset", "functools", "threading", "warnings"}
    stdlib |= {"_xxsubinterpreters", "_interpreters"}  # the one or the other
    assert loaded - stdlib == {
        "aiomoto._activation",
        "aiomoto._environ",
        "aiomoto._gateway",
        "aiomoto._layers",
    }


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
    assert "mock_aws() works" in done.err


FAIL = """
import os, sys, aiomoto, aiomoto._startup as s
s._done = False
{failure}
s.main()
try:
    import boto3
except ImportError as error:
    print(error)
print([name for name, value in os.environ.items() if "real" in value])
"""


@pytest.mark.parametrize(
    "failure",
    [
        "sys.meta_path = tuple(f for f in sys.meta_path if type(f) is not aiomoto._hook.Finder)",
        "del aiomoto._hook; sys.modules['aiomoto._hook'] = None",
        "sys.modules['aiomoto._activation'] = None",
        "sys.modules['aiomoto._activation'] = sys.stderr = None",
    ],
)
def test_failing_hook_keeps_aws_out_of_reach_under_auto(run, failure):
    done = run(
        "-c", "import os; os.environ['AIOMOTO_AUTO'] = '1'" + FAIL.format(failure=failure), **REAL
    )
    refused, real, *_ = done.out.splitlines()
    assert "AIOMOTO_AUTO cannot mock AWS" in refused
    assert real == "[]"
    assert ("AIOMOTO_AUTO cannot mock AWS" in done.err) == ("stderr" not in failure)


def test_platform_without_fork(run):
    """Windows has no `os.register_at_fork`."""
    code = """
import os
del os.register_at_fork, os.fork
import boto3, aiomoto
with aiomoto.mock_aws():
    print(boto3.client("sts").get_caller_identity()["Account"])
"""
    assert run("-c", code).out == "123456789012\n"


def test_auto_hides_every_kind_of_credentials(run):
    code = "import os; print([name for name, value in os.environ.items() if 'real' in value])"
    assert run("-c", code, AIOMOTO_AUTO="1", **REAL).out == "[]\n"


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

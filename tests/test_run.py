"""``python -m aiomoto run``: any command, its exit code and its signals, with AWS mocked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

ACCOUNT = "import boto3; print(boto3.client('sts', region_name='us-east-1').get_caller_identity()['Account'])"
RUN = ["-m", "aiomoto", "run"]
posix = pytest.mark.skipif(os.name == "nt", reason="signals and exec of POSIX")


@pytest.mark.parametrize(
    "words",
    [
        ["-c", ACCOUNT],
        ["python", "-c", ACCOUNT],
        ["python3", "-c", ACCOUNT],
        ["--", "python", "-c", ACCOUNT],
        [sys.executable, "-c", ACCOUNT],
    ],
)
def test_interpreters(run, words):
    done = run(*RUN, "--quiet", *words)
    assert (done.out, done.err, done.code) == ("123456789012\n", "", 0)


def test_module_and_script_with_arguments(run, tmp_path):
    (tmp_path / "prog.py").write_text(f"import sys; print(sys.argv[1:]); {ACCOUNT}")
    for words in (["-m", "prog"], ["prog.py"], [str(tmp_path / "prog.py")]):
        done = run(*RUN, *words, "--quiet", "a b", "--", "-x")
        assert done.out == "['--quiet', 'a b', '--', '-x']\n123456789012\n", done.err


def test_console_script_of_the_same_environment_without_its_venv_activated(run, tmp_path):
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {ACCOUNT}\n")
    done = run(*RUN, "pytest", "-q", "-p", "no:asyncio", tmp_path, PATH="/usr/bin:/bin")
    assert "1 passed" in done.out, done.out + done.err


@pytest.mark.parametrize("code", [0, 1, 7])
def test_exit_code(run, code):
    assert run(*RUN, "-c", f"raise SystemExit({code})").code == code


def test_command_not_found(run):
    for word in ("no-such-command", "./no-such-command"):
        done = run(*RUN, word)
        assert done.code == 127
        assert done.err == f"aiomoto: command not found: {word}\n"


def test_command_not_executable(run, tmp_path):
    file = tmp_path / "file"
    file.write_text("no program")
    done = run(*RUN, file)
    assert done.code == 126
    assert "cannot execute" in done.err


@pytest.mark.parametrize("words", [[], ["--"], ["--no-such-option", "python"]])
def test_wrong_use(run, words):
    done = run(*RUN, *words)
    assert done.code == 2
    assert done.err.startswith("aiomoto: run ")


@pytest.mark.parametrize(
    ("words", "code"), [([], 2), (["--help"], 0), (["nonsense"], 2), (["--version"], 0)]
)
def test_usage(run, words, code):
    done = run("-m", "aiomoto", *words)
    assert done.code == code
    assert "aiomoto" in done.out + done.err


def test_console_script(run):
    script = Path(sysconfig.get_path("scripts")) / "aiomoto"
    out = subprocess.run(
        [script, "run", "-c", ACCOUNT], capture_output=True, text=True, check=True
    ).stdout
    assert out == "123456789012\n"


@posix
def test_the_command_replaces_the_wrapper():
    """So signals reach the command itself, and nothing is left behind."""
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = [sys.executable, *RUN, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert int(process.stdout.readline()) == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM


@posix
def test_interrupt():
    code = "import time; print('up', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, *RUN, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.readline()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.wait(10)
        assert "KeyboardInterrupt" in process.stderr.read()


def test_disable_wins(run):
    done = run(
        *RUN, "-c", "import os; print(os.environ.get('AWS_ACCESS_KEY_ID'))", AIOMOTO_DISABLE="1"
    )
    assert done.out == "None\n"
    assert "NOT mocked" in done.err


def test_fallback_runs_the_users_own_sitecustomize(run, tmp_path):
    import aiomoto

    (tmp_path / "sitecustomize.py").write_text("print('customized')")
    path = os.pathsep.join([str(tmp_path), str(Path(aiomoto.__file__).parent.parent), *sys.path])
    done = run("-S", *RUN, "-c", "import aiomoto._startup as s; print(s.ran())", PYTHONPATH=path)
    assert done.out == "customized\nTrue\n", done.err

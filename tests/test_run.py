"""``python -m aiomoto run``: any command, its exit code and its signals, with AWS mocked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

import pytest

import aiomoto

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
    (tmp_path / "sitecustomize.py").write_text("print('customized')")
    path = os.pathsep.join([str(tmp_path), str(Path(aiomoto.__file__).parent.parent), *sys.path])
    done = run("-S", *RUN, "-c", "import aiomoto._startup as s; print(s.ran())", PYTHONPATH=path)
    assert done.out == "customized\nTrue\n", done.err


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(run, option):
    done = run(*RUN, option)
    assert (done.code, done.err) == (0, "")
    assert "--quiet" in done.out


@pytest.fixture
def other(tmp_path):
    """Make another environment, whose ``.pth`` file has these lines; return its interpreter."""

    def other(name="other", *lines):
        venv.create(tmp_path / name, symlinks=True)
        (site,) = (tmp_path / name).glob("lib/python*/site-packages")
        (site / "lines.pth").write_text("\n".join(lines))
        return tmp_path / name / "bin" / "python"

    return other


def script(path, shebang, body="print('ran')"):
    path.write_text(f"{shebang}\n{body}\n")
    path.chmod(0o755)
    return path


def on_path(folder):
    return {"PATH": os.pathsep.join([str(folder), os.environ["PATH"]])}


@posix
class TestPythonsThatWouldNotBeMocked:
    """They are refused where that can be known: real AWS is at the other end."""

    def refused(self, done, what_to_do):
        assert (done.code, done.out) == (126, ""), done.err
        assert "AWS would not be mocked" in done.err
        assert what_to_do in done.err
        assert done.err.count("\n") == 1

    def test_interpreter_of_another_environment(self, run, other):
        python = other()
        self.refused(run(*RUN, python, "-c", "print('ran')"), f"{python} -m pip install aiomoto")

    def test_its_console_scripts(self, run, tmp_path, other):
        python = other("a path with blanks")
        (tmp_path / "python3.99").symlink_to(python)
        shebangs = {
            "plain": f"#!{other()}",
            "env": "#!/usr/bin/env python3.99",
            "pip": f"""#!/bin/sh\n'''exec' "{python}" "$0" "$@"\n' '''""",
            "uv": f"""#!/bin/sh\n'''exec' '{python}' "$0" "$@"\n' '''""",
        }
        for name, shebang in shebangs.items():
            file = script(tmp_path / name, shebang)
            assert subprocess.check_output([file], env=on_path(tmp_path)) == b"ran\n"
            self.refused(run(*RUN, file, **on_path(tmp_path)), "-m pip install aiomoto")

    def test_wrapper_script_by_the_name_of_python(self, run, tmp_path, other):
        """As pyenv puts on the PATH."""
        shim = script(tmp_path / "python3.99", "#!/bin/sh", f'exec {other()} "$@"')
        self.refused(run(*RUN, "python3.99", "-c", "1", **on_path(tmp_path)), str(shim))

    def test_another_environment_with_aiomoto(self, run, tmp_path, other):
        python = other("other", *sys.path, "import aiomoto._startup; aiomoto._startup.main()")
        done = run(*RUN, "--quiet", script(tmp_path / "tool", f"#!{python}", ACCOUNT))
        assert (done.out, done.err) == ("123456789012\n", "")

    @pytest.mark.parametrize(
        "flags", [["-S"], ["-ES"], ["-W", "error", "-S"], ["-X", "dev", "-IS"], ["-Wignore", "-S"]]
    )
    def test_without_site(self, run, flags):
        self.refused(run(*RUN, "python", *flags, "-c", "print('ran')"), "Leave ")

    @pytest.mark.parametrize(
        "flags", [["-I"], ["-E"], ["-sE", "-W", "ignore"], ["-B", "-X", "dev", "-W", "ignore"]]
    )
    def test_options_that_do_not_matter(self, run, flags):
        done = run(*RUN, "--quiet", "python", *flags, "-c", ACCOUNT, "-S")
        assert (done.out, done.err) == ("123456789012\n", "")

    @pytest.mark.parametrize("flags", [[], ["-E"], ["-I"]])
    def test_fallback_goes_by_pythonpath(self, other, flags):
        """Which ``-E`` and ``-I`` ignore."""
        command = [other(), *RUN, "--quiet", "python", *flags, "-c", "print('ran')"]
        path = os.pathsep.join([str(Path(aiomoto.__file__).parent.parent), *sys.path])
        environ = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if flags:
            assert (done.returncode, done.stdout) == (126, "")
            assert f"Leave {flags[0]} out" in done.stderr
        else:
            assert (done.stdout, done.stderr) == ("ran\n", "")

    def test_commands_of_which_nothing_can_be_known(self, run):
        for quiet, lines in ((None, 1), ("1", 0)):
            done = run(*RUN, "sh", "-c", "echo $AIOMOTO_AUTO", AIOMOTO_QUIET=quiet)
            assert (done.code, done.out) == (0, "1\n")
            assert done.err.count("\n") == lines
        assert "may start any program" in run(*RUN, "sh", "-c", "true").err

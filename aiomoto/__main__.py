"""``python -m aiomoto``: run a command with AWS mocked, or look at the installation."""

from __future__ import annotations

import sys

USAGE = """\
usage: python -m aiomoto run [OPTION...] [--] COMMAND [ARGUMENT...]
       python -m aiomoto server [--port N]
       python -m aiomoto doctor [--json]
       python -m aiomoto --version

run      run a command with AWS mocked in its whole process, and in those it starts
           python -m aiomoto run pytest -n auto
           python -m aiomoto run python script.py     (or just: run script.py)
           python -m aiomoto run -m package.module
server   run a moto server in the foreground, for other processes
doctor   show whether the import hook is active, and what is installed and supported

More about one of them: python -m aiomoto run --help
"""


def main(argv: list[str] | None = None) -> int:
    """Run a subcommand.

    Parameters:
        argv: the words behind ``python -m aiomoto``; those of the process by default.

    Returns:
        The exit code: 0 for success, 1 for a finding of doctor, 2 for a wrong use, 126 and 127
        for a command that cannot be run or found. ``run`` does not return if it succeeds.
    """
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in {"-h", "--help", "help"}:
        sys.stdout.write(USAGE)
        return 0 if words else 2
    command, *rest = words
    if command == "run":
        from aiomoto import _run  # only what the subcommand needs

        return _run.main(rest)
    if command == "server":
        from aiomoto import _serve  # only what the subcommand needs

        return _serve.main(rest)
    if command == "doctor":
        from aiomoto import _doctor  # only what the subcommand needs

        return _doctor.main(rest)
    if command == "--version":
        from aiomoto import __version__  # only what the subcommand needs

        sys.stdout.write(f"aiomoto {__version__}\n")
        return 0
    sys.stderr.write(f"aiomoto: no such command: {command!r}\n{USAGE}")
    return 2


if __name__ == "__main__":
    sys.exit(main())

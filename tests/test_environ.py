"""Variables that mocks set, as C, children and the threads of native libraries see them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading

import pytest

from aiomoto import _environ, mock_aws

C = ctypes.CDLL(None)
C.getenv.restype = ctypes.c_char_p
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what C libraries of Linux do")


@pytest.fixture(autouse=True)
def thread():
    """Have a second thread, without which nothing special is done."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


def seen(*names):
    """Return what Python, C and a child process have of some variables."""
    code = f"import os; print([os.environ.get(name) for name in {names}])"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    by_c = [C.getenv(name.encode()) for name in names]
    by_python = [os.environ.get(name) for name in names]
    assert [value if value is None else os.fsdecode(value) for value in by_c] == by_python
    assert child.stdout == f"{by_python}\n"
    return by_python


def test_new_changed_and_removed_ones_are_seen_by_all():
    _environ.put({"AIOMOTO_A": "1", "AIOMOTO_B": "ä", "AIOMOTO_NONE": None})
    assert seen("AIOMOTO_A", "AIOMOTO_B", "AIOMOTO_NONE") == ["1", "ä", None]
    _environ.put({"AIOMOTO_A": "2", "AIOMOTO_B": None, "AIOMOTO_C": ""})
    assert seen("AIOMOTO_A", "AIOMOTO_B", "AIOMOTO_C") == ["2", None, ""]
    _environ.put({"AIOMOTO_A": None, "AIOMOTO_C": None})
    assert seen("AIOMOTO_A", "AIOMOTO_C") == [None, None]


def test_the_users_own_changes_go_on_as_ever(monkeypatch):
    for number in range(3):
        _environ.put({f"AIOMOTO_{number}": "ours"})
        monkeypatch.setenv(f"AIOMOTO_USERS_{number}", "users")
        monkeypatch.setenv(f"AIOMOTO_{number}", "changed")
    names = [f"AIOMOTO_{number}" for number in range(3)]
    assert seen(*names) == ["changed"] * 3
    assert seen(*(f"AIOMOTO_USERS_{number}" for number in range(3))) == ["users"] * 3
    monkeypatch.undo()
    _environ.put(dict.fromkeys(names))
    assert seen(*names) == [None] * 3


def test_more_than_there_is_room_for():
    names = [f"AIOMOTO_{number}" for number in range(2 * _environ._ROOM)]
    _environ.put({name: name for name in names})
    assert seen(*names) == names
    _environ.put(dict.fromkeys(names))
    assert seen(*names) == [None] * len(names)


def test_a_variable_that_only_c_knows_is_replaced():
    C.setenv(b"AIOMOTO_ONLY_C", b"theirs", 1)
    _environ.put({"AIOMOTO_ONLY_C": "ours"})
    assert seen("AIOMOTO_ONLY_C") == ["ours"]
    _environ.put({"AIOMOTO_ONLY_C": None})
    assert seen("AIOMOTO_ONLY_C") == [None]


def test_a_mapping_in_place_of_the_environment(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    with mock_aws():
        assert os.environ["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"
        assert C.getenv(b"AWS_ACCESS_KEY_ID") != b"FOOBARKEY"
    assert os.environ == {}


READERS = """
import ctypes, random, sys, threading
from aiomoto import mock_aws
C = ctypes.CDLL(None)
over = threading.Event()
def read():
    while not over.is_set():
        for _ in range(100):
            C.getenv(b"AIOMOTO_NOT_THERE")
sys.setswitchinterval(1e-5)
readers = [threading.Thread(target=read) for _ in range(2)]
[reader.start() for reader in readers]
heap = []
for _ in range(2500):
    with mock_aws():
        pass
    heap.append(bytes(random.randrange(500, 900)))  # what lies around the array
    if len(heap) > 50:
        heap.pop(random.randrange(50))
over.set()
print("ok")
"""


def test_threads_that_read_the_environment_survive_all_mocks(run):
    done = run("-c", READERS)
    assert done.out == "ok\n", (done.code, done.err)

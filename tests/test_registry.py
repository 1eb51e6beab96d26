"""The files that tell other processes where servers listen."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import boto3
import pytest

from aiomoto import ServerModeConfigurationError, _registry, mock_aws

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")
DAY = 24 * 3600


def give_away(path):
    try:
        os.chown(path, 12345, 12345)
    except OSError:
        pytest.skip("this user namespace has no other users: nox -s offline")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "registry"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def gone():
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def entry(folder, *, name=None, age=0, **content):
    path = folder / f"aiomoto-server-{name or uuid.uuid4()}.json"
    content = {
        "endpoint": "http://127.0.0.1:4000",
        "host": "127.0.0.1",
        "port": 4000,
        "pid": os.getpid(),
        **content,
    }
    path.write_text(json.dumps(content))
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def start_and_stop():
    with mock_aws(server_mode=True) as mock:
        return Path(mock.server_registry_path)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class TestFile:
    def test_content(self):
        with mock_aws(server_mode=True) as mock:
            path = Path(mock.server_registry_path)
            assert json.loads(path.read_text()) == {
                "endpoint": mock.server_endpoint,
                "host": "127.0.0.1",
                "port": mock.server_port,
                "pid": os.getpid(),
            }
            assert re.fullmatch(r"aiomoto-server-[0-9a-f-]{36}\.json", path.name)
            assert [*path.parent.iterdir()] == [path]
        assert not path.exists()

    @posix
    def test_for_this_user_alone(self):
        before = os.umask(0)
        try:
            with mock_aws(server_mode=True) as mock:
                path = Path(mock.server_registry_path)
                assert (mode(path.parent), mode(path)) == (0o700, 0o600)
        finally:
            os.umask(before)

    def test_directory_of_the_user(self, monkeypatch, tmp_path):
        monkeypatch.delenv("AIOMOTO_SERVER_REGISTRY_DIR")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with mock_aws(server_mode=True) as mock:
            folder = Path(mock.server_registry_path).parent
            assert folder.parent == tmp_path
            assert folder.name.startswith("aiomoto-")
            assert os.environ["AIOMOTO_SERVER_REGISTRY_DIR"] == str(folder)
            assert mock.environ["AIOMOTO_SERVER_REGISTRY_DIR"] == str(folder)
        assert "AIOMOTO_SERVER_REGISTRY_DIR" not in os.environ

    @posix
    def test_directory_of_the_user_that_others_could_read(self, monkeypatch, tmp_path):
        monkeypatch.delenv("AIOMOTO_SERVER_REGISTRY_DIR")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        folder = tmp_path / f"aiomoto-{os.getuid()}"
        folder.mkdir()
        folder.chmod(0o777)
        start_and_stop()
        assert mode(folder) == 0o700

    @posix
    @pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can")
    def test_directory_that_belongs_to_another_user(self, monkeypatch, tmp_path):
        monkeypatch.delenv("AIOMOTO_SERVER_REGISTRY_DIR")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        folder = tmp_path / "aiomoto-0"
        folder.mkdir()
        give_away(folder)
        with pytest.raises(ServerModeConfigurationError, match="another user"):
            start_and_stop()

    @posix
    def test_named_directory_stays_as_it_is(self, folder):
        folder.chmod(0o755)
        start_and_stop()
        assert mode(folder) == 0o755

    @posix
    def test_links_are_not_followed(self, folder, tmp_path, monkeypatch):
        (tmp_path / "link").symlink_to(folder)
        monkeypatch.setenv("AIOMOTO_SERVER_REGISTRY_DIR", str(tmp_path / "link"))
        with pytest.raises(ServerModeConfigurationError, match="link"):
            start_and_stop()
        assert [*folder.iterdir()] == []

    @posix
    def test_files_that_are_links_are_left_alone(self, folder, tmp_path, gone):
        (tmp_path / "elsewhere").mkdir()
        target = entry(tmp_path / "elsewhere", pid=gone)
        link = folder / target.name
        link.symlink_to(target)
        start_and_stop()
        assert link.is_symlink()
        assert target.exists()
        assert _registry.live_ports() == frozenset()


class TestCleaning:
    def test_entries_of_processes_that_are_gone(self, folder, gone):
        stale, live = entry(folder, pid=gone), entry(folder)
        start_and_stop()
        assert [*folder.iterdir()] == [live]
        assert not stale.exists()

    def test_entries_older_than_a_day(self, folder):
        young, old = entry(folder, age=DAY - 60), entry(folder, age=DAY + 60)
        start_and_stop()
        assert [*folder.iterdir()] == [young]
        assert not old.exists()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'"text"',
            b"\xff\xfe",
            b"[" * 60000,
            b"{}",
            b'{"endpoint": 1, "host": 2, "port": "x", "pid": []}',
            b'{"endpoint": "http://[", "host": "h", "port": 1, "pid": 1}',
            b'{"endpoint": "http://h:x", "host": "h", "port": 1, "pid": 1}',
            b'{"endpoint": "http://h:1", "host": "h", "port": 1, "pid": -1}',
            b'{"endpoint": "http://h:1", "host": "h", "port": 1, "pid": true}',
            b'{"endpoint": "http://127.0.0.1:1", "host": "127.0.0.1", "port": 1, "pid": 1e3}',
        ],
        ids=lambda content: content[:30],
    )
    def test_broken_files(self, folder, content):
        path = folder / f"aiomoto-server-{uuid.uuid4()}.json"
        path.write_bytes(content)
        os.utime(path, (0, 0))
        start_and_stop()
        assert _registry.live_ports() == frozenset()
        assert _registry.find("http://127.0.0.1:4000") is None
        assert path.read_bytes() == content

    def test_foreign_files(self, folder):
        names = ["notes.txt", "aiomoto-server-.json", f"aiomoto-server-{uuid.uuid4()}.json.bak"]
        paths = [folder / name for name in names]
        for path in paths:
            path.write_text("{}")
            os.utime(path, (0, 0))
        (folder / f"aiomoto-server-{uuid.uuid4()}.json").mkdir()
        if hasattr(os, "mkfifo"):
            os.mkfifo(folder / f"aiomoto-server-{uuid.uuid4()}.json")
        before = sorted(folder.iterdir())
        start_and_stop()
        assert sorted(folder.iterdir()) == before

    @posix
    @pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can")
    def test_entries_of_other_users(self, folder, gone):
        path = entry(folder, pid=gone)
        give_away(path)
        start_and_stop()
        assert path.exists()

    def test_many_processes_at_once(self, folder, gone):
        for _ in range(50):
            entry(folder, pid=gone)
        code = """
import os
from aiomoto import mock_aws
for _ in range(10):
    with mock_aws(server_mode=True) as mock:
        assert os.path.exists(mock.server_registry_path)
"""
        processes = [
            subprocess.Popen([sys.executable, "-W", "error", "-c", code], stderr=subprocess.PIPE)
            for _ in range(3)
        ]
        for process in processes:
            _, errors = process.communicate(timeout=120)
            assert (process.returncode, errors) == (0, b"")
        assert [*folder.iterdir()] == []


class TestLivePorts:
    def test_servers_of_this_machine(self, folder, gone):
        entry(folder, port=4001)
        entry(folder, port=4002, pid=gone)
        entry(folder, port=4003, host="moto.example.com")
        entry(folder, port=4004, host="0.0.0.0")
        assert _registry.live_ports() == {4001, 4004}

    def test_news(self, folder):
        for port in range(4000, 4020):
            path = entry(folder, port=port)
            assert _registry.live_ports() == {port}
            path.unlink()
            assert _registry.live_ports() == frozenset()

    def test_no_directory(self):
        assert _registry.live_ports() == frozenset()

    def test_in_process_clients_reach_them(self, run):
        """A live moto server is itself a mock: a client that names it means it."""
        code = """
import boto3, sys
from aiomoto import mock_aws
with mock_aws():
    boto3.client("s3").create_bucket(Bucket="in-process")  # not by the inherited address
    for endpoint in (sys.argv[1], "http://localhost:" + sys.argv[1].rpartition(":")[2]):
        s3 = boto3.client("s3", endpoint_url=endpoint)
        print([bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])
"""
        with mock_aws(server_mode=True) as mock:
            boto3.client("s3").create_bucket(Bucket="served")
            done = run("-c", code, mock.server_endpoint)
            assert done.out == "['served']\n['served']\n", done.err
            endpoint = mock.server_endpoint
        assert run("-c", code, endpoint).out == "['in-process']\n['in-process']\n"

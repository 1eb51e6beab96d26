"""The import hook: every way a target can come to be imported."""

from __future__ import annotations

import copy
import importlib
import importlib.machinery
import importlib.util
import pickle
import subprocess
import sys
import threading
import types
import zipfile
from textwrap import dedent
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from aiomoto import _hook, _patches, mock_aws
from aiomoto._patches.table import Row

pytestmark = pytest.mark.smoke  # runs on the lowest versions in CI

TOY = "aiomoto_toy"


def shout(wrapped, instance, args, kwargs):
    return wrapped(*args, **kwargs) + "!"


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A distribution of our own whose `greet` is a target, on sys.path and not yet imported."""
    package = tmp_path / "toys" / TOY
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1.2'\n")
    (package / "mod.py").write_text(
        dedent("""
        import sys
        class Greeter:
            def greet(self, name):
                return "hello " + name
        during = __spec__.loader
    """)
    )
    row = Row(
        f"{TOY}.mod",
        "Greeter.greet",
        ("self", "name"),
        f"{__name__}:shout",
        "speed",
        "",
        (1,),
        (2,),
    )
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(_patches, "_rows", [*_patches._rows, row])
    monkeypatch.setattr(_patches, "_problems", dict(_patches._problems))
    monkeypatch.setattr(_hook, "TARGETS", {*_hook.TARGETS, row.module, TOY})
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    forget()
    _hook.install()
    yield package
    forget()


def forget():
    for name in [name for name in sys.modules if name.startswith(TOY)]:
        del sys.modules[name]


def greeting(module=None):
    module = module or sys.modules[f"{TOY}.mod"]
    return module.Greeter().greet("you")


def test_import_from_applies_the_patch_once(toy):
    from aiomoto_toy.mod import Greeter

    assert Greeter().greet("you") == "hello you!"


def test_loader_is_the_real_one_during_and_after_execution(toy):
    module = importlib.import_module(f"{TOY}.mod")
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert module.__loader__ is module.__spec__.loader is module.during


def test_wrapped_loader_passes_for_the_real_one_before_import(toy):
    from importlib.machinery import SourceFileLoader

    spec = importlib.util.find_spec(f"{TOY}.mod")
    assert isinstance(spec.loader, SourceFileLoader)
    assert "greet" in spec.loader.get_source(f"{TOY}.mod")


def test_reload_patches_the_new_class_once(toy):
    module = importlib.import_module(f"{TOY}.mod")
    old = module.Greeter
    assert importlib.reload(module).Greeter is not old
    assert greeting() == "hello you!"


def test_purge_and_reimport_patches_again(toy):
    importlib.import_module(f"{TOY}.mod")
    forget()
    importlib.import_module(f"{TOY}.mod")
    assert greeting() == "hello you!"


def test_module_imported_before_the_hook_is_swept(toy):
    _hook.uninstall()
    try:
        importlib.import_module(f"{TOY}.mod")
        assert greeting() == "hello you"
        _patches.sweep()
        _patches.sweep()
        assert greeting() == "hello you!"
    finally:
        _hook.install()


def test_finder_stands_in_front_and_asks_the_next_one(toy, monkeypatch):
    class Next:
        @staticmethod
        def find_spec(name, path, target):
            if name == f"{TOY}.mod":
                source = toy / "mod.py"
                source.write_text(source.read_text().replace("hello ", "good day, "))

    monkeypatch.setattr(sys, "meta_path", [Next, *sys.meta_path])
    _hook.uninstall()
    _hook.install()
    _hook.install()
    assert sys.meta_path[:2] == [_hook.finder, Next]
    assert sys.meta_path.count(_hook.finder) == 1
    importlib.import_module(f"{TOY}.mod")
    assert greeting() == "good day, you!"


def test_reload_past_the_finder_is_swept(toy):
    module = importlib.import_module(f"{TOY}.mod")
    _hook.uninstall()
    try:
        importlib.reload(module)
        assert greeting() == "hello you"
        _patches.sweep()
        assert greeting() == "hello you!"
    finally:
        _hook.install()


def test_sweep_leaves_a_half_executed_module_alone(toy):
    (toy / "mod.py").write_text(
        "from aiomoto import _patches\n_patches.sweep()\n"
        "class Greeter:\n    def greet(self, name):\n        return 'hello ' + name\n"
    )
    importlib.import_module(f"{TOY}.mod")
    assert greeting() == "hello you!"


def test_version_set_behind_the_imports_of_the_root(toy):
    """moto and boto3 set __version__ after they have imported their submodules."""
    (toy / "__init__.py").write_text("from . import mod\n__version__ = '1.2'\n")
    importlib.import_module(TOY)
    assert greeting() == "hello you!"


def test_lazy_loader_patches_on_first_use(toy):
    spec = importlib.util.find_spec(f"{TOY}.mod")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert greeting(module) == "hello you!"


def test_zipimport(toy, tmp_path, monkeypatch):
    archive = tmp_path / "toys.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("__init__.py", "mod.py"):
            file.write(toy / name, f"{TOY}/{name}")
            (toy / name).unlink()
    toy.rmdir()
    monkeypatch.syspath_prepend(str(archive))
    module = importlib.import_module(f"{TOY}.mod")
    assert type(module.__loader__).__name__ == "zipimporter"
    assert greeting() == "hello you!"


def test_failing_target_raises_its_own_error_and_can_be_imported_later(toy):
    source = (toy / "mod.py").read_text()
    (toy / "mod.py").write_text("raise ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        importlib.import_module(f"{TOY}.mod")
    (toy / "mod.py").write_text(source + "# a later time stamp must not matter\n")
    importlib.invalidate_caches()
    importlib.import_module(f"{TOY}.mod")
    assert greeting() == "hello you!"


def test_missing_target_is_a_plain_module_not_found_error(toy):
    (toy / "mod.py").unlink()
    with pytest.raises(ModuleNotFoundError, match="aiomoto_toy.mod"):
        importlib.import_module(f"{TOY}.mod")


def test_misses_do_no_work():
    assert _hook.finder.find_spec("json") is None
    assert _hook.Finder().find_spec("botocore") is None  # not on sys.meta_path: nothing behind it


def test_concurrent_first_imports_patch_once(run):
    code = """
import sys, threading
import urllib3  # its modules import each other in a circle, on which plain CPython deadlocks
names = ["aiobotocore.endpoint", "aiobotocore.session", "botocore.endpoint", "boto3", "aiobotocore.httpsession"] * 2
barrier = threading.Barrier(len(names)); errors = []
def load(name):
    barrier.wait()
    try:
        __import__(name)
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=load, args=(name,)) for name in names]
[t.start() for t in threads]; [t.join() for t in threads]
assert not errors, errors
from aiobotocore.endpoint import AioEndpoint
from botocore.endpoint import Endpoint
for function in (AioEndpoint._send, Endpoint._send):
    assert type(function).__module__.startswith("wrapt") or "Wrapper" in type(function).__name__
    assert not hasattr(function.__wrapped__, "__wrapped__")
print("ok")
"""
    for _ in range(3):
        done = run("-c", code)
        assert done.out == "ok\n", done.err


@pytest.mark.parametrize("rewrite", ["", "pytest.register_assert_rewrite('aiobotocore')"])
def test_pytest_assertion_rewriting(run, tmp_path, rewrite):
    (tmp_path / "conftest.py").write_text(f"import pytest\n{rewrite}\n")
    (tmp_path / "test_it.py").write_text(
        dedent("""
        from aiomoto import mock_aws
        async def list_buckets():
            from aiobotocore.session import get_session
            async with get_session().create_client("s3", region_name="us-east-1") as s3:
                return (await s3.list_buckets())["Buckets"]
        def test_it():
            import asyncio
            with mock_aws():
                assert asyncio.run(list_buckets()) == []
    """)
    )
    done = run("-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio", tmp_path)
    assert done.code == 0, done.out


def test_pytest_w_error_runs_in_an_environment_with_our_hook(run, tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import aiomoto\ndef test_it(): assert aiomoto.__version__\n"
    )
    done = run("-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio", tmp_path)
    assert done.code == 0, done.out


@pytest.mark.parametrize("flags", [[], ["-I"], ["-E"], ["-P"]])
def test_hook_is_active_whatever_the_flags(flags):
    if flags == ["-P"] and sys.version_info < (3, 11):
        flags = ["-s"]
    code = "import sys; print(any(type(f).__module__ == 'aiomoto._hook' for f in sys.meta_path))"
    out = subprocess.run(
        [sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout == "True\n"


def test_copied_and_pickled_specs_still_patch(toy):
    spec = importlib.util.find_spec(f"{TOY}.mod")
    copies = [copy.copy(spec), copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))]
    for other in copies:
        module = importlib.util.module_from_spec(other)
        other.loader.exec_module(module)
        assert module.Greeter().greet("you") == "hello you!"
    assert isinstance(copies[2].loader, importlib.machinery.SourceFileLoader)


def test_threads_that_enter_first_without_a_pth_all_find_a_mock(run):
    code = """
import sys, threading
import boto3, moto, aiobotocore.session
from aiomoto import mock_aws
barrier = threading.Barrier(8); errors = []
sys.setswitchinterval(1e-6)
def work():
    client = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b").client("s3", "us-east-1")
    barrier.wait()
    try:
        with mock_aws():
            client.list_buckets()
            barrier.wait(60)
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
assert not errors, errors
from botocore.endpoint import Endpoint
assert not hasattr(Endpoint._send.__wrapped__, "__wrapped__")
print("ok")
"""
    done = run("-c", code, AIOMOTO_DISABLE="1")
    assert done.out == "ok\n", done.err


def test_entering_waits_for_a_target_that_another_thread_is_executing(toy):
    (toy / "mod.py").write_text(
        "import threading, time\n"
        "class Greeter:\n"
        "    def greet(self, name): return f'hello {name}'\n"
        "from aiomoto_toy_gate import executing, go\n"
        "executing.set(); go.wait(10)\n"
    )
    gate = types.ModuleType("aiomoto_toy_gate")
    gate.executing, gate.go = threading.Event(), threading.Event()
    sys.modules[gate.__name__] = gate
    sys.meta_path.remove(_hook.finder)  # so that it comes by unpatched
    thread = threading.Thread(target=importlib.import_module, args=(f"{TOY}.mod",))
    try:
        thread.start()
        assert gate.executing.wait(10)
        threading.Timer(0.05, gate.go.set).start()
        _patches.sweep()
        assert greeting() == "hello you!"
    finally:
        gate.go.set()
        thread.join()
        _hook.install()


@pytest.mark.parametrize(
    "stand_in", [MagicMock(), SimpleNamespace(__version__="1"), types.ModuleType("x"), None]
)
def test_stand_ins_for_modules_are_ignored(toy, monkeypatch, stand_in):
    for name in (TOY, f"{TOY}.mod"):
        monkeypatch.setitem(sys.modules, name, stand_in)
    with mock_aws():
        pass


def test_imports_of_other_threads_go_on_while_mocks_come_and_go(toy):
    names = [f"m{number}" for number in range(200)]
    for name in names:
        (toy / f"{name}.py").write_text("")
    errors = []

    def load():
        for name in names:
            try:
                importlib.import_module(f"{TOY}.{name}")
            except BaseException as error:
                errors.append(error)

    with mock_aws():  # imports what has finders of its own: botocore's six
        pass
    finders = sys.meta_path
    before = list(finders)
    thread = threading.Thread(target=load)
    thread.start()
    while thread.is_alive():
        with mock_aws():
            assert sys.meta_path[0] is _hook.finder
    thread.join()
    assert not errors
    assert sys.meta_path is finders
    assert sys.meta_path == before


def test_finders_that_come_or_go_inside_a_mock_stay_so():
    with mock_aws():  # imports what has finders of its own: botocore's six
        pass
    finders = sys.meta_path
    mine, before = object(), list(finders)
    with mock_aws():
        sys.meta_path.append(mine)
    try:
        assert sys.meta_path is finders
        assert sys.meta_path == [*before, mine]
    finally:
        finders.remove(mine)


def test_motos_own_mock_sweeps_what_came_by_without_a_pth(run):
    code = """
import asyncio, sys
from aiomoto import mock_aws
with mock_aws():
    pass
from aiomoto import _hook
assert _hook.finder not in sys.meta_path
import moto
from aiobotocore.session import get_session
async def main():
    with moto.mock_aws():
        async with get_session().create_client("s3", "us-east-1") as s3:
            print(len((await s3.list_buckets())["Buckets"]))
asyncio.run(main())
"""
    done = run("-c", code, AIOMOTO_DISABLE="1")
    assert done.out == "0\n", done.err


def test_finder_is_in_front_inside_motos_own_mock(run):
    code = """
import importlib.machinery, sys
class InFront:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("aiobotocore"):
            return importlib.machinery.PathFinder.find_spec(name, path, target)
sys.meta_path.insert(0, InFront())
import moto
with moto.mock_aws():
    from aiobotocore.endpoint import AioEndpoint
    assert hasattr(AioEndpoint._send, "__wrapped__")
assert isinstance(sys.meta_path[0], InFront)
print("ok")
"""
    done = run("-c", code)
    assert done.out == "ok\n", done.err

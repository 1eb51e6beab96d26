"""`mock_aws` itself: every way to enter and leave, and what is restored."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
import os
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import boto3
import moto
import pytest
from aiobotocore.session import get_session
from moto.core.config import default_user_config

import aiomoto
from aiomoto import mock_aws, mock_aws_decorator

BOTH = pytest.mark.parametrize("mock", [mock_aws, moto.mock_aws], ids=["aiomoto", "moto"])


def buckets():
    return [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]


async def async_buckets():
    async with get_session().create_client("s3") as s3:
        return [bucket["Name"] for bucket in (await s3.list_buckets())["Buckets"]]


def create(name="bucket"):
    boto3.client("s3").create_bucket(Bucket=name)


def mocked():
    return os.environ.get("AWS_ACCESS_KEY_ID") == "FOOBARKEY"


@pytest.fixture(autouse=True)
def _restored(_own_environment):
    """Every test must leave the process as it was."""

    def look():
        return {
            "environ": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
            "session": boto3.DEFAULT_SESSION,
            "config": repr(default_user_config),
            "count": moto.core.models.MockAWS._nested_count,
            "enabled": moto.core.models.botocore_stubber.enabled,
            "layers": list(aiomoto._activation.state.layers),
            "on": aiomoto._activation.state.on,
        }

    before = look()
    yield
    assert look() == before


@pytest.fixture
def monkeypatch(_restored):
    """Undone before the process is looked at again."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


class TestContext:
    @BOTH
    def test_with(self, mock):
        with mock():
            create()
            assert buckets() == ["bucket"]
        with mock():
            assert buckets() == []

    async def test_async_with(self):
        async with mock_aws() as mock:
            assert isinstance(mock, aiomoto.MockAWS)
            create()
            assert await async_buckets() == ["bucket"]

    async def test_async_sees_sync_under_motos_own(self):
        with moto.mock_aws():
            create()
            assert await async_buckets() == ["bucket"]

    @pytest.mark.parametrize("kinds", [*itertools.product([mock_aws, moto.mock_aws], repeat=2)])
    async def test_nested_mocks_share_state(self, kinds):
        outer, inner = kinds
        with outer():
            create()
            with inner():
                assert await async_buckets() == ["bucket"]
            assert buckets() == ["bucket"]
            assert mocked()

    @BOTH
    def test_start_and_stop(self, mock):
        one = mock()
        one.start()
        create()
        one.stop()
        one.start()
        assert buckets() == []
        one.stop()

    @BOTH
    def test_data_kept_between_mocks_on_request(self, mock):
        one = mock()
        one.start()
        create()
        one.stop(remove_data=False)
        one.start(reset=False)
        assert buckets() == ["bucket"]
        one.stop()

    def test_options_of_the_object(self):
        with mock_aws(remove_data=False):
            create()
        with mock_aws(reset=False):
            assert buckets() == ["bucket"]
        with mock_aws():
            assert buckets() == []

    def test_reset_drops_the_data_and_mocks_on(self):
        with mock_aws() as mock:
            create()
            mock.reset()
            assert buckets() == []
            create()

    def test_stop_without_start(self):
        with pytest.raises(RuntimeError, match=r"stop\(\) before start\(\)"):
            mock_aws().stop()
        with pytest.raises(RuntimeError, match=r"stop\(\) before start\(\)"):
            moto.mock_aws().stop()
        with mock_aws():
            other = mock_aws()
            with pytest.raises(RuntimeError):
                other.stop()
            create()

    def test_stopping_motos_mock_by_another_object_of_it(self):
        """Stock moto counts, and suites rely on it: setup starts one, teardown stops another."""
        moto.mock_aws().start()
        assert mocked()
        moto.mock_aws().stop()
        assert not mocked()

    @BOTH
    def test_body_that_raises(self, mock):
        with pytest.raises(ZeroDivisionError), mock():
            raise ZeroDivisionError
        assert not mocked()

    @pytest.mark.parametrize("order", [*itertools.permutations(range(4))])
    def test_any_exit_order(self, order, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "real too")
        mocks = [
            mock_aws(),
            moto.mock_aws(),
            mock_aws(config={"lambda": {"use_docker": False}}),
            moto.mock_aws(config={"core": {"mock_credentials": False}}),
        ]
        before = dict(os.environ)
        for mock in mocks:
            mock.start()
        for position, number in enumerate(order):
            assert mocked()
            assert "AWS_SESSION_TOKEN" not in os.environ
            mocks[number].stop()
            assert aiomoto._activation.state.on is (position < 3)
        assert dict(os.environ) == before

    def test_one_object_entered_many_times(self):
        mock = mock_aws()
        with mock, mock:
            create()
            with mock:
                assert buckets() == ["bucket"]
        assert not mocked()

    def test_threads_enter_and_leave_at_once(self):
        errors = []
        barrier = threading.Barrier(8)

        def work(number):
            try:
                barrier.wait()
                for turn in range(5):
                    with (mock_aws, moto.mock_aws)[turn % 2]():
                        create(f"bucket-{number}-{turn}")
                        assert mocked()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        with mock_aws():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not errors
            assert len(buckets()) == 40

    async def test_tasks_enter_and_leave_at_once(self):
        async def work(number):
            async with mock_aws():
                await asyncio.sleep(0.001 * (number % 3))
                assert mocked()
                await async_buckets()

        await asyncio.gather(*map(work, range(20)))

    async def test_cancelled_body(self):
        entered = asyncio.Event()

        async def work():
            async with mock_aws():
                entered.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class TestRestored:
    @BOTH
    def test_credentials(self, mock, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
        monkeypatch.setenv("AWS_SECURITY_TOKEN", "old")
        with mock():
            assert mocked()
            assert "AWS_SECURITY_TOKEN" not in os.environ
            os.environ["AWS_ACCESS_KEY_ID"] = "changed inside"
            os.environ["AWS_SESSION_TOKEN"] = "set inside"
        assert os.environ["AWS_ACCESS_KEY_ID"] == "mine"
        assert os.environ["AWS_SECRET_ACCESS_KEY"] == ""
        assert os.environ["AWS_SECURITY_TOKEN"] == "old"
        assert "AWS_SESSION_TOKEN" not in os.environ

    def test_leftover_fake_credentials_count_as_absent(self, monkeypatch):
        """A fixture that undoes its patch of os.environ late puts moto's fake key back."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FOOBARKEY")
        with mock_aws():
            assert mocked()
        assert "AWS_ACCESS_KEY_ID" not in os.environ

    def test_credentials_changed_between_nested_mocks(self):
        with mock_aws():
            os.environ["AWS_ACCESS_KEY_ID"] = "assumed"
            with mock_aws():
                assert mocked()
            assert os.environ["AWS_ACCESS_KEY_ID"] == "assumed"

    @BOTH
    def test_default_session(self, mock, monkeypatch):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session := boto3.Session())
        with mock():
            assert boto3.DEFAULT_SESSION is None
            boto3.client("s3")
            with mock():
                assert boto3.DEFAULT_SESSION is not session
                assert boto3.DEFAULT_SESSION is not None
        assert boto3.DEFAULT_SESSION is session

    @BOTH
    def test_config(self, mock):
        with mock(config={"iam": {"load_aws_managed_policies": True}}):
            assert default_user_config["iam"] == {"load_aws_managed_policies": True}
            with mock(config={"lambda": {"use_docker": False}}):
                assert default_user_config["lambda"] == {"use_docker": False}
            assert default_user_config["lambda"] == {"use_docker": True}
            default_user_config["batch"]["use_docker"] = "changed inside"
        assert default_user_config["batch"]["use_docker"] is True

    def test_mock_credentials_off(self, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
        with mock_aws(config={"core": {"mock_credentials": False}}):
            assert os.environ["AWS_ACCESS_KEY_ID"] == "mine"
            assert buckets() == []

    def test_failing_enter(self, monkeypatch):
        def fail(*_, **__):
            raise OSError("no more")

        monkeypatch.setattr(moto.core.models.MockAWS, "_enable_patching", fail)
        with pytest.raises(OSError, match="no more"), mock_aws():
            pytest.fail("entered")
        assert not mocked()
        monkeypatch.undo()
        with mock_aws():
            assert buckets() == []

    def test_failing_exit(self, monkeypatch):
        mock = mock_aws()
        mock.start()

        def fail(_):
            raise OSError("no more")

        with monkeypatch.context() as patch:
            patch.setattr(moto.core.models.MockAWS, "reset", fail)
            with pytest.raises(OSError, match="no more"):
                mock.stop()
        assert not mocked()
        with mock_aws():
            assert buckets() == []

    def test_sys_meta_path_without_a_pth(self, run):
        code = """
import sys
import aiomoto
def ours():
    return [type(finder).__module__ for finder in sys.meta_path].count("aiomoto._hook")
print(ours())
with aiomoto.mock_aws():
    import boto3, aiobotocore.session
    print(ours(), type(sys.meta_path[0]).__module__)
    boto3.client("s3", region_name="us-east-1").list_buckets()
print(ours())
"""
        done = run("-c", code, AIOMOTO_DISABLE="1")
        assert done.out == "0\n1 aiomoto._hook\n0\n", done.err

    def test_configuration_that_is_new_inside_is_gone_after(self):
        from moto.core.config import default_user_config

        before = dict(default_user_config)
        with mock_aws():
            default_user_config["extra"] = {"new": True}
        assert default_user_config == before

    def test_environment_that_is_another_object(self, monkeypatch):
        real = os.environ
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", {"AWS_ACCESS_KEY_ID": "other", "HOME": "/"})
            with mock_aws():
                assert os.environ["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"
            assert os.environ == {"AWS_ACCESS_KEY_ID": "other", "HOME": "/"}
        assert os.environ is real
        assert os.environ["AWS_ACCESS_KEY_ID"] == "mine"

    def test_mock_of_moto_that_was_started_before_we_came(self, run):
        code = """
import os
os.environ.update(AWS_ACCESS_KEY_ID="mine", AWS_SECRET_ACCESS_KEY="mine")
import boto3, moto
stock = moto.mock_aws(); stock.start()
boto3.client("s3").create_bucket(Bucket="stock")
def buckets():
    return sorted(b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"])
from aiomoto import mock_aws
with mock_aws():
    assert buckets() == ["stock"]
    boto3.client("s3").create_bucket(Bucket="ours")
assert buckets() == ["ours", "stock"]
with moto.mock_aws():
    assert buckets() == ["ours", "stock"]
stock.stop()
assert os.environ["AWS_ACCESS_KEY_ID"] == "mine"
from moto.core.models import MockAWS, botocore_stubber
assert (MockAWS._nested_count, botocore_stubber.enabled) == (0, False)
from aiomoto._activation import state
assert not state.on and not state.layers
try:
    stock.stop()
except RuntimeError:
    with mock_aws():
        assert buckets() == []
    print("ok")
"""
        done = run("-c", code, AIOMOTO_DISABLE="1")
        assert done.out == "ok\n", done.err


class TestForeignModes:
    def test_mocks_of_moto_are_motos_in_them(self, run):
        code = """
import os, boto3, moto
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
os.environ["TEST_SERVER_MODE_ENDPOINT"] = f"http://127.0.0.1:{server._server.port}"
buckets = lambda: [found["Name"] for found in boto3.client("s3").list_buckets()["Buckets"]]
@moto.mock_aws
def function():
    boto3.client("s3").create_bucket(Bucket="bucket")
    return buckets()
@moto.mock_aws
class Test:
    def test_it(self):
        return buckets()
print(function(), Test().test_it())
with moto.mock_aws():
    print(boto3.client("sts").meta.endpoint_url == os.environ["TEST_SERVER_MODE_ENDPOINT"])
server.stop()
"""
        without = run("-c", code, TEST_SERVER_MODE="true", AIOMOTO_DISABLE="1")
        assert without.out == "['bucket'] []\nTrue\n", without.err
        assert run("-c", code, TEST_SERVER_MODE="true").out == without.out

    def test_server_mode_of_moto(self, monkeypatch):
        monkeypatch.setenv("TEST_SERVER_MODE", "true")
        with pytest.raises(aiomoto.ServerModeRequiredError, match="TEST_SERVER_MODE"), mock_aws():
            pytest.fail("entered")

    def test_proxy_mode_of_moto(self, monkeypatch):
        monkeypatch.setenv("TEST_PROXY_MODE", "true")
        with pytest.raises(aiomoto.ProxyModeError, match="TEST_PROXY_MODE"), mock_aws():
            pytest.fail("entered")


DECORATORS = pytest.mark.parametrize(
    "decorator",
    [
        mock_aws,
        mock_aws(),
        mock_aws(config={}),
        mock_aws_decorator,
        mock_aws_decorator(),
        moto.mock_aws,
        moto.mock_aws(),
    ],
)


@DECORATORS
class TestFunctions:
    def test_function(self, decorator):
        @decorator
        def function(name, *, suffix=""):
            """Documented."""
            create(name + suffix)
            return buckets()

        assert function("one", suffix="-two") == ["one-two"]
        assert function("three") == ["three"]
        assert function.__doc__ == "Documented."
        assert str(inspect.signature(function)) == "(name, *, suffix='')"
        assert not mocked()

    async def test_coroutine_function(self, decorator):
        @decorator
        async def function(name):
            create(name)
            await asyncio.sleep(0)
            return await async_buckets()

        assert inspect.iscoroutinefunction(function)
        assert await function("one") == ["one"]
        assert not mocked()

    def test_generator_function(self, decorator):
        @decorator
        def function(name):
            create(name)
            got = yield buckets()
            try:
                yield got
            except ValueError as error:
                yield str(error)
            return "done"

        assert inspect.isgeneratorfunction(function)
        generator = function("one")
        assert not mocked()
        assert next(generator) == ["one"]
        assert mocked()
        assert generator.send("sent") == "sent"
        assert generator.throw(ValueError("thrown")) == "thrown"
        with pytest.raises(StopIteration) as stop:
            next(generator)
        assert stop.value.value == "done"
        assert not mocked()

    def test_closed_generator(self, decorator):
        @decorator
        def function():
            yield 1

        generator = function()
        next(generator)
        generator.close()
        assert not mocked()

    async def test_async_generator_function(self, decorator):
        @decorator
        async def function(name):
            create(name)
            got = yield await async_buckets()
            try:
                yield got
            except ValueError as error:
                yield str(error)

        assert inspect.isasyncgenfunction(function)
        generator = function("one")
        assert await anext(generator) == ["one"]
        assert mocked()
        assert await generator.asend("sent") == "sent"
        assert await generator.athrow(ValueError("thrown")) == "thrown"
        with pytest.raises(StopAsyncIteration):
            await anext(generator)
        assert not mocked()

    async def test_closed_async_generator(self, decorator):
        closed = []

        @decorator
        async def function():
            try:
                yield 1
            finally:
                closed.append(mocked())

        generator = function()
        await anext(generator)
        await generator.aclose()
        assert closed == [True]
        assert not mocked()

    async def test_recursive_and_concurrent_calls(self, decorator):
        @decorator
        async def function(depth):
            await asyncio.sleep(0.001)
            assert mocked()
            return await function(depth - 1) if depth else "end"

        assert await asyncio.gather(*(function(depth) for depth in range(6))) == ["end"] * 6
        assert not mocked()

    async def test_callable_object_and_partial(self, decorator):
        class Callable:
            async def __call__(self):
                return mocked()

        assert await decorator(Callable())() is True
        assert decorator(functools.partial(lambda value: (value, mocked()), 1))() == (1, True)

    async def test_coroutine_whose_function_does_not_look_like_one(self, decorator):
        async def body():
            await asyncio.sleep(0)
            return mocked()

        @decorator
        def looks_sync():
            return body()

        assert await looks_sync()
        assert not mocked()

    async def test_raising_coroutine(self, decorator):
        @decorator
        async def function():
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await function()


@pytest.fixture
@mock_aws
def bucket():
    create("from-fixture")
    yield "from-fixture"
    assert mocked()


@pytest.fixture
@mock_aws
async def async_bucket():
    async with get_session().create_client("s3") as s3:
        await s3.create_bucket(Bucket="from-fixture")
        yield "from-fixture"


def test_decorated_generator_fixture(bucket):
    assert buckets() == [bucket]


async def test_decorated_async_generator_fixture(async_bucket):
    assert await async_buckets() == [async_bucket]


@mock_aws
@pytest.mark.parametrize("name", ["parametrised"])
def test_decorated_test_gets_its_fixtures(name, tmp_path):
    create(name)
    assert buckets() == [name]
    assert tmp_path.exists()


def apart(function, *args):
    """Call a function that runs an event loop of its own, which pytest-asyncio would lose its by."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *args).result()


def run_case(case):
    result = unittest.TestResult()
    apart(unittest.defaultTestLoader.loadTestsFromTestCase(case).run, result)
    problems = result.errors + result.failures
    assert not problems, problems[0][1]
    return result.testsRun


CLASS_DECORATORS = pytest.mark.parametrize(
    "decorator", [mock_aws, mock_aws(), moto.mock_aws, moto.mock_aws()]
)


@CLASS_DECORATORS
class TestClasses:
    def test_test_methods_start_from_nothing(self, decorator):
        @decorator
        class Case(unittest.TestCase):
            def test_one(self):
                assert buckets() == []
                create()

            def test_two(self):
                assert buckets() == []
                create()

            def helper(self):
                return mocked()

        assert run_case(Case) == 2
        assert Case("helper").helper()

    def test_set_up_prepares_each_test(self, decorator):
        @decorator
        class Case(unittest.TestCase):
            def setUp(self):
                assert buckets() == []
                create("setup")

            def test_one(self):
                assert buckets() == ["setup"]
                create("one")

            def test_two(self):
                assert buckets() == ["setup"]
                create("two")

            def tearDown(self):
                assert "setup" in buckets()

        assert run_case(Case) == 2

    def test_isolated_asyncio_test_case(self, decorator):
        @decorator
        class Case(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                assert await async_buckets() == []
                create("setup")

            async def test_one(self):
                assert await async_buckets() == ["setup"]
                create("one")

            async def test_two(self):
                assert await async_buckets() == ["setup"]
                create("two")

        assert run_case(Case) == 2

    def test_isolated_asyncio_test_case_without_set_up(self, decorator):
        @decorator
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_one(self):
                assert await async_buckets() == []
                create()

            async def test_two(self):
                assert await async_buckets() == []
                create()

        assert run_case(Case) == 2

    def test_set_up_and_async_set_up(self, decorator):
        @decorator
        class Case(unittest.IsolatedAsyncioTestCase):
            def setUp(self):
                assert buckets() == []
                create("first")

            async def asyncSetUp(self):
                create("second")

            async def test_one(self):
                assert await async_buckets() == ["first", "second"]

            async def test_two(self):
                assert await async_buckets() == ["first", "second"]

        assert run_case(Case) == 2

    def test_inherited_async_set_up(self, decorator):
        class Base(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.ready = True

        @decorator
        class Case(Base):
            async def test_one(self):
                assert self.ready
                assert mocked()

        assert run_case(Case) == 1

    def test_pytest_class(self, decorator):
        @decorator
        class Case:
            def setup_method(self):
                create("setup")

            def test_one(self):
                assert buckets() == ["setup"]

            async def test_async(self):
                assert await async_buckets() == ["setup"]

            def test_generator(self):
                yield buckets()

            @staticmethod
            def test_static():
                return mocked()

            @classmethod
            def test_class(cls):
                return mocked()

            def _private(self):
                return mocked()

            class TestNested:
                def test_nested(self):
                    return mocked()

        case = Case()
        for _ in range(2):
            case.setup_method()
            case.test_one()
        apart(asyncio.run, case.test_async())
        assert next(case.test_generator()) == ["setup"]
        assert [case.test_static(), case.test_class(), case._private()] == [False] * 3
        assert Case.TestNested().test_nested()
        with mock_aws():  # drops what the last test has kept, as the next setUp would
            pass

    def test_pytest_fixtures_inside_a_class_are_left_alone(self, decorator):
        class Case:
            @pytest.fixture
            def fixture(self):
                return mocked()

            def test_one(self, fixture):
                return fixture

        plain = vars(Case)["fixture"]
        assert vars(decorator(Case))["fixture"] is plain

    def test_what_is_only_referred_to_is_left_alone(self, decorator):
        class Elsewhere:
            def test_it(self):
                return mocked()

        def somebody(self):
            return mocked()

        @decorator
        class Case:
            model = Elsewhere
            helper = somebody
            shortcut = lambda self: mocked()  # noqa: E731

        assert Case.model is Elsewhere
        assert not Elsewhere().test_it()
        assert not Case().helper()
        assert not Case().shortcut()

    def test_set_up_of_a_mixin_starts_from_nothing(self, decorator):
        @decorator
        class Mixin:
            def setUp(self):
                assert buckets() == []
                create("mixin")

        class Case(Mixin, unittest.TestCase):
            @decorator
            def test_one(self):
                pass

            test_two = test_one

        assert run_case(Case) == 2

    def test_async_set_up_starts_from_nothing_below_an_unmocked_set_up(self, decorator):
        class Base(unittest.IsolatedAsyncioTestCase):
            def setUp(self):
                self.number = 1

        @decorator
        class Case(Base):
            async def asyncSetUp(self):
                assert await async_buckets() == []
                create("setup")

            async def test_one(self):
                assert await async_buckets() == ["setup"]
                create("one")

            async def test_two(self):
                assert await async_buckets() == ["setup"]
                create("two")

        assert run_case(Case) == 2

    def test_async_set_up_keeps_what_a_mocked_set_up_of_a_base_made(self, decorator):
        @decorator
        class Base(unittest.IsolatedAsyncioTestCase):
            def setUp(self):
                create("base")

        @decorator
        class Case(Base):
            async def asyncSetUp(self):
                create("own")

            async def test_one(self):
                assert await async_buckets() == ["base", "own"]

        assert run_case(Case) == 1


class TestTyping:
    def test_decorated_class_is_the_same_class(self):
        class Case:
            pass

        assert mock_aws(Case) is Case

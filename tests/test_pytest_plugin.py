"""The pytest plugin: its fixtures, its marker and whole runs in a mock."""

from __future__ import annotations

import asyncio
import os
import urllib.request

import boto3
import pytest
from aiobotocore.session import get_session

from aiomoto import mock_aws
from aiomoto._activation import state

INI = """
[pytest]
addopts = -p no:randomly -p no:cacheprovider
asyncio_default_fixture_loop_scope = function
filterwarnings =
    error
    ignore:datetime.datetime.utc.*:DeprecationWarning
"""
HELPERS = """
import asyncio, os, unittest
import boto3, pytest
from aiobotocore.session import get_session
def buckets():
    return [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
async def abuckets():
    async with get_session().create_client("s3") as s3:
        return [bucket["Name"] for bucket in (await s3.list_buckets())["Buckets"]]
def fill(name="bucket"):
    before = buckets()
    boto3.client("s3").create_bucket(Bucket=name)
    assert sorted(buckets()) == sorted([*before, name])
"""
# How coroutine tests are run: the mark that they need, and the options of the run.
ASYNC = {
    "asyncio strict": ("@pytest.mark.asyncio", "--asyncio-mode=strict"),
    "asyncio auto": ("", "--asyncio-mode=auto"),
    "anyio": ("@pytest.mark.anyio", "--asyncio-mode=strict"),
}
# In which order and processes.
RUNS = {
    "in order": [],
    "random order": ["-p", "randomly", "-p", "no:xdist", "--randomly-seed=7"],
    "xdist": ["-n", "2"],
}
EACH_RUN = pytest.mark.parametrize(
    "how", [*list(RUNS)[:-1], pytest.param("xdist", marks=pytest.mark.long)]
)


@pytest.fixture(scope="module", autouse=True)
def _warm():
    """Import what the runs need: pytester forgets what they import first, and moto is slow."""

    async def warm():
        async with get_session().create_client("s3", "us-east-1") as s3:
            await s3.list_buckets()

    with mock_aws():
        boto3.client("sqs", "us-east-1")
        asyncio.run(warm())
    with mock_aws(server_mode=True) as mock:
        boto3.client("s3", "us-east-1").list_buckets()
        with urllib.request.urlopen(f"{mock.server_endpoint}/moto-api/"):
            pass


@pytest.fixture
def suite(pytester):
    """Write test files and run them; how many passed, and what was printed."""
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(helpers=HELPERS)

    def suite(*options, **files):
        files = {name: f"from helpers import *\n{text}" for name, text in files.items()}
        if files:
            pytester.makepyfile(**files)
        run = pytester.runpytest_subprocess if "-n" in options else pytester.runpytest_inprocess
        return run(*options)

    return suite


@pytest.fixture(autouse=True)
def _left_as_it_was():
    before = dict(os.environ)
    yield
    before.pop("PYTEST_CURRENT_TEST", None)
    after = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    assert after == before
    assert not state.on
    assert not state.layers
    assert state.ambient is None


FIXTURE = """
def test_sync(mock_aws_session):
    assert buckets() == []
    fill()
    mock_aws_session.reset()
    assert buckets() == []
    fill()

ASYNC
async def test_async(mock_aws_session):
    assert await abuckets() == []
    fill()
    assert await abuckets() == buckets()

@pytest.fixture
def bucket(mock_aws_session):
    fill("mine")
    yield "mine"
    assert "mine" in buckets()

def test_own_fixture(bucket):
    assert buckets() == [bucket]

ASYNC
async def test_own_fixture_and_coroutine(bucket, mock_aws_session):
    assert await abuckets() == [bucket]

@pytest.mark.usefixtures("mock_aws_session")
class TestUnit(unittest.TestCase):
    def setUp(self):
        fill()
    def test_one(self):
        assert buckets() == ["bucket"]
    def test_two(self):
        assert buckets() == ["bucket"]

def test_other():
    assert os.environ.get("AWS_ACCESS_KEY_ID") is None
"""
MARKER = """
pytestmark = pytest.mark.mock_aws

@pytest.fixture(autouse=True)
def bucket():
    fill("mine")
    yield
    assert "mine" in buckets()

@pytest.fixture(scope="module", autouse=True)
def mocked_too():
    assert os.environ["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"
    buckets()
    yield
    buckets()

def test_sync():
    assert buckets() == ["mine"]
    fill()

ASYNC
async def test_async():
    assert await abuckets() == ["mine"]
    fill()

class TestClass:
    def setup_method(self):
        fill("setup")
    def test_one(self):
        assert buckets() == ["mine", "setup"]
    ASYNC
    async def test_two(self):
        assert await abuckets() == ["mine", "setup"]

class TestUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        buckets()
    def setUp(self):
        fill("setup")
    def test_one(self):
        assert sorted(buckets()) == ["mine", "setup"]
    def test_two(self):
        assert sorted(buckets()) == ["mine", "setup"]

class TestAsyncUnit(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        assert "mine" in await abuckets()
    async def test_one(self):
        fill()
    async def test_two(self):
        fill()
"""


OPTIONS = """
pytestmark = pytest.mark.mock_aws(region="us-west-2")

def test_region_of_the_module():
    assert boto3.client("sqs").meta.region_name == os.environ["AWS_REGION"] == "us-west-2"

@pytest.mark.mock_aws(region="eu-west-1", config={"core": {"mock_credentials": False}})
def test_closest_marker_counts():
    assert boto3.client("sqs").meta.region_name == os.environ["AWS_REGION"] == "eu-west-1"
    assert "AWS_ACCESS_KEY_ID" not in os.environ

@pytest.mark.mock_aws()
class TestClass:
    def test_class(self):
        assert boto3.client("sqs").meta.region_name == "us-east-1"
        assert "AWS_REGION" not in os.environ
"""


@pytest.fixture(params=ASYNC)
def flavour(request):
    """Turn coroutine functions into tests of one of the asyncio plugins."""
    mark, option = ASYNC[request.param]
    backend = "\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"

    def flavour(text):
        return backend + text.replace("ASYNC", mark)

    flavour.option = option
    return flavour


@EACH_RUN
def test_fixture_and_marker(suite, flavour, how):
    done = suite(
        *RUNS[how],
        flavour.option,
        test_fixture=flavour(FIXTURE),
        test_marker=flavour(MARKER),
        test_options=OPTIONS,
    )
    done.assert_outcomes(passed=7 + 8 + 3)
    done.stdout.no_fnmatch_line("*AWS is mocked*")


WHOLE = """
def test_one():
    assert buckets() == []
    fill()

ASYNC
async def test_two():
    assert await abuckets() == []
    fill()

class TestUnit(unittest.TestCase):
    def setUp(self):
        assert buckets() == []
        fill()
    def test_one(self):
        assert buckets() == ["bucket"]
    def test_two(self):
        assert buckets() == ["bucket"]

@pytest.mark.mock_aws
def test_marker_on_top():
    assert buckets() == []
    fill("other")

def test_motos_own_mock_on_top(mock_aws_session):
    import moto
    fill("outer")
    @moto.mock_aws
    def inner():
        assert buckets() == ["outer"]
    inner()

def test_blocks_start_from_nothing():
    import moto
    fill()
    for _ in range(2):
        with moto.mock_aws():
            assert buckets() == []
            fill("inner")
    assert buckets() == ["bucket"]
"""
WIDE = """
@pytest.fixture(scope="SCOPE", autouse=True)
def wide():
    name = "wide-" + os.urandom(4).hex()
    fill(name)
    yield
    assert name in buckets()

def check(name):
    print(f"\\nfound {len(buckets())}")
    fill(name + os.urandom(4).hex())

class TestA:
    def test_one(self):
        check("one")
    def test_two(self):
        check("two")

class TestB:
    def test_one(self):
        check("three")
"""


@EACH_RUN
def test_whole_run(suite, flavour, how):
    done = suite("--mock-aws", *RUNS[how], flavour.option, test_whole=flavour(WHOLE))
    done.assert_outcomes(passed=7)
    done.stdout.fnmatch_lines(
        "aiomoto: AWS is mocked for the whole run (mock_aws: in-process), a new one for each test"
    )


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("class", [1, 2, 1, 1, 2, 1]),
        ("module", [1, 2, 3, 1, 2, 3]),
        ("session", [1, 2, 3, 5, 6, 7]),
    ],
)
def test_scope_of_the_data(suite, scope, left):
    """Data last for what `mock_aws_reset` names, and fixtures of that scope can rely on it."""
    text = WIDE.replace("SCOPE", scope)
    done = suite("-s", "--mock-aws", f"--mock-aws-reset={scope}", test_a=text, test_b=text)
    done.assert_outcomes(passed=6)
    assert [int(line[6:]) for line in done.outlines if line.startswith("found ")] == left


def test_ini_file(suite, pytester):
    pytester.makefile(".ini", pytest=f"{INI}\nmock_aws = in-process\nmock_aws_reset = module\n")
    test = "def test_one():\n    fill('one')\ndef test_two():\n    assert buckets() == ['one']\n"
    done = suite(test_a=test, test_b=test)
    done.assert_outcomes(passed=4)
    done.stdout.fnmatch_lines("*AWS is mocked*a new one for each module")
    test = "def test_off():\n    assert 'AWS_ACCESS_KEY_ID' not in os.environ\n"
    done = suite("--mock-aws=off", "test_off.py", test_off=test)
    done.assert_outcomes(passed=1)
    done.stdout.no_fnmatch_line("*AWS is mocked*")


@pytest.mark.parametrize(
    ("options", "ini", "message"),
    [
        (
            ["--mock-aws", "test_x.py"],
            "",
            "*--mock-aws is one of in-process, server, off*not 'test_x.py'*",
        ),
        (["--mock-aws-reset=all"], "", "*--mock-aws-reset is one of test, class, module, session*"),
        ([], "mock_aws = yes", "*mock_aws = yes in *pytest.ini: *in-process*"),
        ([], "mock_aws_reset = never", "*mock_aws_reset = never in *pytest.ini: *module*"),
    ],
)
def test_bad_settings(suite, pytester, options, ini, message):
    pytester.makefile(".ini", pytest=f"{INI}\n{ini}\n")
    done = suite(*options, test_x="def test_x(): pass")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(message)


def test_help_and_markers(suite):
    done = suite("--help")
    done.stdout.fnmatch_lines(["*--mock-aws=?MODE?*", "*--mock-aws-reset=SCOPE*"])
    done.stdout.fnmatch_lines(["*mock_aws (string)*", "*mock_aws_reset (string)*"])
    suite("--markers").stdout.fnmatch_lines("@pytest.mark.mock_aws(config, region, *")
    done = suite("--fixtures")
    done.stdout.fnmatch_lines(["mock_aws_session*", "*", "aiomoto_server*session scope*"])


def test_conftest_is_mocked_already(suite, pytester):
    pytester.makeconftest(f"{HELPERS}\nassert buckets() == []\nfill('early')\n")
    suite("--mock-aws", test_x="def test_x(): assert buckets() == []").assert_outcomes(passed=1)
    options = ("--mock-aws", "--mock-aws-reset=session")
    suite(*options, test_x="def test_x(): assert buckets() == ['early']").assert_outcomes(passed=1)


FAILING = """
@pytest.mark.mock_aws
def test_fails():
    fill()
    assert 0

@pytest.fixture
def broken(mock_aws_session):
    fill()
    raise ValueError

def test_errors(broken):
    pass

@pytest.mark.mock_aws
def test_errors_too(broken):
    pass

@pytest.mark.mock_aws(nonsense=1)
def test_misspelt():
    pass

def test_not_mocked():
    assert "AWS_ACCESS_KEY_ID" not in os.environ
"""


def test_failing_tests_leave_their_mocks(suite):
    done = suite(test_x=FAILING)
    done.assert_outcomes(failed=1, errors=3, passed=1)
    done.stdout.fnmatch_lines("*unexpected keyword argument 'nonsense'*")


def test_nothing_is_loaded_before_it_is_used(pytester):
    pytester.makeconftest(
        "import sys\n"
        "def pytest_unconfigure():\n"
        "    heavy = ('moto', 'boto3', 'botocore', 'aiobotocore', 'wrapt', 'aiomoto.mocking')\n"
        "    print('loaded:', *[name for name in heavy if name in sys.modules])\n"
    )
    pytester.makepyfile("def test_x(): pass")
    # A mock that is wished for patches the HTTP libraries that pytest's other plugins have loaded.
    for option, loaded in (("--mock-aws=off", "loaded:"), ("--mock-aws", "loaded: wrapt")):
        done = pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-s", option)
        done.stdout.fnmatch_lines(loaded)


AUTO = """
import boto3
def test_one():
    boto3.client("s3").create_bucket(Bucket="bucket")
def test_two():
    assert len(boto3.client("s3").list_buckets()["Buckets"]) == LEFT
"""


@pytest.mark.parametrize(("options", "left"), [([], 1), (["--mock-aws-reset=test"], 0)])
def test_auto_keeps_the_data_unless_asked(run, tmp_path, options, left):
    """Suites made for a server or for real AWS share what their wide fixtures have made."""
    (tmp_path / "test_x.py").write_text(AUTO.replace("LEFT", str(left)))
    words = ["pytest", "-p", "no:randomly", "-p", "no:asyncio", *options, tmp_path]
    done = run("-m", "aiomoto", "run", "--quiet", *words)
    assert "2 passed" in done.out, done.out + done.err
    data = "a new one for each test" if options else "one for all tests"
    assert f"aiomoto: AWS is mocked for the whole run (AIOMOTO_AUTO=1), {data}" in done.out
    assert done.err == ""


SERVER = """
import urllib.request

def test_sync(aiomoto_server):
    assert boto3.client("s3").meta.endpoint_url == aiomoto_server.server_endpoint
    aiomoto_server.reset()
    assert buckets() == []
    fill("one")

ASYNC
async def test_async(aiomoto_server):
    aiomoto_server.reset()
    fill("two")
    assert await abuckets() == ["two"]

def test_over_http(aiomoto_server):
    aiomoto_server.reset()
    fill("three")
    with urllib.request.urlopen(aiomoto_server.environ["AWS_ENDPOINT_URL"] + "/three") as page:
        assert b"ListBucketResult" in page.read()

@pytest.mark.mock_aws(server_mode=True)
def test_marker():
    assert boto3.client("s3").meta.endpoint_url.startswith("http://127.0.0.1:")
"""


@EACH_RUN
@pytest.mark.parametrize("whole", [[], ["--mock-aws=server"]])
def test_server_fixture(suite, flavour, how, whole):
    done = suite(*whole, *RUNS[how], flavour.option, test_server=flavour(SERVER))
    done.assert_outcomes(passed=4)


@EACH_RUN
def test_whole_run_by_a_server(suite, flavour, how):
    done = suite("--mock-aws=server", *RUNS[how], flavour.option, test_whole=flavour(WHOLE))
    done.assert_outcomes(passed=7)
    done.stdout.fnmatch_lines("*(mock_aws: server), a new one for each test")


def test_one_server_for_each_worker(suite):
    text = """
import time
@pytest.mark.parametrize("number", range(2))
def test_it(aiomoto_server, number, request, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp().parent
    (folder / f"port-{aiomoto_server.server_port}").touch()
    for _ in range(500):  # until the other worker has its own
        if len(list(folder.glob("port-*"))) == 2:
            return
        time.sleep(0.1)
    assert 0
"""
    suite("-n", "2", test_x=text).assert_outcomes(passed=2)


CONFLICT = """
def test_in_process(mock_aws_session):
    pass

def test_server(aiomoto_server):
    pass

def test_in_process_again(mock_aws_session):
    pass

@pytest.mark.mock_aws
def test_marker():
    pass

@pytest.mark.mock_aws(server_mode=True)
def test_marker_of_the_same_mode():
    pass
"""


def test_modes_that_exclude_each_other_are_named(suite):
    done = suite(test_x=CONFLICT)
    done.assert_outcomes(passed=3, errors=2)
    while_server = "cannot mock AWS while the fixture aiomoto_server does: *"
    done.stdout.fnmatch_lines(
        [
            f"*ModeConflictError: the fixture mock_aws_session {while_server}",
            f"*ModeConflictError: the marker mock_aws of test_x.py::test_marker {while_server}",
        ]
    )
    text = "def test_both(mock_aws_session, aiomoto_server): pass"
    done = suite("test_y.py", test_y=text.replace("mock_aws_session, ", "inner, ") + INNER)
    done.stdout.fnmatch_lines(
        "*fixture aiomoto_server cannot mock AWS while the marker mock_aws of*"
    )


INNER = """
test_both = pytest.mark.mock_aws(test_both)
@pytest.fixture
def inner(): pass
"""

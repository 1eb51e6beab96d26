"""``AIOMOTO_AUTO``: a whole process is mocked, and explicit mocks are islands in it."""

from __future__ import annotations

import pytest

AUTO = {"AIOMOTO_AUTO": "1", "AIOMOTO_QUIET": "1"}
PRELUDE = """
import asyncio, os, sys, unittest
import boto3
from aiobotocore.session import get_session
def make(suffix):
    boto3.client("s3").create_bucket(Bucket="bucket")
    boto3.client("s3").put_object(Bucket="bucket", Key="key", Body=("body " + suffix).encode())
    boto3.client("sqs").create_queue(QueueName="queue-" + suffix)
    boto3.client("dynamodb").create_table(
        TableName="table-" + suffix, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    boto3.client("iam").create_user(UserName="user-" + suffix)
def look():
    s3 = boto3.client("s3")
    found = [b["Name"] for b in s3.list_buckets()["Buckets"]]
    if found:
        found.append(s3.get_object(Bucket="bucket", Key="key")["Body"].read().decode())
    found += [url.rpartition("/")[2] for url in boto3.client("sqs").list_queues().get("QueueUrls", [])]
    found += boto3.client("dynamodb").list_tables()["TableNames"]
    found += [user["UserName"] for user in boto3.client("iam").list_users()["Users"]]
    return found
async def alook():
    async with get_session().create_client("s3") as s3:
        return [b["Name"] for b in (await s3.list_buckets())["Buckets"]]
def expected(suffix):
    return ["bucket", "body " + suffix, "queue-" + suffix, "table-" + suffix, "user-" + suffix]
"""


def ok(done):
    assert done.out.endswith("ok\n"), done.err
    assert done.err == ""
    assert done.code == 0


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_values_that_switch_it_on(run, value):
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    done = run("-c", code, AIOMOTO_AUTO=value)
    assert done.out == "123456789012\n"
    assert done.err.count("\n") == 1
    assert "mocked" in done.err


@pytest.mark.parametrize(
    ("value", "lines"), [("1", 0), ("yes", 0), ("0", 1), ("", 1), ("off", 1), (None, 1)]
)
def test_quiet(run, value, lines):
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET=value)
    assert done.out == "123456789012\n"
    assert done.err.count("\n") == lines


@pytest.mark.parametrize("auto", ["1", "maybe"])
@pytest.mark.parametrize("stream", ["None", "open(os.devnull, 'w'); sys.stderr.close()"])
def test_no_stderr(run, stream, auto):
    code = f"""
import sys, os
sys.stderr = {stream}
import aiomoto._startup as s
s._done = False
s.main()
import boto3
try:
    print(boto3.client('sts').get_caller_identity()['Account'])
except Exception as error:
    print(type(error).__name__)
"""
    done = run("-c", code, AIOMOTO_AUTO=auto)
    assert done.out == ("123456789012\n" if auto == "1" else "RealHTTPRequestBlockedError\n")


@pytest.mark.parametrize("pattern", ["http://ok,http://(not", "*"])
def test_bad_passthrough_says_so_at_start_and_refuses_every_call(run, pattern):
    code = "import sys; print('re' in sys.modules, file=sys.stderr)"
    done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_PASSTHROUGH=pattern)
    assert done.err.startswith("aiomoto: AIOMOTO_PASSTHROUGH takes regular expressions"), done.err
    assert repr(pattern.rpartition(",")[2]) in done.err
    code = """
import boto3, aiomoto
try:
    boto3.client("sts").get_caller_identity()
except aiomoto.RealHTTPRequestBlockedError as error:
    print(error)
"""
    done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_PASSTHROUGH=pattern)
    assert "AIOMOTO_PASSTHROUGH takes" in done.out


def test_bad_value_says_so_once_and_refuses_every_call(run):
    code = (
        PRELUDE
        + """
from aiomoto import RealHTTPRequestBlockedError
for call in (look, lambda: asyncio.run(alook())):
    try:
        call()
    except RealHTTPRequestBlockedError as error:
        print(error)
"""
    )
    done = run("-c", code, AIOMOTO_AUTO="maybe")
    assert done.out.count("AIOMOTO_AUTO='maybe'") == 2
    assert done.err.count("\n") == 1
    assert "AIOMOTO_AUTO='maybe'" in done.err


def test_bad_value_leaves_the_interpreter_working(run):
    done = run("-c", "print('alive')", AIOMOTO_AUTO="maybe")
    assert (done.code, done.out) == (0, "alive\n")


def test_server_mode_of_moto_fails_closed(run):
    code = (
        PRELUDE
        + """
from aiomoto import ServerModeRequiredError
for call in (look, look, lambda: asyncio.run(alook())):
    try:
        call()
    except ServerModeRequiredError as error:
        print(error)
"""
    )
    done = run("-c", code, TEST_SERVER_MODE="true", **AUTO)
    assert done.out.count("TEST_SERVER_MODE is set") == 3, done.err


def test_nothing_is_started_before_aws_is_used(run):
    code = "import sys, os; print('moto' in sys.modules, os.environ['AWS_ACCESS_KEY_ID'])"
    done = run("-c", f"{code}; import boto3; print('moto' in sys.modules)", AIOMOTO_AUTO="1")
    assert (done.out, done.err) == ("False FOOBARKEY\nFalse\n", "")


def test_real_credentials_are_hidden_from_the_process_and_its_children(run):
    code = """
import os, subprocess, sys
look = "import os; print([k + '=' + v for k, v in os.environ.items() if k.startswith('AWS_') and v == 'real'])"
exec(look)
subprocess.run([sys.executable, "-c", look]); subprocess.run([sys.executable, "-S", "-c", look])
"""
    real = dict.fromkeys(
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"], "real"
    )
    assert run("-u", "-c", code, **AUTO, **real).out == "[]\n" * 3


def test_children_stay_silent(run):
    call = "import boto3; boto3.client('sts').get_caller_identity()"
    code = f"{call}; import subprocess, sys; subprocess.run([sys.executable, '-c', {call!r}], check=True)"
    done = run("-c", code, AIOMOTO_AUTO="1")
    assert done.code == 0
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("flags", [["-I"], ["-E"]])
def test_isolated_interpreters_are_mocked_too(run, flags):
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    assert run(*flags, "-c", code, **AUTO).out == "123456789012\n"


@pytest.mark.parametrize("mock", ["aiomoto.mock_aws", "moto.mock_aws"])
def test_explicit_mock_finds_fresh_state_and_gives_the_ambient_back(run, mock):
    code = (
        PRELUDE
        + f"""
import aiomoto, moto
make("ambient")
reader = boto3.client("s3").get_object(Bucket="bucket", Key="key")["Body"]
session = boto3.DEFAULT_SESSION
for turn in range(2):
    with {mock}():
        assert look() == asyncio.run(alook()) == [], look()
        make("explicit")
        assert look() == expected("explicit"), look()
        assert asyncio.run(alook()) == ["bucket"]
    assert look() == expected("ambient"), look()
    assert boto3.DEFAULT_SESSION is session
    assert os.environ["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"
assert reader.read() == b"body ambient"
boto3.client("s3").create_bucket(Bucket="bucket-2")
print("ok")
"""
    )
    ok(run("-W", "error", "-c", code, **AUTO))


def test_explicit_mock_before_anything_else(run):
    code = (
        PRELUDE
        + """
import moto
@moto.mock_aws
def test():
    make("explicit")
    assert look() == expected("explicit")
test()
assert look() == []
make("ambient")
test()
assert look() == expected("ambient")
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_class_decorator_keeps_the_data_of_set_up_and_the_ambients(run):
    code = (
        PRELUDE
        + """
import moto
make("ambient")
@moto.mock_aws
class Case(unittest.TestCase):
    def setUp(self):
        assert look() == [], look()
        make("setup")
    def test_one(self):
        assert look() == expected("setup"), look()
        boto3.client("s3").put_object(Bucket="bucket", Key="other", Body=b"1")
    def test_two(self):
        assert look() == expected("setup"), look()
class Between(unittest.TestCase):
    def test_between(self):
        assert look() == expected("ambient"), look()
result = unittest.TestResult()
load = unittest.defaultTestLoader.loadTestsFromTestCase
for case in (Case, Between, Case, Between):
    load(case).run(result)
assert not result.errors + result.failures, (result.errors + result.failures)[0][1]
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_moto_settings_come_back_too(run):
    code = (
        PRELUDE
        + """
import moto, random
from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random
from moto.core.config import default_user_config
make("ambient")
state_manager.set_transition("dax::cluster", {"progression": "manual", "times": 3})
before = state_manager.get_transition("dax::cluster"), dict(default_user_config), mock_random.getstate()
with moto.mock_aws(config={"lambda": {"use_docker": False}}):
    state_manager.unset_transition("dax::cluster")
    mock_random.seed(42)
    make("explicit")
assert before == (state_manager.get_transition("dax::cluster"), dict(default_user_config), mock_random.getstate())
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_threads_that_race_for_the_first_client_are_all_mocked(run):
    code = """
import threading
names = ["boto3", "moto", "aiobotocore.session", "botocore.session"] * 2
barrier = threading.Barrier(len(names)); found = []
def work(name):
    barrier.wait()
    __import__(name)
    import boto3
    client = boto3.session.Session().client("sts", region_name="us-east-1")
    found.append(client.get_caller_identity()["Account"])
threads = [threading.Thread(target=work, args=(name,)) for name in names]
[t.start() for t in threads]; [t.join(60) for t in threads]
assert found == ["123456789012"] * 8, found
print("ok")
"""
    for _ in range(3):
        done = run("-W", "error", "-c", code, timeout=120, AIOMOTO_AUTO="1")
        assert (done.out, done.err.count("\n")) == ("ok\n", 1), done.err


def test_session_made_while_moto_is_being_imported(run):
    code = (
        PRELUDE
        + """
import botocore.session
made = []
import importlib.abc
class Spy(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "moto.core.base_backend":
            made.append(botocore.session.Session())
sys.meta_path.insert(0, Spy())
import moto
assert made
assert look() == []
assert made[0].create_client("sts").get_caller_identity()["Account"] == "123456789012"
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_environment_cleared_by_a_test(run):
    code = (
        PRELUDE
        + """
from unittest.mock import patch
make("ambient")
with patch.dict(os.environ, clear=True):
    boto3.setup_default_session(region_name="us-east-1")
    assert look() == expected("ambient")
    boto3.DEFAULT_SESSION = None
assert look() == expected("ambient")
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_unsupported_version_fails_closed(run):
    code = """
import botocore
botocore.__version__ = "2.0.0"
import aiomoto
for attempt in range(2):
    try:
        import boto3
    except aiomoto.UnsupportedVersionError as error:
        print(error.distribution, error.found)
"""
    done = run("-c", code, **AUTO)
    assert done.out == "botocore 2.0.0\n" * 2, done.err


def test_unsupported_version_that_is_let_in_is_told_once(run):
    code = """
import botocore
botocore.__version__ = "2.0.0"
import aiomoto, boto3, moto
for _ in range(2):
    with aiomoto.mock_aws(), moto.mock_aws():
        print(boto3.client("sts").get_caller_identity()["Account"])
"""
    for auto in (None, "1"):
        done = run(
            "-W", "error", "-c", code, AIOMOTO_UNSUPPORTED="warn", **{**AUTO, "AIOMOTO_AUTO": auto}
        )
        assert done.out == "123456789012\n" * 2, done.err
        assert done.err.count("\n") == 1
        assert "botocore 2.0.0 is newer" in done.err
    quiet = run(
        "-c",
        "import botocore; botocore.__version__ = '2.0.0'; import boto3",
        AIOMOTO_UNSUPPORTED="warn",
    )
    assert quiet.err == ""


def test_what_is_worn_is_worn_whether_the_mock_has_begun_yet_or_not(run):
    code = """
from types import SimpleNamespace
import boto3
from aiomoto._activation import state
from aiomoto._layers import Attribute
places = SimpleNamespace(early="real", late="real")
state.wear(Attribute(places, "early"), "worn")
print(places.early)
boto3.client("sts").get_caller_identity()
state.wear(Attribute(places, "late"), "worn")
print(places.early, places.late)
"""
    assert run("-c", code, **AUTO).out == "real\nworn worn\n"


def test_fork_in_the_middle(run):
    code = (
        PRELUDE
        + """
import threading
from aiomoto._activation import state
make("ambient")
held = threading.Event(); done = threading.Event()
def hold():
    with state.lock:
        held.set(); done.wait()
thread = threading.Thread(target=hold); thread.start(); held.wait()
import warnings; warnings.simplefilter("ignore")
child = os.fork()
if not child:
    import moto
    with moto.mock_aws():
        assert look() == []
    assert look() == expected("ambient")
    os._exit(7)
done.set(); thread.join()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_callbacks_for_requests_come_back_after_an_explicit_mock(run):
    code = (
        PRELUDE
        + """
import requests, responses
from moto.core.models import responses_mock
make("ambient")
responses_mock.add(responses.GET, "https://mine.example/", body="mine")
with aiomoto.mock_aws():
    assert requests.get("https://nothing.s3.amazonaws.com/").status_code == 404
    responses_mock.add(responses.GET, "https://theirs.example/", body="theirs")
    assert requests.get("https://theirs.example/").text == "theirs"
assert requests.get("https://mine.example/").text == "mine"
assert not [r for r in responses_mock.registered() if getattr(r, "url", None) == "https://theirs.example/"]
assert look() == expected("ambient")
print("ok")
"""
    ).replace("import asyncio,", "import aiomoto, asyncio,")
    ok(run("-c", code, **AUTO))


def test_requests_of_another_thread_go_on_while_explicit_mocks_come_and_go(run):
    code = (
        PRELUDE
        + """
import aiomoto, threading
make("ambient")
client = boto3.client("s3"); errors = []; counts = [0]; over = threading.Event()
sys.setswitchinterval(1e-4)
def work():
    while not over.is_set():
        try:
            names = [b["Name"] for b in client.list_buckets()["Buckets"]]
            assert names in (["bucket"], []), names
            counts[0] += 1
        except aiomoto.RealHTTPRequestBlockedError as error:
            assert "ended meanwhile" in str(error)  # it began in an explicit mock
        except BaseException as error:
            errors.append(error); raise
threads = [threading.Thread(target=work) for _ in range(3)]
[t.start() for t in threads]
for _ in range(20):
    with aiomoto.mock_aws():
        assert client.list_buckets()["Buckets"] == []
over.set(); [t.join() for t in threads]
assert not errors, errors
assert counts[0] > 10
assert look() == expected("ambient"), look()
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_moto_that_is_purged_and_imported_anew(run):
    code = (
        PRELUDE
        + """
import warnings; warnings.simplefilter("ignore")
make("ambient")
for name in [n for n in sys.modules if n.partition(".")[0] in ("moto", "boto3")]:
    del sys.modules[name]
import boto3, moto
with moto.mock_aws():
    make("explicit")
    assert look() == expected("explicit")
assert boto3.DEFAULT_SESSION is None
make("again")
assert look() == expected("again"), look()
assert asyncio.run(alook()) == ["bucket"]
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_what_motos_classes_hold_is_part_of_the_ambient_state(run):
    code = (
        PRELUDE
        + """
import aiomoto
east, west = (boto3.client("ec2", region) for region in ("us-east-1", "us-west-2"))
def vpc(client):
    return client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
def peer(vpc_id, peer_id):
    return west.create_vpc_peering_connection(VpcId=vpc_id, PeerVpcId=peer_id, PeerRegion="us-east-1")
mine = vpc(east)
with aiomoto.mock_aws():
    try:
        peer(vpc(west), mine)
        raise SystemExit("found a VPC of the ambient mock")
    except west.exceptions.ClientError:
        pass
assert peer(vpc(west), mine)["VpcPeeringConnection"]["AccepterVpcInfo"]["VpcId"] == mine
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_explicit_mock_does_not_use_up_the_ambients_unauthorized_actions(run):
    code = (
        PRELUDE
        + """
import aiomoto
from botocore.exceptions import ClientError
sqs = boto3.client("sqs")
sqs.list_queues()
with aiomoto.mock_aws():
    for _ in range(2):
        sqs.list_queues()
sqs.list_queues()
try:
    sqs.list_queues()
except ClientError as error:
    print(error.response["Error"]["Code"], "ok")
"""
    )
    ok(run("-c", code, INITIAL_NO_AUTH_ACTION_COUNT="2", **AUTO))


def test_requests_wait_while_another_thread_switches_mocks(run):
    code = (
        PRELUDE
        + """
import aiomoto, threading
from aiomoto._activation import state
make("ambient")
switching, go, found = threading.Event(), threading.Event(), []
class Slow:
    def get(self): return None
    def set(self, value):
        if value is None:  # the mock is being left
            switching.set(); go.wait(20)
state.wear(Slow(), 1)
def switch():
    with aiomoto.mock_aws():
        pass
def ask():
    found.append(boto3.client("s3").list_buckets()["Buckets"][0]["Name"])
switcher, asker = threading.Thread(target=switch), threading.Thread(target=ask)
switcher.start(); assert switching.wait(20)
asker.start(); asker.join(0.5)
assert asker.is_alive() and not found
go.set(); switcher.join(); asker.join()
assert found == ["bucket"], found
print("ok")
"""
    )
    ok(run("-c", code, **AUTO))


def test_a_stand_in_of_the_suite_for_the_http_session_is_used(run):
    code = (
        PRELUDE
        + """
from unittest.mock import Mock, patch
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.httpsession import URLLib3Session
from aiomoto import mock_aws
once = {"total_max_attempts": 1}
down = EndpointConnectionError(endpoint_url="https://down")
def fails():
    try:
        s3.list_buckets()
    except EndpointConnectionError:
        return True
with patch.object(URLLib3Session, "send", side_effect=down):
    s3 = boto3.client("s3", config=Config(retries=once))  # starts the ambient mock
    assert fails()
with patch.object(URLLib3Session, "send", side_effect=down):
    assert fails()
    with mock_aws():
        assert not fails()  # moto answers first, as it does by itself
    assert fails()
assert not fails()
with patch.object(s3._endpoint, "http_session", Mock(send=Mock(side_effect=down))):
    assert fails()
class Counting(AIOHTTPSession):
    count = 0
    async def send(self, request):
        Counting.count += 1
        return await super().send(request)
async def main():
    config = AioConfig(retries=once, http_session_cls=Counting)
    async with get_session().create_client("s3", config=config) as client:
        await client.create_bucket(Bucket="bucket")
        await client.put_object(Bucket="bucket", Key="k", Body=b"body")
        assert await (await client.get_object(Bucket="bucket", Key="k"))["Body"].read() == b"body"
    assert Counting.count == 3
    with patch.object(AIOHTTPSession, "send", side_effect=down):
        async with get_session().create_client("s3", config=AioConfig(retries=once)) as client:
            try:
                await client.list_buckets()
            except EndpointConnectionError:
                print("ok")
"""
        + "asyncio.run(main())\n"
    )
    ok(run("-c", code, **AUTO))

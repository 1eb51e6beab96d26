"""The rows of role ``speed``: nothing that a test can see is different, and less is done."""

from __future__ import annotations

import asyncio
import copy
import gc
import io
import json
import os
import pickle
import shutil
import string
import tempfile
import threading
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from random import Random

import boto3
import botocore.endpoint_provider
import botocore.handlers
import botocore.hooks
import botocore.httpchecksum
import botocore.loaders
import botocore.session
import botocore.useragent
import moto.core.models
import moto.s3.models
import pytest
import requests
import responses
from aiobotocore.session import get_session
from moto.backend_index import backend_url_patterns
from moto.core.responses import method_names_from_class
from moto.moto_api._internal import mock_random
from moto.s3 import s3_backends

from aiomoto import _gateway, _patches, mock_aws
from aiomoto._patches import speed_bodies, speed_models

ROWS = [row for row in _patches.ROWS if row.role == "speed"]
DATA = Path(botocore.__file__).parent / "data"
MB = 1 << 20


def applied(target):
    """Skip a test of rows that are left out for the versions that are installed."""
    rows = dict(_patches.report())
    states = [rows[row] for row in ROWS if row.target == target]
    return pytest.mark.skipif("applied" not in states, reason=f"{target} is left out: {states}")


def client(service="s3"):
    return boto3.session.Session(region_name="us-east-1").client(service)


class TestSwitch:
    def test_all_rows_go_with_one_variable(self, run):
        code = (
            "import moto, boto3, aiobotocore.session; from aiomoto import _patches, mock_aws\n"
            "with mock_aws(): boto3.client('s3').list_buckets()\n"
            "print([row.target for row, state in _patches.report() if row.role == 'speed'])"
        )
        assert run("-c", code, AIOMOTO_SPEED="0").out == "[]\n"
        assert "reload" in run("-c", code, AIOMOTO_SPEED="1").out

    def test_a_function_that_the_user_has_replaced_is_not_passed_by(self, monkeypatch):
        asked = []

        def replaced(agent):
            asked.append(agent)
            return "replaced"

        kind = botocore.useragent.UserAgentString
        monkeypatch.setattr(kind, "to_string", replaced)
        with mock_aws():
            client().list_buckets()
            client().list_buckets()
        assert len(asked) > 1
        monkeypatch.undo()
        with mock_aws():
            pass
        assert hasattr(kind.to_string, "_self_wrapper")

    def test_inactive_rows_do_nothing(self, monkeypatch):
        parsed = count(monkeypatch, botocore.loaders.json, "loads")
        for _ in range(2):
            client("sqs")
        first, second = len(parsed) // 2, len(parsed)
        assert second == 2 * first > 0


def count(monkeypatch, owner, name):
    """Return a list that gets an item for each call of a function."""
    calls, original = [], getattr(owner, name)

    def counting(*args, **kwargs):
        calls.append(args)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, counting)
    return calls


def document():
    text = (DATA / "endpoints.json").read_text()
    return json.loads(text, object_pairs_hook=OrderedDict)


class TestModels:
    async def test_a_model_is_parsed_once_per_process(self, monkeypatch):
        async def create():
            client("sns")
            async with get_session().create_client("sns", region_name="us-east-1"):
                pass

        with mock_aws():
            await create()
            parsed = count(monkeypatch, botocore.loaders.json, "loads")
            walked = count(monkeypatch, os, "listdir")
            for _ in range(3):
                await create()
        assert parsed == []
        assert len(walked) < 50  # of 400 folders, by every session

    def test_what_users_write_is_read_afresh(self, tmp_path, monkeypatch):
        model = tmp_path / "toy" / "2020-01-01" / "service-2.json"
        model.parent.mkdir(parents=True)
        monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
        text = {"metadata": {"endpointPrefix": "toy", "serviceId": "toy"}, "shapes": {}}
        with mock_aws():
            for name in ("Abc", "Xyz"):  # of one size, in one moment
                model.write_text(json.dumps({**text, "operations": {name: {}}}))
                session = botocore.session.Session()
                assert "toy" in session.get_available_services()
                assert session.get_service_model("toy").operation_names == [name]
            shutil.rmtree(tmp_path / "toy")
            assert "toy" not in botocore.session.Session().get_available_services()

    def test_sessions_change_their_own_models_only(self):
        with mock_aws():
            first, second = botocore.session.Session(), botocore.session.Session()
            data = first.get_service_data("s3")
            data["operations"]["PutObject"]["http"]["requestUri"] = "/changed"
            data["shapes"]["PutObjectRequest"]["required"].append("Changed")
            data["shapes"]["New"] = new = OrderedDict(type="string")
            data["metadata"]["endpointPrefix"] = "changed"
            del data["operations"]["GetObject"]
            other = second.get_service_data("s3")
            assert other["operations"]["PutObject"]["http"]["requestUri"] != "/changed"
            assert "Changed" not in other["shapes"]["PutObjectRequest"]["required"]
            assert "New" not in other["shapes"]
            assert other["metadata"]["endpointPrefix"] == "s3"
            assert "GetObject" in other["operations"]
            # And sees its own changes, as ever.
            assert first.get_service_data("s3")["shapes"]["New"] is new
            model = first.get_service_model("s3")
            assert model.operation_model("PutObject").http["requestUri"] == "/changed"
            assert "GetObject" not in model.operation_names

    def test_a_changed_model_is_what_its_clients_are_made_of(self):
        with mock_aws():
            session = botocore.session.Session()
            loader = session.get_component("data_loader")
            rules = loader.load_service_model("sqs", "endpoint-rule-set-1")
            rules["rules"] = [{"conditions": [], "type": "error", "error": "my own rule"}]
            made = session.create_client("sqs", region_name="us-east-1")
            with pytest.raises(Exception, match="my own rule"):
                made.list_queues()
            client("sqs").list_queues()

    def test_requests_leave_the_model_of_others_alone(self):
        with mock_aws():
            one, other = client(), client()
            one.create_bucket(Bucket="bucket")  # takes {Bucket} out of its model's URLs
            assert (
                "{Bucket}"
                not in one.meta.service_model.operation_model("CreateBucket").http["requestUri"]
            )
            assert (
                "{Bucket}"
                in other.meta.service_model.operation_model("CreateBucket").http["requestUri"]
            )

    @pytest.mark.parametrize(
        "use",
        [
            dict,
            list,
            repr,
            json.dumps,
            copy.copy,
            copy.deepcopy,
            lambda d: pickle.loads(pickle.dumps(d)),
            lambda d: d | {"more": 1},
            lambda d: {"more": 1} | d,
            lambda d: {**d},
            lambda d: [*d.items()],
            lambda d: [*d.values()],
            lambda d: [*reversed(d)],
            lambda d: d.get("partitions")[0].get("dnsSuffix"),
            lambda d: d["partitions"][0]["services"]["s3"]["endpoints"]["us-east-1"],
            lambda d: d["partitions"][0]["services"].get("none", "default"),
            lambda d: [d.pop("version"), d],
            lambda d: [d.popitem(), d],
            lambda d: [d.popitem(last=False), d],
            lambda d: [d.setdefault("partitions", 1), d.setdefault("more", 2), d],
            lambda d: [d.update(more=1), d],
            lambda d: [d.move_to_end("partitions", last=False), d],
            lambda d: [d.__delitem__("version"), len(d), d],
            lambda d: [d["partitions"][0]["services"].pop("s3"), d],
            lambda d: [d["partitions"][0]["services"].__setitem__("s3", {"a": []}), d],
            lambda d: [d["partitions"].sort(key=lambda p: p["partition"]), d],
            lambda d: copy.copy(d["partitions"][0]["services"])["ec2"],
        ],
    )
    def test_a_copy_behaves_as_the_dictionary_that_it_is(self, use):
        shared, pristine = document(), document()
        assert use(speed_models.uncopied(shared)) == use(document())
        assert shared == pristine

    def test_a_copy_hands_out_one_object_for_one_place(self):
        made = speed_models.uncopied(document())
        assert isinstance(made, OrderedDict)
        services = made["partitions"][0]["services"]
        assert services["s3"] is services["s3"] is services.get("s3") is dict(services)["s3"]
        mine = services["mine"] = OrderedDict(a=OrderedDict())
        services["ec2"]["more"] = 1
        assert services["mine"] is mine is dict(services.items())["mine"]
        assert services["ec2"]["more"] == 1
        assert type(copy.deepcopy(made)["partitions"][0]) is OrderedDict

    def test_threads_get_the_same_parts(self):
        made = speed_models.uncopied(document())
        start, found = threading.Barrier(8), []

        def look():
            start.wait()
            services = made["partitions"][0]["services"]
            found.append([services[name] for name in services])

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(a is b for others in found for a, b in zip(found[0], others, strict=True))

    def test_only_the_last_used_are_kept(self, monkeypatch, tmp_path):
        monkeypatch.setattr(speed_models, "_BUDGET", 25)
        kept = speed_models.Documents()
        for name in "abc":
            path = tmp_path / name
            path.write_text("0123456789")
            kept.keep(str(path), name)
            kept.get(str(tmp_path / "a"))
        assert [path[-1] for path in kept.parsed] == ["c", "a"]


class TestEvents:
    def test_handlers_belong_to_whom_they_were_registered_with(self):
        with mock_aws():
            one, other = botocore.session.Session(), botocore.session.Session()
            one.register("my-event", lambda **_: 1)
            made = one.create_client("s3", region_name="us-east-1")
            one.register("my-event", lambda **_: 2)
            made.meta.events.register_first("my-event", lambda **_: 3)
            made.meta.events.register("my-event.s3", lambda **_: 4, unique_id="four")
            made.meta.events.unregister("my-event.s3", unique_id="four")
            later = one.create_client("s3", region_name="us-east-1")

            def answers(who):
                return [answer for _, answer in who.emit("my-event.s3")]

            assert answers(one) == [1, 2]
            assert answers(made.meta.events) == [3, 1]
            assert answers(later.meta.events) == [1, 2]
            assert answers(other) == []

    async def test_builtin_handlers_that_are_added_are_registered(self, monkeypatch):
        handlers = [*botocore.handlers.BUILTIN_HANDLERS, ("my-event", lambda **_: "mine")]
        with mock_aws():
            botocore.session.Session()
            get_session()
            monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", handlers)
            (answer,) = botocore.session.Session().emit("my-event")
            (awaited,) = await get_session()._events.emit("my-event")
            monkeypatch.undo()
            assert answer[1] == awaited[1] == "mine"
            assert botocore.session.Session().emit("my-event") == []

    def test_registering_that_the_user_has_replaced_is_used(self, monkeypatch):
        with mock_aws():
            botocore.session.Session()
            seen = count(monkeypatch, botocore.hooks.HierarchicalEmitter, "_verify_and_register")
            botocore.session.Session()
        assert len(seen) > 50

    def test_an_emitter_of_ones_own_is_left_alone(self):
        class Emitter(botocore.hooks.BaseEventHooks):
            def _register(self, *args):
                registered.append(args)

            _register_first = _register_last = _register

        registered = []
        with mock_aws():
            botocore.session.Session(event_hooks=Emitter())
        assert len(registered) > 50

    def test_event_names_are_aliased_by_the_emitters_own_aliases(self):
        with mock_aws():
            own = botocore.hooks.EventAliaser(None, {"old": "new"})
            assert own._alias_event_name("before-send.old") == "before-send.new"
            usual = botocore.hooks.EventAliaser(None)
            for name in ("before-call.ec2.Run", "a.autoscaling.b", "no", "docs.*.elb.x", "old"):
                original = botocore.hooks.EventAliaser(None)
                original._alias_name_cache = {}
                assert usual._alias_event_name(name) == original._alias_event_name(name)


class TestClients:
    def test_documentation_is_the_same(self, run):
        code = """if True:
            import hashlib, inspect
            import boto3
            from aiomoto import mock_aws
            with mock_aws():
                for name in ("s3", "dynamodb", "sqs"):
                    client = boto3.client(name)
                    for method in sorted(client.meta.method_to_api_mapping):
                        text = inspect.getdoc(getattr(client, method))
                        print(name, method, hashlib.md5(text.encode()).hexdigest())
        """
        fast, slow = (run("-c", code, AIOMOTO_SPEED=speed).out for speed in "10")
        assert fast == slow
        assert len(fast.splitlines()) > 150

    def test_making_one_does_not_go_through_the_environment_again_and_again(self, monkeypatch):
        with mock_aws():
            client()
            calls = count(monkeypatch, type(_gateway.gateway), "_exports")
            client()
        assert calls == []

    def test_endpoint_discovery_is_found_as_ever(self):
        session = botocore.session.Session()
        names = ("dynamodb", "timestream-write", "s3")
        stock = [session.get_service_model(name) for name in names]
        with mock_aws():
            ours = [client(name).meta.service_model for name in names]
        for model, other in zip(stock, ours, strict=True):
            mine, theirs = (one.endpoint_discovery_operation for one in (model, other))
            assert (mine and mine.name) == (theirs and theirs.name)
            assert bool(model.endpoint_discovery_required) == other.endpoint_discovery_required

    def test_endpoints_that_are_handed_out_are_the_callers(self):
        with mock_aws():
            made = [client(), client()]
            for one in made:
                resolver = one._ruleset_resolver._provider
                endpoint = resolver.resolve_endpoint(Bucket="bucket", Region="us-east-1")
                assert endpoint.properties["authSchemes"][0]["signingName"] == "s3"
                endpoint.properties["authSchemes"][0]["signingName"] = "changed"
                endpoint.properties.clear()

    def test_regions_and_options_find_their_own_endpoints(self):
        with mock_aws():
            hosts = {
                boto3.client("s3", region_name=region).meta.endpoint_url
                for region in ("us-east-1", "eu-west-1", "cn-north-1")
            }
            assert len(hosts) == 3
            urls = [
                boto3.client("s3", region_name=region).generate_presigned_url(
                    "get_object", {"Bucket": bucket, "Key": "k"}
                )
                for region in ("eu-west-1", "cn-north-1")
                for bucket in ("one", "other")
            ]
        assert len({url.partition("?")[0] for url in urls}) == 4

    def test_a_tls_context_is_there_when_it_is_needed(self):
        import ssl

        with mock_aws():
            context = client()._endpoint.http_session._get_ssl_context()
        assert isinstance(context, ssl.SSLContext)
        assert context.verify_mode == ssl.CERT_REQUIRED
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        assert context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()).context.verify_mode == 0


@applied("MockAWS._enable_patching")
class TestRegistry:
    def test_entering_adds_no_callback(self, monkeypatch):
        added = count(monkeypatch, responses.RequestsMock, "add")
        for _ in range(2):
            with mock_aws():
                pass
        assert added == []

    def test_it_holds_what_moto_registers(self):
        with mock_aws():
            found = moto.core.models.responses_mock.registered()
        methods = moto.core.models.RESPONSES_METHODS
        assert len(found) == len(methods) * (len(backend_url_patterns) + 1)
        for method in methods:
            urls = [one.url for one in found if one.method == method]
            assert urls[:-1] == [pattern for _, pattern in backend_url_patterns]
            assert urls[-1].match("https://nothing.us-east-1.amazonaws.com/")

    def test_requests_and_ones_own_responses_work_in_every_mock(self):
        for _ in range(2):
            with mock_aws():
                client().create_bucket(Bucket="bucket")
                mocked = moto.core.models.responses_mock
                mocked.add(responses.GET, "http://example.test/", body="mine")
                assert requests.get("http://example.test/", timeout=5).text == "mine"
                assert requests.get("https://s3.amazonaws.com/bucket", timeout=5).ok
                assert len(mocked.calls) == 2

    def test_without_reset_nothing_is_lost(self):
        with mock_aws(remove_data=False):
            client().create_bucket(Bucket="bucket")
        with mock_aws(reset=False):
            assert requests.get("https://s3.amazonaws.com/bucket", timeout=5).ok


class TestRequests:
    @applied("BotocoreStubber.process_request")
    def test_what_moto_cannot_answer_fails_as_it_does_in_moto(self):
        """Its pages of a domain know five operations, and give None for the others."""
        with mock_aws(), pytest.raises(TypeError, match="NoneType"):
            client("es").authorize_vpc_endpoint_access(DomainName="abc", Account="123456789012")

    @applied("BotocoreStubber.process_request")
    def test_custom_endpoints_are_known_as_soon_as_they_are_set(self, monkeypatch):
        with mock_aws():
            s3 = client()
            s3.create_bucket(Bucket="bucket")
            monkeypatch.setenv("MOTO_S3_CUSTOM_ENDPOINTS", "https://mine.test")
            assert requests.get("https://mine.test/bucket", timeout=5).ok

    @applied("reload")
    def test_urls_are_not_reloaded_for_every_request(self, monkeypatch):
        import moto.settings

        with mock_aws():
            s3 = client()
            s3.list_buckets()
            import moto.s3.urls

            monkeypatch.setattr(moto.s3.urls, "url_bases", [*moto.s3.urls.url_bases, "mark"])
            s3.create_bucket(Bucket="bucket")
            assert moto.s3.urls.url_bases[-1] == "mark"

    def test_random_strings_are_those_of_the_seed(self):
        pool = string.ascii_letters + string.digits
        with mock_aws():
            for options, letters in (({}, pool), ({"include_digits": False}, pool[:52])):
                mock_random.seed(7)
                expected = Random(7)
                for length in (1, 20, 52):
                    text = "".join(expected.choice(letters) for _ in range(length))
                    assert mock_random.get_random_string(length, **options) == text
                assert mock_random.random() == expected.random()
            mock_random.seed(7)
            assert mock_random.get_random_string(lower_case=True).islower()

    def test_methods_that_a_class_gets_later_are_found(self):
        class Handler:
            def one(self): ...

        from moto.core import responses as module

        with mock_aws():
            assert module.method_names_from_class(Handler) == ["one"]
            module.method_names_from_class(Handler).append("changed")
            assert module.method_names_from_class(Handler) == ["one"]
            Handler.two = Handler.one
            assert module.method_names_from_class(Handler) == ["one", "two"]
        assert method_names_from_class(Handler) == ["one", "two"]

    def test_user_agents_say_what_the_client_was_told(self):
        from botocore.config import Config

        seen = []
        with mock_aws():
            for appid in ("one", "two"):
                s3 = boto3.client("s3", config=Config(user_agent_appid=appid))
                s3.meta.events.register(
                    "before-send", lambda request, **_: seen.append(request.headers["User-Agent"])
                )
                s3.list_buckets()
        assert b"app/one" in seen[0]
        assert b"app/two" in seen[1]

    @applied("BotocoreStubber.process_request")
    def test_a_whitelist_of_services_is_heeded(self):
        with mock_aws(config={"core": {"service_whitelist": ["sqs"]}}):
            client("sqs").list_queues()
            with pytest.raises(Exception, match="Not whitelisted|whitelist"):
                client("s3").list_buckets()


def chunked(data, checksum=True):
    kind = botocore.httpchecksum.Crc32Checksum if checksum else None
    return botocore.httpchecksum.AwsChunkedWrapper(io.BytesIO(data), kind, "x-amz-checksum-crc32")


class TestBodies:
    @pytest.mark.parametrize("size", [0, 1, MB - 1, MB, MB + 1, 3 * MB, 3 * MB + 7])
    @pytest.mark.parametrize("checksum", [True, False])
    def test_encoding_gives_the_same_bytes(self, size, checksum):
        data = Random(size).randbytes(size)
        expected = chunked(data, checksum).read()
        with mock_aws():
            body = chunked(data, checksum)
            assert body.read() == expected
            assert body.read() == b""
            body.seek(0)
            assert body.read() == expected

    def test_reading_in_parts_goes_on(self):
        data = Random(1).randbytes(3 * MB)
        expected = chunked(data).read()
        with mock_aws():
            body = chunked(data)
            assert body.read(100) + body.read() == expected

    @pytest.mark.parametrize("kind", ["boto3", "aiobotocore"])
    @pytest.mark.parametrize(
        "make",
        [bytes, bytearray, io.BytesIO, lambda data: io.BufferedReader(io.BytesIO(data))],
    )
    async def test_large_objects_come_back_whole(self, kind, make):
        data = Random(2).randbytes(3 * MB + 5)
        async with mock_aws():
            s3 = client()
            s3.create_bucket(Bucket="bucket")
            body = make(data)
            if kind == "boto3":
                put = s3.put_object(Bucket="bucket", Key="key", Body=body)
            else:
                async with get_session().create_client("s3", region_name="us-east-1") as aio:
                    put = await aio.put_object(Bucket="bucket", Key="key", Body=body)
            if isinstance(body, bytearray):
                body[:] = bytes(len(body))  # what was put is what it was
            elif hasattr(body, "getbuffer"):
                body.getbuffer()[:9] = b"otherwise"
            reply = s3.get_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED")
            assert reply["Body"].read() == data
            assert reply["ETag"] == put["ETag"]
            assert reply.get("ChecksumCRC32") in {None, put.get("ChecksumCRC32")}  # old moto
            part = s3.get_object(Bucket="bucket", Key="key", Range="bytes=10-19")
            assert part["Body"].read() == data[10:20]

    def test_multipart_uploads_add_up(self):
        data = Random(3).randbytes(11 * MB)
        with mock_aws():
            s3 = client()
            s3.create_bucket(Bucket="bucket")
            s3.upload_fileobj(io.BytesIO(data), "bucket", "key")
            s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/key")
            s3.download_fileobj("bucket", "copy", read := io.BytesIO())
            assert read.getvalue() == data

    @applied("FakeKey.__init__")
    def test_a_large_body_is_copied_once_on_its_way_in_and_never_out(self):
        size = 16 * MB
        body = bytes(size)
        with mock_aws():
            s3 = client()
            s3.create_bucket(Bucket="bucket")
            tracemalloc.start()
            s3.put_object(Bucket="bucket", Key="key", Body=body)
            _, put = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            for _ in s3.get_object(Bucket="bucket", Key="key")["Body"].iter_chunks(MB):
                pass
            _, got = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert size < put < 1.5 * size  # its encoded form
        assert got - before < 4 * MB

    @applied("FakeKey.__init__")
    def test_settings_of_where_objects_are_kept_are_heeded(self, monkeypatch):
        def buffer():
            s3 = client()
            s3.create_bucket(Bucket="bucket")
            s3.put_object(Bucket="bucket", Key="key", Body=bytes(2 * MB))
            backend = s3_backends["123456789012"]["aws"]
            return type(backend.get_object("bucket", "key")._value_buffer)

        monkeypatch.setenv("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE", "1000")
        with mock_aws():
            assert buffer() is tempfile.SpooledTemporaryFile
        monkeypatch.delenv("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE")
        monkeypatch.setattr(speed_bodies, "_IN_MEMORY", MB)
        with mock_aws():
            assert buffer() is tempfile.SpooledTemporaryFile

    @pytest.mark.filterwarnings("ignore:Exception ignored in")  # files that moto 5.0.0 leaves
    def test_forms_are_parsed_from_large_bodies_too(self):
        text = b"x" * (2 * MB)
        with mock_aws():
            client().create_bucket(Bucket="bucket")
            done = requests.post(
                "https://bucket.s3.amazonaws.com/",
                data={"key": "key"},
                files={"file": ("name", text)},
                timeout=9,
            )
            assert done.ok
            assert client().get_object(Bucket="bucket", Key="key")["Body"].read() == text
        gc.collect()


def test_loops_of_their_own_work_one_after_the_other():
    async def put():
        async with get_session().create_client("sqs", region_name="us-east-1") as sqs:
            await asyncio.gather(*(sqs.list_queues() for _ in range(20)))

    with mock_aws():
        for _ in range(3):
            asyncio.run(put())

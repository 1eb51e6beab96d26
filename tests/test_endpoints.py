"""A client's own endpoint is mocked by the client's service and region, whatever its host."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlunsplit

import boto3
import botocore.session
import moto
import pytest
import s3fs
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.backend_index import backend_url_patterns

from aiomoto import RealHTTPRequestBlockedError, _routing, mock_aws
from aiomoto._patches import parse_version

# Of moto itself: opsworks in one region only, s3control and FIPS buckets not by every name.
fails_in_old_moto = pytest.mark.skipif(
    parse_version(moto.__version__) < (5, 1), reason="moto's own gaps, filled in 5.1"
)
ENDPOINTS = [
    "http://localhost:4566",
    "http://127.0.0.1:9000",
    "http://[::1]:9000",
    "http://minio:9000",
    "https://minio.example.com/base/path",
    "https://s3.eu-central-003.backblazeb2.com",
    "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
    "https://misspelt.amazonaws.con",
]


def fresh():
    boto3.client("s3").create_bucket(Bucket="bucket")
    boto3.client("sqs").create_queue(QueueName="queue")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_argument(endpoint):
    with mock_aws():
        fresh()
        sync = boto3.client("s3", endpoint_url=endpoint)
        async with get_session().create_client("s3", endpoint_url=endpoint) as s3:
            await s3.put_object(Bucket="bucket", Key="a/b c+%", Body=b"value")
            reply = sync.get_object(Bucket="bucket", Key="a/b c+%")
            assert reply["Body"].read() == b"value"
            assert [o["Key"] for o in (await s3.list_objects_v2(Bucket="bucket"))["Contents"]] == [
                "a/b c+%"
            ]
            assert s3.meta.endpoint_url == sync.meta.endpoint_url == endpoint
        async with get_session().create_client("sqs", endpoint_url=endpoint) as sqs:
            assert len((await sqs.list_queues())["QueueUrls"]) == 1
        assert boto3.client("iam", endpoint_url=endpoint).list_users()["Users"] == []


@pytest.mark.parametrize("style", ["path", "virtual", "auto"])
@pytest.mark.parametrize("endpoint", [None, "http://minio:9000", "https://minio.example.com/base"])
async def test_addressing_styles(endpoint, style):
    with mock_aws():
        fresh()
        config = {"s3": {"addressing_style": style}}
        sync = boto3.client("s3", endpoint_url=endpoint, config=Config(**config))
        async with get_session().create_client(
            "s3", endpoint_url=endpoint, config=AioConfig(**config)
        ) as s3:
            await s3.put_object(Bucket="bucket", Key="k", Body=b"1")
        assert sync.get_object(Bucket="bucket", Key="k")["Body"].read() == b"1"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
async def test_environment(monkeypatch, variable):
    monkeypatch.setenv(variable, "http://minio:9000")
    with mock_aws():
        sync = boto3.client("s3")
        sync.create_bucket(Bucket="bucket")
        assert sync.meta.endpoint_url == "http://minio:9000"
        async with get_session().create_client("s3") as s3:
            assert s3.meta.endpoint_url == "http://minio:9000"
            assert (await s3.list_buckets())["Buckets"][0]["Name"] == "bucket"
        assert s3fs.S3FileSystem(skip_instance_cache=True).ls("") == ["bucket"]


async def test_profile():
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        "[profile local]\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = http://minio:9000\n"
    )
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        client = boto3.Session(profile_name="local").client("s3")
        assert client.meta.endpoint_url == "http://minio:9000"
        assert client.list_buckets()["Buckets"][0]["Name"] == "bucket"


async def test_s3fs_endpoints():
    with mock_aws():
        fresh()
        fs = s3fs.S3FileSystem(
            endpoint_url="http://minio:9000", key="a", secret="b", skip_instance_cache=True
        )
        fs.pipe("bucket/key", b"value")
        assert boto3.client("s3").get_object(Bucket="bucket", Key="key")["Body"].read() == b"value"


VARIANTS = {
    "dualstack": {"use_dualstack_endpoint": True},
    "fips": {"use_fips_endpoint": True},
    "both": {"use_dualstack_endpoint": True, "use_fips_endpoint": True},
}


@fails_in_old_moto
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
async def test_fips_and_dualstack(variant, region):
    config = VARIANTS[variant]
    calls = {
        "s3": "list_buckets",
        "sts": "get_caller_identity",
        "dynamodb": "list_tables",
        "lambda": "list_functions",
        "sqs": "list_queues",
    }
    with mock_aws():
        for service, method in calls.items():
            getattr(boto3.client(service, region, config=Config(**config)), method)()
            async with get_session().create_client(
                service, region, config=AioConfig(**config)
            ) as client:
                await getattr(client, method)()
        s3 = boto3.client("s3", region, config=Config(**config))
        constraint = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        s3.create_bucket(Bucket="bucket", **constraint)
        s3.put_object(Bucket="bucket", Key="key", Body=b"value")
        assert boto3.client("s3").get_object(Bucket="bucket", Key="key")["Body"].read() == b"value"


def test_s3_accelerate():
    with mock_aws():
        fresh()
        s3 = boto3.client("s3", config=Config(s3={"use_accelerate_endpoint": True}))
        s3.put_object(Bucket="bucket", Key="key", Body=b"value")
        assert boto3.client("s3").get_object(Bucket="bucket", Key="key")["Body"].read() == b"value"


# The backends of moto that have another name than the service of botocore.
BACKENDS = {
    "apigatewayv2": "apigateway",
    "cloudhsm": "cloudhsmv2",
    "docdb": "rds",
    "greengrassv2": "greengrass",
    "kinesisanalytics": "kinesisanalyticsv2",
    "lambda": "awslambda",
    "marketplace-metering": "meteringmarketplace",
    "neptune": "rds",
    "opensearch": "es",
}
CLIENTS = {
    "standard": {},
    "custom": {"endpoint_url": "http://localhost:4566"},
    "base path": {"endpoint_url": "https://host.example/base/"},
    **{name: {"config": Config(**config)} for name, config in VARIANTS.items()},
}


@pytest.fixture(scope="module")
def session():
    return botocore.session.Session()


class SentError(Exception):
    """Stops a request at the point where it would be sent."""


def request_url(client):
    """Return the URL of the first request that the client can be made to send."""
    client.meta.events.register_first("before-send", _stop)
    for operation in client.meta.service_model.operation_names:
        shape = client.meta.service_model.operation_model(operation).input_shape
        if shape and any(member.type_name != "string" for member in _required(shape)):
            continue
        params = dict.fromkeys(shape.required_members if shape else (), "123")
        try:
            client._make_api_call(operation, params)
        except SentError as sent:
            return sent.args[0]
        except BotoCoreError:  # the parameters will not do
            continue
    return None


def _stop(request, **_):
    raise SentError(request.url)


def _required(shape):
    return [shape.members[name] for name in shape.required_members]


def matching(url):
    """Name the backends that moto would ask."""
    from moto.core.utils import get_equivalent_url_in_aws_domain  # since moto 5.1

    seen = urlunsplit((*get_equivalent_url_in_aws_domain(url)[0][:2], "/", "", ""))
    return [name for name, pattern in backend_url_patterns if pattern.match(seen)]


LONG = [
    pytest.param(region, kind, marks=pytest.mark.long)
    for region in ("eu-central-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1")
    for kind in ("standard", "fips", "dualstack", "custom")
]


@fails_in_old_moto
@pytest.mark.parametrize(
    ("region", "kind"),
    [
        *(("us-east-1", kind) for kind in CLIENTS),
        ("cn-north-1", "custom"),
        ("us-iso-east-1", "standard"),
        *LONG,
    ],
)
def test_every_service_is_routed_to_its_own_backend(session, region, kind):
    known = {name for name, _ in backend_url_patterns}
    wrong, seen = [], 0
    for name in session.get_available_services():
        expected = BACKENDS.get(name, name.replace("-", ""))
        if expected not in known:
            continue
        client = session.create_client(
            name, region, aws_access_key_id="a", aws_secret_access_key="b", **CLIENTS[kind]
        )
        url = request_url(client)
        if url is None:
            continue
        seen += 1
        prefix = client.meta.service_model.endpoint_prefix
        routed = _routing.route(url, client._endpoint.host, name, prefix, region)
        if expected not in matching(routed):
            wrong.append((name, url, routed, matching(routed)))
    assert wrong == []
    assert seen > 120


@pytest.mark.parametrize("kind", CLIENTS)
def test_services_that_moto_does_not_know_are_not_taken_for_s3(kind):
    """Its pattern for S3 takes all hosts that have "s3" in them."""
    with mock_aws():
        client = boto3.client("s3outposts", **CLIENTS[kind])
        with pytest.raises(ClientError, match="404"):
            client.create_endpoint(OutpostId="op-1", SubnetId="s", SecurityGroupId="s")
        assert boto3.client("s3").list_buckets()["Buckets"] == []


async def test_anonymous_requests():
    with mock_aws():
        fresh()
        boto3.client("s3").put_object(Bucket="bucket", Key="key", Body=b"value", ACL="public-read")
        for endpoint in (None, "http://minio:9000"):
            sync = boto3.client(
                "s3", endpoint_url=endpoint, config=Config(signature_version=UNSIGNED)
            )
            assert sync.get_object(Bucket="bucket", Key="key")["Body"].read() == b"value"
            config = AioConfig(signature_version=UNSIGNED)
            async with get_session().create_client(
                "s3", endpoint_url=endpoint, config=config
            ) as s3:
                reply = await s3.get_object(Bucket="bucket", Key="key")
                assert await reply["Body"].read() == b"value"


@fails_in_old_moto
async def test_host_prefixes():
    """Operations that put something before the host: an account, ``data-``."""
    with mock_aws():
        for endpoint in (None, "http://localhost:4566"):
            sync = boto3.client("s3control", endpoint_url=endpoint)
            assert sync.list_access_points(AccountId="123456789012")["AccessPointList"] == []
            async with get_session().create_client("s3control", endpoint_url=endpoint) as client:
                assert (await client.list_access_points(AccountId="123456789012"))[
                    "AccessPointList"
                ] == []


async def test_queue_urls_of_a_custom_endpoint_work():
    with mock_aws():
        async with get_session().create_client("sqs", endpoint_url="http://localhost:4566") as sqs:
            url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
            await sqs.send_message(QueueUrl=url, MessageBody="hello")
            assert (await sqs.receive_message(QueueUrl=url))["Messages"][0]["Body"] == "hello"


class TestPassthrough:
    """What the user names in moto's configuration is let out, and only that."""

    def config(self, **passthrough):
        return {"core": {"passthrough": passthrough}}

    async def test_urls(self, httpd):
        with mock_aws(config=self.config(urls=[httpd.url])):
            sync = boto3.client("s3", endpoint_url=httpd.url)
            assert (
                sync.list_buckets()["ResponseMetadata"]["HTTPHeaders"]["server"] == "the real one"
            )
            async with get_session().create_client("s3", endpoint_url=httpd.url) as s3:
                await s3.put_object(Bucket="bucket", Key="key", Body=b"value")
            fs = s3fs.S3FileSystem(endpoint_url=httpd.url, skip_instance_cache=True)
            fs.pipe("bucket/other", b"value")
            assert {"GET /", "PUT /bucket/key", "PUT /bucket/other"} <= set(httpd.seen)
            other = boto3.client("s3", endpoint_url="http://127.0.0.1:1")
            assert other.list_buckets()["Buckets"] == []

    async def test_services(self, httpd):
        with mock_aws(config=self.config(services=["s3"])):
            sync = boto3.client("s3", endpoint_url=httpd.url)
            assert (
                sync.list_buckets()["ResponseMetadata"]["HTTPHeaders"]["server"] == "the real one"
            )
            async with get_session().create_client("s3", endpoint_url=httpd.url) as s3:
                await s3.list_buckets()
            sqs = boto3.client("sqs", endpoint_url=httpd.url)
            assert "QueueUrls" not in sqs.list_queues()
            assert httpd.seen == ["GET /", "GET /"]

    def test_urls_and_services_add_up(self, httpd):
        with mock_aws(config=self.config(urls=[httpd.url], services=["sqs"])):
            boto3.client("s3", endpoint_url=httpd.url).list_buckets()
            assert httpd.seen == ["GET /"]
            assert boto3.client("s3").list_buckets()["Buckets"] == []

    def test_variable_for_auto(self, run, httpd):
        code = f"""
import boto3, moto
def call():
    return boto3.client("s3", endpoint_url={httpd.url!r}).list_buckets()["ResponseMetadata"]["HTTPHeaders"].get("server")
print(call())
with moto.mock_aws():
    print(call(), boto3.client("sts").get_caller_identity()["Account"])
"""
        done = run(
            "-c", code, AIOMOTO_AUTO="1", AIOMOTO_PASSTHROUGH=f"http://minio:9000, {httpd.url}"
        )
        assert done.out == "the real one\nthe real one 123456789012\n", done.err

    def test_unknown_to_moto_is_not_passthrough(self, monkeypatch):
        with mock_aws():
            client = boto3.client("s3")
            client.meta.events.register("before-send.s3", _elsewhere)
            with pytest.raises(RealHTTPRequestBlockedError, match=r"example\.com"):
                client.list_buckets()


def _elsewhere(request, **_):
    request.url = "https://example.com/"

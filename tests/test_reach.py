"""Whatever a client's endpoint, region and options: its requests reach its own service in moto."""

from __future__ import annotations

import botocore.session
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, HTTPClientError
from hypothesis import assume, given
from hypothesis import strategies as st
from moto.backends import get_backend

from aiomoto import mock_aws

pytest.importorskip("aiobotocore.httpxsession", reason="aiobotocore has no httpx backend")
from aiobotocore.httpxsession import HttpxSession

KEYS = {"aws_access_key_id": "own", "aws_secret_access_key": "own"}

# For each service: what makes something by a name, and what tells the names of all there is.
SERVICES = {
    "s3": (
        lambda name, region: (
            "create_bucket",
            {
                "Bucket": name,
                **(
                    {"CreateBucketConfiguration": {"LocationConstraint": region}}
                    if region != "us-east-1"
                    else {}
                ),
            },
        ),
        ("list_buckets", {}, lambda reply: [one["Name"] for one in reply["Buckets"]]),
    ),
    "sqs": (
        lambda name, _: ("create_queue", {"QueueName": name}),
        (
            "list_queues",
            {},
            lambda reply: [url.split("/")[-1] for url in reply.get("QueueUrls", ())],
        ),
    ),
    "sns": (
        lambda name, _: ("create_topic", {"Name": name}),
        ("list_topics", {}, lambda reply: [t["TopicArn"].split(":")[-1] for t in reply["Topics"]]),
    ),
    "dynamodb": (
        lambda name, _: (
            "create_table",
            {
                "TableName": name,
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        ),
        ("list_tables", {}, lambda reply: reply["TableNames"]),
    ),
    "ssm": (
        lambda name, _: ("put_parameter", {"Name": name, "Value": "v", "Type": "String"}),
        ("describe_parameters", {}, lambda reply: [one["Name"] for one in reply["Parameters"]]),
    ),
    "secretsmanager": (
        lambda name, _: ("create_secret", {"Name": name, "SecretString": "v"}),
        ("list_secrets", {}, lambda reply: [one["Name"] for one in reply["SecretList"]]),
    ),
    "logs": (
        lambda name, _: ("create_log_group", {"logGroupName": name}),
        ("describe_log_groups", {}, lambda r: [one["logGroupName"] for one in r["logGroups"]]),
    ),
    "kinesis": (
        lambda name, _: ("create_stream", {"StreamName": name, "ShardCount": 1}),
        ("list_streams", {}, lambda reply: reply["StreamNames"]),
    ),
    "iam": (
        lambda name, _: ("create_user", {"UserName": name}),
        ("list_users", {}, lambda reply: [one["UserName"] for one in reply["Users"]]),
    ),
    "events": (
        lambda name, _: ("put_rule", {"Name": name, "ScheduleExpression": "rate(1 day)"}),
        ("list_rules", {}, lambda reply: [one["Name"] for one in reply["Rules"]]),
    ),
    "ses": (
        lambda name, _: ("verify_email_identity", {"EmailAddress": f"{name}@example.com"}),
        ("list_identities", {}, lambda r: [one.partition("@")[0] for one in r["Identities"]]),
    ),
}
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1")
LABEL = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
HOSTS = st.one_of(
    st.sampled_from(["localhost", "127.0.0.1", "[::1]", "[fd00:ec2::254]", "10.1.2.3"]),
    st.lists(LABEL, min_size=1, max_size=4).map(".".join),
    # Of AWS, but of any service and region, misspelt, private, dualstack.
    st.builds(
        "{}.{}.{}".format,
        st.sampled_from(
            ["s3", "sqs", "dynamodb", "email", "bucket.s3", "s3-control", "vpce-1a.s3"]
        ),
        st.sampled_from([*REGIONS, "dualstack.us-east-1", "us-mars-1"]),
        st.sampled_from(
            ["amazonaws.com", "amazonaws.con", "amazonaws.com.cn", "api.aws", "aws.dev"]
        ),
    ),
)
ENDPOINTS = st.none() | st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    HOSTS,
    st.sampled_from(["", ":443", ":80", ":9000"]),
    st.sampled_from(["", "/", "/base", "/base/path/"]),
)
STYLES = st.sampled_from([None, "auto", "path", "virtual"])


@pytest.fixture(scope="module")
def sessions():
    return botocore.session.Session(), get_session()


def known_regions(session, service):
    """Return the regions in which moto has a service: those that botocore knows it in."""
    return {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)
    }


def options_for(make_config, options):
    config = {name: value for name, value in options.items() if value}
    config["retries"] = {"total_max_attempts": 1}
    if "addressing_style" in config:
        config["s3"] = {"addressing_style": config.pop("addressing_style")}
    return make_config(**config)


@given(
    service=st.sampled_from([*SERVICES]),
    region=st.sampled_from(REGIONS),
    endpoint=ENDPOINTS,
    kind=st.sampled_from(["sync", "aiohttp", "httpx"]),
    style=STYLES,
    fips=st.booleans(),
    dualstack=st.booleans(),
    name=LABEL,
)
async def test_requests_reach_their_own_service(
    sessions, service, region, endpoint, kind, style, fips, dualstack, name
):
    variants = (
        {"use_fips_endpoint": fips, "use_dualstack_endpoint": dualstack} if not endpoint else {}
    )
    options = {"addressing_style": style, **variants}
    make, (method, params, names) = SERVICES[service]
    name = f"made-{name}"
    common = {"region_name": region, "endpoint_url": endpoint, **KEYS}
    sync, asynchronous = sessions
    assume(service in {"iam", "s3"} or region in known_regions(sync, service))
    with mock_aws():
        try:
            if kind == "sync":
                client = sync.create_client(service, config=options_for(Config, options), **common)
                call(client, make(name, region))
            else:
                backend = {"http_session_cls": HttpxSession} if kind == "httpx" else {}
                config = options_for(lambda **more: AioConfig(**backend, **more), options)
                async with asynchronous.create_client(service, config=config, **common) as client:
                    await call(client, make(name, region))
        except HTTPClientError:
            raise  # it tried to leave
        except BotoCoreError:
            assume(False)  # botocore itself refuses these options
        plain = sync.create_client(service, region_name=region, **KEYS)
        assert names(call(plain, (method, params))) == [name]


@given(
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
    body=st.binary(max_size=100),
    endpoint=ENDPOINTS,
    style=STYLES,
    asynchronous=st.booleans(),
)
async def test_objects_by_any_key_and_endpoint_are_those_of_the_standard_one(
    sessions, key, body, endpoint, style, asynchronous
):
    common = {"region_name": "us-east-1", "endpoint_url": endpoint, **KEYS}
    options = {"addressing_style": style}
    request = ("put_object", {"Bucket": "bucket", "Key": key, "Body": body})
    with mock_aws():
        plain = sessions[0].create_client(
            "s3", config=options_for(Config, {}), region_name="us-east-1", **KEYS
        )
        plain.create_bucket(Bucket="bucket")
        versioning = {"Status": "Enabled"}
        plain.put_bucket_versioning(Bucket="bucket", VersioningConfiguration=versioning)
        expected = outcome(plain, request)
        if asynchronous:
            config = options_for(AioConfig, options)
            async with sessions[1].create_client("s3", config=config, **common) as client:
                found = await async_outcome(client, request)
        else:
            client = sessions[0].create_client("s3", config=options_for(Config, options), **common)
            found = outcome(client, request)
        assert found == expected
        if found == 200:
            assert plain.get_object(Bucket="bucket", Key=key)["Body"].read() == body
            (bucket,) = get_backend("s3")["123456789012"]["aws"].buckets.values()
            assert [len(bucket.keys.getlist(name)) for name in bucket.keys] == [2]  # once each


def outcome(client, request):
    """Return the status of a call, or the kind of its error."""
    try:
        return call(client, request)["ResponseMetadata"]["HTTPStatusCode"]
    except Exception as error:
        return type(error).__name__


async def async_outcome(client, request):
    try:
        return (await call(client, request))["ResponseMetadata"]["HTTPStatusCode"]
    except Exception as error:
        return type(error).__name__


def call(client, request):
    method, params = request
    return getattr(client, method)(**params)

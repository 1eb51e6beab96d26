"""Async clients give what sync clients give, operation by operation.

For every service that moto knows, every operation is called with the smallest input that
botocore accepts: by boto3, by aiobotocore over aiohttp and over httpx, each on fresh state and
with moto's random numbers seeded alike. Results and errors must be equal, field by field.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterable, Mapping
from importlib.util import find_spec

import botocore.session
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from moto.backends import get_service_from_url
from moto.moto_api._internal import mock_random

from aiomoto import mock_aws

try:
    from aiobotocore.httpxsession import HttpxSession
except ImportError:
    HttpxSession = None

REGION = "us-east-1"
WORLDS = {"aiohttp": {}, **({"httpx": {"http_session_cls": HttpxSession}} if HttpxSession else {})}
# These wait for seconds, need docker or go on by themselves.
LEFT_OUT = {
    "swf": {"PollForActivityTask", "PollForDecisionTask"},
    "lambda": {"Invoke", "InvokeAsync"},
    "batch": {"SubmitJob"},
    "dynamodb": {"ImportTable"},  # a thread of moto's goes on with it
}
# What differs from call to call, whoever calls.
VOLATILE = frozenset(
    {
        *("RequestId", "HostId", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"),
        *("date", "last-modified"),
        *("authorization", "user-agent", "x-amz-date"),  # which moto 5.0.0 echoes for route53
    }
)


def services():
    session = botocore.session.Session()
    session.set_credentials("a", "b")
    names = []
    for name in session.get_available_services():
        prefix = session.get_service_model(name).endpoint_prefix
        hosts = (f"{prefix}.{REGION}", prefix, f"123456789012.{prefix}.{REGION}")
        if any(get_service_from_url(f"https://{host}.amazonaws.com/") for host in hosts):
            names.append(name)
    return names


SERVICES = services()
# The others, and EC2 with its 700 operations, take minutes: `nox -s parity`.
OFTEN = frozenset(
    {
        "acm",
        "apigateway",
        "athena",
        "autoscaling",
        "cloudformation",
        "cloudwatch",
        "cognito-idp",
        "dynamodb",
        "ecr",
        "ecs",
        "elasticache",
        "elbv2",
        "events",
        "firehose",
        "glue",
        "iam",
        "kafka",
        "kinesis",
        "kms",
        "lambda",
        "logs",
        "organizations",
        "rds",
        "route53",
        "s3",
        "s3control",
        "secretsmanager",
        "ses",
        "sesv2",
        "sns",
        "sqs",
        "ssm",
        "stepfunctions",
        "sts",
    }
)


def minimal(shape, name="value", depth=0):  # noqa: PLR0911  # one for each kind
    """Return the smallest value of a shape that botocore's validation accepts."""
    kind = shape.type_name
    if kind == "structure":
        members = shape.members
        if getattr(shape, "is_tagged_union", False):
            members = dict([next(iter(members.items()))])
            return {key: minimal(member, key, depth + 1) for key, member in members.items()}
        if depth > 20:
            return {}  # a structure that contains itself
        return {
            key: minimal(members[key], key, depth + 1)
            for key in shape.required_members
            if key in members
        }
    if kind == "list":
        return [minimal(shape.member, name, depth + 1)] * max(1, shape.metadata.get("min", 1))
    if kind == "map":
        return {minimal(shape.key, name, depth + 1): minimal(shape.value, name, depth + 1)}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        low, high = shape.metadata.get("min", 1), shape.metadata.get("max", 1 << 20)
        return ((name.lower() or "a") * (low // max(1, len(name)) + 1))[: max(low, min(high, 20))]
    if kind in {"integer", "long"}:
        return max(1, shape.metadata.get("min", 1))
    return {
        "blob": b"blob",
        "boolean": True,
        "float": 1.0,
        "double": 1.0,
        "timestamp": dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    }[kind]


def operations(service):
    session = botocore.session.Session()
    model = session.get_service_model(service)
    client = session.create_client(service, region_name=REGION)
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    for name in model.operation_names:
        if name not in LEFT_OUT.get(service, ()):
            shape = model.operation_model(name).input_shape
            yield name, methods[name], minimal(shape) if shape else {}


NOW = dt.datetime.now(dt.timezone.utc)
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d:?\d\d)?|20\d{12}")


def normal(value):
    """Return a result in a form that compares field by field, moments of this test as "now"."""
    if isinstance(value, Mapping):
        return {key: "..." if key in VOLATILE else normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [normal(item) for item in value]
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
        return "now" if abs(aware - NOW) < dt.timedelta(days=1) else value
    if isinstance(value, (int, float)):
        near = (abs(value / unit - NOW.timestamp()) < 86400 for unit in (1, 1000))
        return "now" if any(near) else value
    return ISO.sub("now", value) if isinstance(value, str) else value


def differences(first, second, found, path=""):
    """Tell where a result differs from two of boto3, which may themselves differ (random ids)."""
    if type(first) is not type(found):
        return [f"{path}: {type(first).__name__} {first!r} != {type(found).__name__} {found!r}"]
    if isinstance(first, dict):
        if first.keys() != found.keys() and first.keys() == second.keys():
            return [f"{path}: {sorted(map(str, first))} != {sorted(map(str, found))}"]
        keys = first.keys() & found.keys() & second.keys()
        return [
            line
            for key in keys
            for line in differences(first[key], second[key], found[key], f"{path}.{key}")
        ]
    if isinstance(first, list) and len(first) == len(second) == len(found):
        items = enumerate(zip(first, second, found, strict=True))
        return [line for n, three in items for line in differences(*three, f"{path}[{n}]")]
    return [f"{path}: {first!r} != {found!r}"] if first == second != found else []


def failure(error):
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        error = error.__cause__  # what Python makes of a StopIteration in a coroutine
    if isinstance(error, ClientError):
        return type(error).__name__, normal(error.response), str(error)
    return type(error).__name__, str(error)


def call(client, method, params):
    try:
        reply = getattr(client, method)(**params)
        for key, value in reply.items():
            if isinstance(value, StreamingBody):
                reply[key] = value.read()
            elif type(value).__name__ == "EventStream":
                reply[key] = list(value)
        return normal(reply)
    except Exception as error:
        return failure(error)


async def acall(client, method, params):
    try:
        reply = await getattr(client, method)(**params)
        for key, value in reply.items():
            if type(value).__name__ == "AioEventStream":
                reply[key] = [event async for event in value]
            elif hasattr(value, "read") and isinstance(value, AsyncIterable):
                reply[key] = await value.read()
        return normal(reply)
    except Exception as error:
        return failure(error)


OPTIONS = {"retries": {"max_attempts": 0}, "parameter_validation": True}


def by_boto3(service, calls):
    with mock_aws():
        mock_random.seed(42)
        client = botocore.session.Session().create_client(
            service, region_name=REGION, config=Config(**OPTIONS)
        )
        return {name: call(client, method, params) for name, method, params in calls}


async def by_aiobotocore(service, calls, options):
    async with mock_aws():
        mock_random.seed(42)
        config = AioConfig(**OPTIONS, **options)
        async with get_session().create_client(
            service, region_name=REGION, config=config
        ) as client:
            return {name: await acall(client, method, params) for name, method, params in calls}


@pytest.mark.parametrize(
    "service",
    [pytest.param(name, marks=() if name in OFTEN else pytest.mark.long) for name in SERVICES],
)
async def test_every_operation(service):
    calls = list(operations(service))
    first, second = by_boto3(service, calls), by_boto3(service, calls)
    for world, options in WORLDS.items():
        found = await by_aiobotocore(service, calls, options)
        assert differences(first, second, found, world) == []


def test_there_are_enough_cases():
    unknown = set() if find_spec("moto.kafka") else {"kafka"}  # to moto 5.0.0
    assert set(SERVICES) >= OFTEN - unknown
    assert len(OFTEN) >= 20
    session = botocore.session.Session()
    assert sum(len(session.get_service_model(name).operation_names) for name in OFTEN) >= 300

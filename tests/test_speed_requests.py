"""Requests that are put together once are those that moto and botocore would make."""

from __future__ import annotations

import inspect
import io
import re
from random import Random

import boto3
import moto.core.botocore_stubber
import pytest
from botocore import useragent
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.config import Config
from botocore.httpchecksum import AwsChunkedWrapper
from hypothesis import given
from hypothesis import strategies as st

from aiomoto import _patches, mock_aws
from aiomoto._patches import speed_requests

normalize = getattr(moto.core.botocore_stubber, "normalize_request", None)
pytestmark = pytest.mark.skipif(
    "applied" not in [s for row, s in _patches.report() if row.target == "normalize_request"],
    reason="left out for this moto",
)

TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"]), max_size=8
)
NAMES = st.sampled_from(
    [
        "Content-Type",
        "content-type",
        "Content-Length",
        "Transfer-Encoding",
        "Host",
        "host",
        "X-Amz-Date",
        "User-Agent",
        "x-amz-meta-a",
        "x-amz-meta-a_b",
        "Content-Encoding",
        "Date",
        "Cookie",
        "X_y",
    ]
)
TYPES = st.sampled_from(
    ["", "text/plain", "application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data"]
)
HEADERS = st.dictionaries(NAMES, TYPES | TEXT | TEXT.map(str.encode) | st.just("a\nb"), max_size=6)
URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["bucket.s3.amazonaws.com", "sqs.eu-west-1.amazonaws.com", "127.0.0.1:5000"]),
    st.sampled_from(["", "/"]) | TEXT.map(lambda text: f"/{text}"),
    st.sampled_from(["", "?", "?a=1&b=%20", "?x-id=PutObject", "?ä"]),
)
BODIES = st.sampled_from([None, b"", b"a=1&b=2", b"x" * 2_000_000, "text", bytearray(b"x")])


def seen(request):
    """Return all of a request that moto may look at."""
    environ = dict(request.environ)
    body = environ.pop("wsgi.input").getvalue()
    assert environ.pop("werkzeug.request") is request
    return [
        list(environ.items()),
        body,
        request.get_data(),
        list(request.form.items(multi=True)),
        list(request.headers),
        request.url,
        request.raw_url,
        request.host,
        request.url_root,
        request.base_url,
    ]


def outcome(function, *args):
    try:
        return seen(function(*args))
    except Exception as error:
        return type(error), str(error)


@given(st.sampled_from(["GET", "PUT", "POST", "HEAD"]), URLS, HEADERS, BODIES)
def test_any_request_is_the_same(method, url, headers, body):
    def prepared():
        return AWSPreparedRequest(method, url, HeadersDict(headers), body, stream_output=False)

    plain = outcome(normalize.__wrapped__, prepared())
    with mock_aws():
        for _ in range(2):
            assert (
                outcome(speed_requests._normalize_request, normalize.__wrapped__, prepared())
                == plain
            )


def test_requests_of_one_url_share_nothing():
    with mock_aws():
        first, second = (
            normalize(
                AWSPreparedRequest(
                    "PUT", "https://s3.amazonaws.com/b/k", HeadersDict(), body, False
                )
            )
            for body in (b"1", b"2")
        )
    first.environ["mine"] = True
    assert "mine" not in second.environ
    assert (first.get_data(), second.get_data()) == (b"1", b"2")


def test_what_is_no_plain_request_is_left_to_moto():
    wrapper = AwsChunkedWrapper(io.BytesIO(b"chunks"))
    url = "https://bucket.s3.amazonaws.com/key"
    request = AWSPreparedRequest("PUT", url, HeadersDict(), wrapper, stream_output=False)
    with mock_aws():
        made = normalize(request)
        assert made.get_data().startswith(b"6\r\nchunks")
        assert normalize(made) is made


CONFIGS = [
    {},
    {"user_agent": "mine"},
    {"user_agent_extra": "more"},
    {"user_agent_appid": "app"},
    {"retries": {"mode": "standard"}},
    {"retries": {"mode": "adaptive"}},
    {"endpoint_discovery_enabled": True},
    {"user_agent": "mine", "user_agent_extra": "more"},
]


def agents():
    """Return what clients of several configurations send, each twice."""
    sent = []
    for config in CONFIGS * 2:
        client = boto3.client("s3", "us-east-1", config=Config(**config))
        client.meta.events.register(
            "before-send", lambda request, **_: sent.append(request.headers["User-Agent"].decode())
        )
        client.list_buckets()
        next(client.get_paginator("list_buckets").paginate().__iter__())
    # Whose letters come in no order.
    return [re.sub(r"m/\S+", lambda match: "".join(sorted(match[0])), agent) for agent in sent]


def test_user_agents_are_those_of_botocore(monkeypatch):
    with mock_aws():
        ours = agents()
        plain = useragent.UserAgentString.to_string.__wrapped__
        monkeypatch.setattr(useragent.UserAgentString, "to_string", plain)
        assert ours == agents()
    assert len(set(ours)) > len(CONFIGS)  # paginators tell


def test_user_agents_depend_on_nothing_else_of_the_configuration():
    source = inspect.getsource(useragent.UserAgentString)
    read = set(re.findall(r"_client_config\.(\w+)", source))
    assert read <= {*speed_requests._OF_CONFIG, "retries"}


def test_what_others_make_of_the_parts_is_heeded(monkeypatch):
    if not hasattr(useragent, "modify_components"):
        pytest.skip("botocore has no door for it")
    sent = []
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.list_buckets()
        monkeypatch.setattr(useragent, "modify_components", lambda _: [])
        client.meta.events.register(
            "before-send", lambda request, **_: sent.append(request.headers["User-Agent"])
        )
        client.list_buckets()
    assert sent == [b""]


@pytest.mark.parametrize("metrics", [1, 1_000])
def test_compressed_bodies_are_decompressed(metrics):
    rng = Random(1)
    names = [rng.randbytes(2_000).hex() for _ in range(metrics)]  # more than 1 MB in the end
    with mock_aws():
        client = boto3.client("cloudwatch", config=Config(request_min_compression_size_bytes=1))
        data = [{"MetricName": name, "Value": 1} for name in names]
        client.put_metric_data(Namespace="n", MetricData=data)
        pages = client.get_paginator("list_metrics").paginate(Namespace="n")
        found = {metric["MetricName"] for page in pages for metric in page["Metrics"]}
    assert found == set(names)

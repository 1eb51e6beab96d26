"""Any bytes sent to the gateway: an answer in HTTP or a closed connection, and it serves on."""

from __future__ import annotations

import http.client
import io
import logging
import re
import socket
import traceback
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aiomoto
from aiomoto import _gateway, _http_messages, _moto_app, mock_aws
from aiomoto._http_messages import MalformedError, Request, response_head

OURS = str(Path(aiomoto.__file__).parent)
AUTH = (
    "AWS4-HMAC-SHA256 Credential=AKIA/20260101/{}/{}/aws4_request, SignedHeaders=host, Signature=0"
)

NAMES = st.sampled_from(
    ["host", "content-length", "transfer-encoding", "connection", "expect", "authorization",
     "origin", "content-type", "x-amz-target", "x-amz-date", "x-amz-content-sha256",
     "x-amz-decoded-content-length", "x-amz-meta-a", "x-amz-meta_b", "x-amz-copy-source",
     "x-amz-acl", "range", "if-match", "if-none-match", "content-md5", "x-amz-bucket-region",
     "x-amz-security-token", "content-encoding", "te", "upgrade", "cookie"]
)  # fmt: skip
SERVICES = st.sampled_from(
    ["s3", "sqs", "dynamodb", "sts", "iam", "lambda", "s3control", "nope", ""]
)
VALUES = st.one_of(
    st.sampled_from(
        ["127.0.0.1", "localhost:1", "bucket.localhost", "[::1]:80", "evil.example", "::::", "[",
         "0", "5", "-1", "99999999999999999999", "0x10", "5, 5", "chunked", "gzip, chunked",
         "close", "keep-alive", "100-continue", "null", "bytes=0-1", "bytes=9-0", "bytes=-",
         "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "aws-chunked", "DynamoDB_20120810.ListTables",
         "AmazonSQS.ListQueues", "application/json", "application/x-www-form-urlencoded",
         "multipart/form-data; boundary=x", "text/xml", "/bucket/key", "AWS a:b", "Bearer x"]
    ),
    st.builds(AUTH.format, st.sampled_from(["us-east-1", "xx", ""]), SERVICES),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=20),
)  # fmt: skip
PATHS = st.one_of(
    st.sampled_from(
        ["/", "/bucket", "/bucket/", "/bucket/key", "/bucket/a%2Fb", "/%", "/%ff", "//", "/..",
         "/bucket/../other", "/moto-api/", "/moto-api/data.json", "/moto-api/seed", "*",
         "http://evil.example/", "http://127.0.0.1/bucket", "http://", "http://[", "/2015-03-31/functions",
         "/v20180820/x", "/123456789012/queue"]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=20).map("/{}".format),
)  # fmt: skip
QUERIES = st.one_of(
    st.sampled_from(
        ["", "?", "?acl", "?uploads", "?uploadId=x&partNumber=1", "?partNumber=x&uploadId=", "?delete",
         "?versions", "?list-type=2&max-keys=x", "?versionId=", "?tagging", "?Action=ListQueues",
         "?Action=", "?X-Amz-Credential=a%2Fb%2Fus-east-1%2Fsqs%2Faws4_request", "?AWSAccessKeyId=a",
         "?select&select-type=2", "?location", "?policy", "?cors", "?lifecycle", "?%ff=%00"]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=12).map("?{}".format),
)  # fmt: skip
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    st.sampled_from(
        [b"{}", b'{"TableName": 1}', b"[", b"null", b"Action=ListQueues&Version=2012-11-05",
         b"<CreateBucketConfiguration/>", b"<Delete><Object/></Delete>", b"<", b"<a/>",
         b"5\r\nhello\r\n0\r\n\r\n", b"5;chunk-signature=x\r\nhello\r\n0;chunk-signature=x\r\n\r\n",
         b"--x\r\ncontent-disposition: form-data; name=key\r\n\r\nk\r\n--x--\r\n"]
    ),
)  # fmt: skip
METHODS = st.sampled_from(
    ["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "get", "G\0ET"]
)


@st.composite
def requests(draw):
    """Something like an HTTP request, as bytes."""
    line = f"{draw(METHODS)} {draw(PATHS)}{draw(QUERIES)} HTTP/{draw(st.sampled_from(['1.1', '1.0', '2', '']))}"
    headers = draw(st.lists(st.tuples(NAMES, VALUES), max_size=6))
    body = draw(BODIES)
    if draw(st.booleans()):
        headers = [
            *((n, v) for n, v in headers if n not in FRAMING),
            ("content-length", str(len(body))),
        ]
    lines = [line, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


FRAMING = {"content-length", "transfer-encoding"}


@st.composite
def damaged(draw):
    """The same, with bytes lost, doubled or changed; the order of requests may be any."""
    data = bytearray(b"".join(draw(st.lists(requests(), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


@pytest.fixture
def failures(caplog):
    """The exceptions that were answered by 500 and come from our own code."""
    caplog.set_level(logging.DEBUG, "aiomoto.http")

    def failures():
        errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
        caplog.clear()
        return [error for error in errors if is_ours(error)]

    return failures


def is_ours(error):
    return traceback.extract_tb(error.__traceback__)[-1].filename.startswith(OURS)


def exchange(port, data):
    """Send bytes, and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        try:
            wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: wire.recv(65536), b""))
        except ConnectionError:
            return b""  # it has refused the rest


@given(data=damaged() | requests() | st.binary(max_size=200))
def test_gateway_answers_or_closes(failures, data):
    with mock_aws():
        port = urlsplit(_gateway.address()).port
        answer = exchange(port, data)
        assert answer == b"" or re.match(rb"HTTP/1\.1 [1-5]\d\d ", answer), answer[:200]
        assert failures() == []
        assert exchange(port, b"GET /moto-api/ HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


class Wire:
    """A connection that only takes."""

    def sendall(self, data):
        assert data == b"HTTP/1.1 100 Continue\r\n\r\n"


@given(data=damaged() | st.binary(max_size=200))
def test_what_is_read_is_a_request_or_a_clear_refusal(data):
    try:
        request, keep = _http_messages.read_request(Wire(), io.BufferedReader(io.BytesIO(data)))
    except ConnectionError:
        return  # it ended in the middle
    except MalformedError as error:
        refusal = error
    else:
        refusal = None
        assert isinstance(keep, bool)
        assert request.target.startswith("/")
        assert all(name == name.lower() for name in request.headers)
    assert refusal is None or (refusal.status in {400, 413, 431, 501} and str(refusal))


@given(
    method=METHODS,
    path=PATHS,
    query=QUERIES,
    headers=st.dictionaries(NAMES, VALUES, max_size=6),
    body=BODIES,
)
def test_app_answers_or_fails_inside_moto(method, path, query, headers, body):
    target = (path if path.startswith("/") else "/") + query
    with mock_aws():
        try:
            answer = _moto_app.App()(Request(method, target, headers, body))
        except Exception as error:
            if is_ours(error):
                raise
        else:
            assert parse(method, answer).status == answer.status


def parse(method, answer):
    """Read a response as a client does."""
    head, rest = response_head(method, answer, keep=False)

    class Socket:
        def makefile(self, _):
            return io.BytesIO(head + rest)

    response = http.client.HTTPResponse(Socket(), method=method)
    response.begin()
    response.read()
    return response

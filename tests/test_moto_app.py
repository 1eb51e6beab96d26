"""moto over HTTP: S3 past flask, the rest by moto's own app, and who may ask."""

import contextlib
import http.client
import socket
import threading

import boto3
import moto.core.responses
import pytest
from botocore.config import Config

from aiomoto._http import Server
from aiomoto._moto_app import App

KEYS = {"aws_access_key_id": "FOOBARKEY", "aws_secret_access_key": "x", "region_name": "us-east-1"}


@pytest.fixture(scope="module")
def port():
    server = Server(socket.create_server(("127.0.0.1", 0)), App())
    server.start()
    yield server.port
    server.stop()


@pytest.fixture(autouse=True)
def _reset(port):
    yield
    assert ask(port, "POST", "/moto-api/reset")[0] == 200


@pytest.fixture
def client(port):
    def client(service, **options):
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", **{**KEYS, **options})

    return client


def ask(port, method, target, body=None, **headers):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as wire:
        wire.request(method, target, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = wire.getresponse()
        return response.status, response.read(), response.headers


def test_s3_objects_come_back_as_they_were_put(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="box")
    for key in ("plain", "a b+c%2F/ä//é", "/slash", "dir/"):
        s3.put_object(Bucket="box", Key=key, Body=key.encode(), Metadata={"a-b": "1"})
        answer = s3.get_object(Bucket="box", Key=key)
        assert answer["Body"].read() == key.encode()
        assert answer["Metadata"] == {"a-b": "1"}
        assert s3.head_object(Bucket="box", Key=key)["ContentLength"] == len(key.encode())
    assert len(s3.list_objects_v2(Bucket="box")["Contents"]) == 4
    assert s3.get_object(Bucket="box", Key="plain", Range="bytes=1-2")["Body"].read() == b"la"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["box"]


@pytest.mark.skipif(not hasattr(moto.core.responses, "Request"), reason="moto learnt it in 5.2")
def test_s3_metadata_keeps_underscores(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="box")
    s3.put_object(Bucket="box", Key="k", Metadata={"a_b": "1"})
    assert s3.head_object(Bucket="box", Key="k")["Metadata"] == {"a_b": "1"}


def test_s3_takes_the_bucket_from_a_localhost_name(client, port):
    client("s3").create_bucket(Bucket="box")
    signed = client("s3").generate_presigned_url("put_object", {"Bucket": "box", "Key": "k"})
    query = signed.partition("?")[2]
    assert ask(port, "PUT", f"/k?{query}", b"body", Host=f"box.localhost:{port}")[0] == 200
    assert client("s3").get_object(Bucket="box", Key="k")["Body"].read() == b"body"


def test_s3_uploads_in_chunks_and_in_parts(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="box")
    s3.put_object(Bucket="box", Key="k", Body=b"x" * 70_000, ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket="box", Key="k")["Body"].read() == b"x" * 70_000
    upload = s3.create_multipart_upload(Bucket="box", Key="m")["UploadId"]
    parts = []
    for number, part in enumerate((b"a" * 5 * 1024**2, b"b"), 1):
        where = {"Bucket": "box", "Key": "m", "UploadId": upload, "PartNumber": number}
        parts.append({"ETag": s3.upload_part(**where, Body=part)["ETag"], "PartNumber": number})
    s3.complete_multipart_upload(
        Bucket="box", Key="m", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert s3.head_object(Bucket="box", Key="m")["ContentLength"] == 5 * 1024**2 + 1


def test_s3_errors_are_those_of_s3(client):
    s3 = client("s3")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="nowhere")
    s3.create_bucket(Bucket="box")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="box", Key="nothing")


def test_presigned_urls_work_with_any_http_client(client, port):
    s3 = client("s3")
    s3.create_bucket(Bucket="box")
    for version in ("s3v4", "s3"):
        signer = client("s3", config=Config(signature_version=version))
        for operation, method, body in (("put_object", "PUT", b"1"), ("get_object", "GET", None)):
            url = signer.generate_presigned_url(operation, {"Bucket": "box", "Key": "k"})
            target = url.removeprefix(f"http://127.0.0.1:{port}")
            assert ask(port, method, target, body)[0] == 200


def test_regions_and_partitions_are_those_of_the_signature(client):
    china = client("s3", region_name="cn-north-1")
    place = {"LocationConstraint": "cn-north-1"}
    china.create_bucket(Bucket="box", CreateBucketConfiguration=place)
    assert china.get_bucket_location(Bucket="box")["LocationConstraint"] == "cn-north-1"


def test_other_services_are_told_apart_by_signature_and_target(client):
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="tea")
    assert client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "tea"
    client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert client("dynamodb").list_tables()["TableNames"] == ["t"]
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert client("ec2").describe_vpcs()["Vpcs"]


def test_s3control_signs_for_s3_and_is_not_s3(port):
    scope = "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    target = "/v20180820/configuration/publicAccessBlock"
    headers = {"Authorization": authorization, "x_amz_account_id": "123456789012"}
    answer = ask(port, "GET", target, **headers)
    assert b"NoSuchPublicAccessBlockConfiguration" in answer[1]


def test_moto_api_shows_and_resets(client, port):
    client("s3").create_bucket(Bucket="box")
    assert ask(port, "GET", "/moto-api/")[0] == 200
    assert b"FakeBucket" in ask(port, "GET", "/moto-api/data.json")[1]
    assert ask(port, "POST", "/moto-api/reset")[0] == 200
    assert client("s3").list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2:80", "LOCALHOST", "b.localhost:1", "[::1]", "[::1]:8"]
)
def test_names_of_this_machine_are_served(port, host):
    assert ask(port, "GET", "/moto-api/", Host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "localhost.evil.example", "[::2]", "a@b", "", "1.2.3.4"],
)
def test_other_names_are_refused(port, host):
    status, body, _ = ask(port, "GET", "/moto-api/", Host=host)
    assert status == 403
    assert host.encode() in body


def test_further_names_may_be_given():
    server = Server(socket.create_server(("127.0.0.1", 0)), App(hosts=["Moto"]))
    server.start()
    assert ask(server.port, "GET", "/moto-api/", Host="moto:5000")[0] == 200
    server.stop()


@pytest.mark.parametrize("path", ["/%6doto-api/reset", "/moto%2Dapi/reset", "//moto-api/reset"])
def test_pages_of_others_may_not_use_the_moto_api_in_disguise(port, client, path):
    client("s3").create_bucket(Bucket="bucket")
    assert ask(port, "POST", path, Origin="https://evil.example")[0] == 403
    assert len(client("s3").list_buckets()["Buckets"]) == 1


def test_pages_of_others_may_not_use_the_moto_api(port):
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        assert ask(port, "POST", "/moto-api/reset", Origin=origin)[0] == 403
    own = f"http://127.0.0.1:{port}"
    assert ask(port, "POST", "/moto-api/reset", Origin=own)[0] == 200


def test_browsers_get_the_cors_headers_of_motos_server(client, port):
    client("s3").create_bucket(Bucket="box")
    url = client("s3").generate_presigned_url("list_objects_v2", {"Bucket": "box"})
    target = url.removeprefix(f"http://127.0.0.1:{port}")
    status, _, headers = ask(port, "GET", target, Origin="http://localhost:3000")
    assert status == 200
    assert headers["Access-Control-Allow-Origin"]


def test_many_clients_at_once(client):
    client("s3").create_bucket(Bucket="box")
    errors = []

    def work(number):
        try:
            s3 = client("s3")
            for turn in range(5):
                s3.put_object(Bucket="box", Key=f"{number}-{turn}", Body=b"x")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert client("s3").list_objects_v2(Bucket="box")["KeyCount"] == 40


def test_without_flask_s3_works_and_the_rest_says_what_to_install(run):
    done = run(
        "-c",
        """
import sys
sys.modules["flask"] = None
import warnings; warnings.simplefilter("error")
from aiomoto._http import Request
from aiomoto._moto_app import App
app = App()
scope = "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/{}/aws4_request"
auth = "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=0"
def ask(method, target, **headers):
    answer = app(Request(method, target, {"host": "localhost", **headers}, b""))
    print(answer.status, repr(answer.body.decode())[:120])
ask("PUT", "/box", authorization=auth.format("s3"))
ask("GET", "/box")
ask("GET", "/box", origin="http://localhost:3000")
ask("POST", "/", authorization=auth.format("sqs"))
ask("POST", "/moto-api/reset")
""",
    )
    lines = done.out.splitlines()
    assert lines[0].startswith("200"), done.err
    assert lines[1].startswith("200")
    assert lines[2].startswith("200")
    assert lines[3].startswith('501 "aiomoto answers S3 only')
    assert "pip install 'aiomoto[server]'" in lines[3]
    assert lines[4].startswith("501")

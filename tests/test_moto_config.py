"""moto's own configuration and APIs hold for async clients."""

from __future__ import annotations

import asyncio
import json

import boto3
import moto
import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from aiomoto import mock_aws
from aiomoto._patches import parse_version

MOTO = parse_version(moto.__version__)


async def call(service, method, region="us-east-1", **params):
    async with get_session().create_client(service, region) as client:
        return await getattr(client, method)(**params)


@pytest.mark.skipif(MOTO < (5, 0, 8), reason="not in this moto")
async def test_service_whitelist():
    with mock_aws(config={"core": {"service_whitelist": ["s3"]}}):
        await call("s3", "list_buckets")
        with pytest.raises(Exception, match="not whitelisted|dynamodb") as caught:
            await call("dynamodb", "list_tables")
        assert type(caught.value).__name__ == "ServiceNotWhitelisted"


async def test_managed_policies():
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        assert (await call("iam", "list_policies", Scope="AWS", MaxItems=5))["Policies"]
    with mock_aws():
        assert (await call("iam", "list_policies", Scope="AWS"))["Policies"] == []


def test_default_session_is_kept_on_request(monkeypatch):
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session := boto3.Session())
    if MOTO < (5, 0, 17):
        pytest.skip("not in this moto")
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        assert boto3.DEFAULT_SESSION is session


async def test_lambda_without_docker():
    with mock_aws(config={"lambda": {"use_docker": False}}):
        from moto.awslambda_simple.models import LambdaSimpleBackend
        from moto.backends import get_backend

        assert LambdaSimpleBackend
        assert (await call("lambda", "list_functions"))["Functions"] == []
        assert get_backend("lambda")


async def test_iam_authorisation_counts_each_request_once():
    from moto import settings
    from moto.core import set_initial_no_auth_action_count

    with mock_aws():
        iam = boto3.client("iam")
        iam.create_user(UserName="user")
        key = iam.create_access_key(UserName="user")["AccessKey"]

        @set_initial_no_auth_action_count(2)
        async def main():
            async with get_session().create_client(
                "s3",
                aws_access_key_id=key["AccessKeyId"],
                aws_secret_access_key=key["SecretAccessKey"],
            ) as s3:
                await s3.list_buckets()
                await s3.list_buckets()
                with pytest.raises(ClientError, match="AccessDenied|not authorized"):
                    await s3.list_buckets()

        await main()
        assert float("inf") == settings.INITIAL_NO_AUTH_ACTION_COUNT


async def test_actions_without_authorization_by_calls_that_overlap():
    from moto import settings
    from moto.core import set_initial_no_auth_action_count

    first, second = asyncio.Event(), asyncio.Event()
    before = settings.INITIAL_NO_AUTH_ACTION_COUNT

    @set_initial_no_auth_action_count(1)
    async def one():
        first.set()
        await second.wait()

    @set_initial_no_auth_action_count(2)
    async def other():
        await first.wait()
        second.set()
        await task
        assert settings.INITIAL_NO_AUTH_ACTION_COUNT == 2

    task = asyncio.create_task(one())
    await other()
    assert before == settings.INITIAL_NO_AUTH_ACTION_COUNT


async def test_multi_account_by_role():
    with mock_aws():
        sts = boto3.client("sts")
        keys = sts.assume_role(
            RoleArn="arn:aws:iam::111122223333:role/r", RoleSessionName="session"
        )["Credentials"]
        boto3.client("s3").create_bucket(Bucket="ours")
        async with get_session().create_client(
            "s3",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        ) as other:
            await other.create_bucket(Bucket="theirs")
            assert [bucket["Name"] for bucket in (await other.list_buckets())["Buckets"]] == [
                "theirs"
            ]
        assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == [
            "ours"
        ]


async def test_multi_account_by_header():
    with mock_aws():
        async with get_session().create_client("sts") as sts:

            async def account(request, **_):
                request.headers["x-moto-account-id"] = "444455556666"

            sts.meta.events.register("before-send.sts", account)
            assert (await sts.get_caller_identity())["Account"] == "444455556666"


async def test_seed():
    from moto.moto_api._internal import mock_random

    found = []
    for _ in range(2):
        with mock_aws():
            mock_random.seed(42)
            found.append((await call("ec2", "create_vpc", CidrBlock="10.0.0.0/16"))["Vpc"]["VpcId"])
    assert found[0] == found[1]


async def test_recorder(tmp_path, monkeypatch):
    from moto.moto_api import recorder

    monkeypatch.setattr(recorder, "_location", str(tmp_path / "recording"))
    with mock_aws():
        recorder.start_recording()
        await call("s3", "create_bucket", Bucket="bucket")
        boto3.client("s3").create_bucket(Bucket="other")
        recorder.stop_recording()
    lines = [json.loads(line) for line in (tmp_path / "recording").read_text().splitlines()]
    assert [line["method"] for line in lines] == ["PUT", "PUT"]


async def test_state_manager():
    from moto.moto_api import state_manager

    state_manager.set_transition("dax::cluster", {"progression": "manual", "times": 2})
    try:
        with mock_aws():
            made = await call(
                "dax",
                "create_cluster",
                ClusterName="cluster",
                NodeType="dax.t3.small",
                ReplicationFactor=1,
                IamRoleArn="arn:aws:iam::123456789012:role/r",
            )
            states = [made["Cluster"]["Status"]]
            states += [
                (await call("dax", "describe_clusters"))["Clusters"][0]["Status"] for _ in range(3)
            ]
            assert states[0] == "creating"
            assert states[-1] == "available"
    finally:
        state_manager.unset_transition("dax::cluster")


async def test_patch_client_and_patch_resource():
    from moto.core import patch_client, patch_resource

    client, resource = boto3.client("s3"), boto3.resource("s3")
    with mock_aws():
        patch_client(client)
        patch_resource(resource)
        client.create_bucket(Bucket="bucket")
        assert [bucket.name for bucket in resource.buckets.all()] == ["bucket"]


async def test_db_auth_tokens():
    with mock_aws():
        options = {
            "DBHostname": "db.example.com",
            "Port": 5432,
            "DBUsername": "me",
            "Region": "us-east-1",
        }
        expected = boto3.client("rds").generate_db_auth_token(**options)
        async with get_session().create_client("rds") as rds:
            found = await rds.generate_db_auth_token(**options)
        assert found.partition("X-Amz-Date")[0] == expected.partition("X-Amz-Date")[0]
        assert "FOOBARKEY" in found

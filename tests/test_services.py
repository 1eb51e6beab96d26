"""Services through a sync and an async client: what one has made, the other finds."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import AsyncExitStack

import boto3
import moto
import pytest
from aiobotocore.session import get_session

from aiomoto import mock_aws
from aiomoto._patches import parse_version

pytestmark = pytest.mark.smoke  # runs on the lowest versions in CI


@pytest.fixture
async def clients():
    """Return a function that gives the sync and the async client of a service."""
    async with mock_aws(), AsyncExitStack() as stack:

        async def clients(service):
            other = await stack.enter_async_context(get_session().create_client(service))
            return boto3.client(service), other

        yield clients


def plain(reply):
    """Return a reply without what differs from call to call."""
    return {key: value for key, value in reply.items() if key != "ResponseMetadata"}


async def test_s3(clients):
    sync, other = await clients("s3")
    sync.create_bucket(Bucket="bucket")
    await other.put_object(Bucket="bucket", Key="a/1", Body=b"x" * 3000, Metadata={"k": "v"})
    assert sync.get_object(Bucket="bucket", Key="a/1")["Body"].read() == b"x" * 3000
    sync.put_object(Bucket="bucket", Key="a/2", Body=b"second")
    reply = await other.get_object(Bucket="bucket", Key="a/2")
    assert await reply["Body"].read() == b"second"
    reply = await other.get_object(Bucket="bucket", Key="a/1")
    assert [len(chunk) async for chunk in reply["Body"].iter_chunks(1000)] == [1000] * 3
    pages = [
        [item["Key"] for item in page["Contents"]]
        async for page in other.get_paginator("list_objects_v2").paginate(
            Bucket="bucket", PaginationConfig={"PageSize": 1}
        )
    ]
    assert pages == [["a/1"], ["a/2"]]
    await other.copy_object(Bucket="bucket", Key="b", CopySource="bucket/a/2")
    await other.delete_objects(
        Bucket="bucket", Delete={"Objects": [{"Key": "a/1"}, {"Key": "a/2"}]}
    )
    assert [item["Key"] for item in sync.list_objects_v2(Bucket="bucket")["Contents"]] == ["b"]
    with pytest.raises(other.exceptions.NoSuchKey):
        await other.get_object(Bucket="bucket", Key="gone")
    with pytest.raises(other.exceptions.ClientError, match="404"):
        await other.head_object(Bucket="bucket", Key="gone")


async def test_dynamodb(clients):
    sync, other = await clients("dynamodb")
    await other.create_table(
        TableName="table",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    await other.get_waiter("table_exists").wait(TableName="table")
    assert plain(sync.describe_table(TableName="table")) == plain(
        await other.describe_table(TableName="table")
    )
    for number in range(3):
        put = {"TableName": "table", "Item": {"pk": {"S": "a"}, "sk": {"N": str(number)}}}
        sync.put_item(**put) if number % 2 else await other.put_item(**put)
    query = {
        "TableName": "table",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
    }
    assert plain(sync.query(**query)) == plain(await other.query(**query))
    assert (await other.query(**query))["Count"] == 3
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    assert (await other.get_item(TableName="table", Key=key))["Item"] == key
    with pytest.raises(other.exceptions.ConditionalCheckFailedException):
        await other.put_item(
            TableName="table", Item=key, ConditionExpression="attribute_not_exists(pk)"
        )


async def test_secrets_manager(clients):
    sync, other = await clients("secretsmanager")
    sync.create_secret(Name="secret", SecretString="one")
    assert (await other.get_secret_value(SecretId="secret"))["SecretString"] == "one"
    await other.put_secret_value(SecretId="secret", SecretString="two")
    assert sync.get_secret_value(SecretId="secret")["SecretString"] == "two"


async def test_ses(clients):
    sync, other = await clients("ses")
    sync.verify_email_identity(EmailAddress="me@example.com")
    await other.send_email(
        Source="me@example.com",
        Destination={"ToAddresses": ["you@example.com"]},
        Message={"Subject": {"Data": "hello"}, "Body": {"Text": {"Data": "world"}}},
    )
    assert sync.get_send_quota()["SentLast24Hours"] == 1
    with pytest.raises(other.exceptions.MessageRejected):
        await other.send_email(
            Source="unknown@example.com",
            Destination={"ToAddresses": ["a@b.c"]},
            Message={"Subject": {"Data": ""}, "Body": {"Text": {"Data": ""}}},
        )


async def test_sns_to_sqs(clients):
    sns, other_sns = await clients("sns")
    sqs, other_sqs = await clients("sqs")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    url = (await other_sqs.create_queue(QueueName="queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    await other_sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    await other_sns.publish(TopicArn=topic, Message="hello")
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    assert json.loads(message["Body"])["Message"] == "hello"


async def test_sqs(clients):
    sync, other = await clients("sqs")
    url = sync.create_queue(QueueName="queue")["QueueUrl"]
    await other.send_message(
        QueueUrl=url,
        MessageBody="one",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}},
    )
    message = sync.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert message["Body"] == "one"
    assert message["MessageAttributes"]["n"]["StringValue"] == "1"
    await other.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    attributes = sync.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (
        attributes["ApproximateNumberOfMessages"]
        == attributes["ApproximateNumberOfMessagesNotVisible"]
        == "0"
    )


async def test_kms(clients):
    sync, other = await clients("kms")
    key = sync.create_key()["KeyMetadata"]["KeyId"]
    secret = (await other.encrypt(KeyId=key, Plaintext=b"plain"))["CiphertextBlob"]
    assert sync.decrypt(CiphertextBlob=secret)["Plaintext"] == b"plain"


async def test_sts(clients):
    sync, other = await clients("sts")
    assert plain(sync.get_caller_identity()) == plain(await other.get_caller_identity())
    role = {"RoleArn": "arn:aws:iam::111122223333:role/role", "RoleSessionName": "session"}
    keys = (await other.assume_role(**role))["Credentials"]
    assumed = boto3.client(
        "sts",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert assumed.get_caller_identity()["Account"] == "111122223333"


async def test_lambda(clients):
    iam, _ = await clients("iam")
    sync, other = await clients("lambda")
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): return event")
    made = await other.create_function(
        FunctionName="function",
        Runtime="python3.12",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
    )
    assert [function["FunctionArn"] for function in sync.list_functions()["Functions"]] == [
        made["FunctionArn"]
    ]


async def test_events(clients):
    sync, other = await clients("events")
    sync.put_rule(Name="rule", ScheduleExpression="rate(5 minutes)")
    assert [rule["Name"] for rule in (await other.list_rules())["Rules"]] == ["rule"]
    reply = await other.put_events(Entries=[{"Source": "me", "DetailType": "t", "Detail": "{}"}])
    assert reply["FailedEntryCount"] == 0


@pytest.mark.skipif(parse_version(moto.__version__) < (5, 0, 17), reason="not in this moto")
async def test_kafka(clients):
    sync, other = await clients("kafka")
    made = await other.create_cluster_v2(
        ClusterName="cluster",
        Provisioned={
            "BrokerNodeGroupInfo": {
                "InstanceType": "kafka.t3.small",
                "ClientSubnets": ["subnet-1"],
            },
            "KafkaVersion": "3.5.1",
            "NumberOfBrokerNodes": 1,
        },
    )
    assert [cluster["ClusterArn"] for cluster in sync.list_clusters_v2()["ClusterInfoList"]] == [
        made["ClusterArn"]
    ]


async def test_ssm(clients):
    sync, other = await clients("ssm")
    sync.put_parameter(Name="/a/b", Value="value", Type="SecureString")
    assert (await other.get_parameter(Name="/a/b", WithDecryption=True))["Parameter"][
        "Value"
    ] == "value"
    found = await other.get_parameters_by_path(Path="/a")
    assert [parameter["Name"] for parameter in found["Parameters"]] == ["/a/b"]


async def test_iam(clients):
    sync, other = await clients("iam")
    await other.create_user(UserName="user", Tags=[{"Key": "k", "Value": "v"}])
    assert plain(sync.get_user(UserName="user")) == plain(await other.get_user(UserName="user"))
    with pytest.raises(other.exceptions.EntityAlreadyExistsException):
        await other.create_user(UserName="user")


async def test_kinesis(clients):
    sync, other = await clients("kinesis")
    sync.create_stream(StreamName="stream", ShardCount=1)
    await other.put_record(StreamName="stream", Data=b"data", PartitionKey="k")
    shard = sync.list_shards(StreamName="stream")["Shards"][0]["ShardId"]
    start = await other.get_shard_iterator(
        StreamName="stream", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    records = await other.get_records(ShardIterator=start["ShardIterator"])
    assert [record["Data"] for record in records["Records"]] == [b"data"]


async def test_logs(clients):
    sync, other = await clients("logs")
    sync.create_log_group(logGroupName="group")
    await other.create_log_stream(logGroupName="group", logStreamName="stream")
    import time

    event = {"timestamp": int(time.time() * 1000), "message": "hello"}
    await other.put_log_events(logGroupName="group", logStreamName="stream", logEvents=[event])
    found = sync.get_log_events(logGroupName="group", logStreamName="stream")["events"]
    assert [entry["message"] for entry in found] == ["hello"]


async def test_s3fs_shares_the_state():
    import s3fs

    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        boto3.client("s3").put_object(Bucket="bucket", Key="key", Body=b"from boto3")
        fs = s3fs.S3FileSystem(skip_instance_cache=True)
        assert fs.cat("bucket/key") == b"from boto3"
        with fs.open("bucket/other", "wb") as file:
            file.write(b"from s3fs")
        assert (
            boto3.client("s3").get_object(Bucket="bucket", Key="other")["Body"].read()
            == b"from s3fs"
        )

"""Take an order: sync and async code, many services, one AWS. Nothing here knows of a mock."""

import asyncio
import json

import boto3
import s3fs
from aiobotocore.session import get_session

REGION = "us-east-1"


def prepare() -> str:
    """Make a bucket, a table and a queue with boto3; return the queue's URL."""
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="orders")
    s3.put_object(Bucket="orders", Key="2026/1.json", Body=json.dumps({"item": "tea"}))
    boto3.client("dynamodb", region_name=REGION).create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return boto3.client("sqs", region_name=REGION).create_queue(QueueName="orders")["QueueUrl"]


async def process(queue: str) -> None:
    """Read with aiobotocore what boto3 has written, store it and tell of it."""
    session = get_session()
    async with session.create_client("s3", region_name=REGION) as s3:
        reply = await s3.get_object(Bucket="orders", Key="2026/1.json")
        order = json.loads(await reply["Body"].read())
    async with session.create_client("dynamodb", region_name=REGION) as dynamodb:
        item = {"id": {"S": "1"}, "item": {"S": order["item"]}}
        await dynamodb.put_item(TableName="orders", Item=item)
        found = await dynamodb.get_item(TableName="orders", Key={"id": {"S": "1"}})
    async with session.create_client("sqs", region_name=REGION) as sqs:
        await sqs.send_message(QueueUrl=queue, MessageBody=found["Item"]["item"]["S"])
        reply = await sqs.receive_message(QueueUrl=queue)
        print("received:", reply["Messages"][0]["Body"])


def main() -> None:
    """Run the example."""
    queue = prepare()
    asyncio.run(process(queue))
    print("listed:", s3fs.S3FileSystem().find("orders"))


if __name__ == "__main__":
    main()

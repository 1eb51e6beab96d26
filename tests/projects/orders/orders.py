"""Takes orders: stores them in DynamoDB, their documents in S3, and queues them for shipping."""

import json
import os
from decimal import Decimal

import boto3

REGION = os.environ.get("ORDERS_REGION", "eu-central-1")
BUCKET = "orders-documents"
TABLE = "orders"
QUEUE = "shipping"

# As programs do, made once and at import.
s3 = boto3.client("s3", region_name=REGION)


class Orders:
    def __init__(self, endpoint_url=None):
        self.s3 = (
            boto3.client("s3", region_name=REGION, endpoint_url=endpoint_url)
            if endpoint_url
            else s3
        )
        self.sqs = boto3.client("sqs", region_name=REGION, endpoint_url=endpoint_url)
        self.table = boto3.resource(
            "dynamodb", region_name=REGION, endpoint_url=endpoint_url
        ).Table(TABLE)

    def place(self, number, item, price):
        self.table.put_item(Item={"number": number, "item": item, "price": Decimal(price)})
        document = json.dumps({"number": number, "item": item})
        self.s3.put_object(Bucket=BUCKET, Key=f"{number}.json", Body=document.encode())
        url = self.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        self.sqs.send_message(QueueUrl=url, MessageBody=number)

    def ship(self):
        url = self.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        shipped = []
        for message in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            number = message["Body"]
            document = self.s3.get_object(Bucket=BUCKET, Key=f"{number}.json")["Body"].read()
            shipped.append(json.loads(document)["item"])
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(shipped)

    def total(self):
        return sum(item["price"] for item in self.table.scan()["Items"])


def set_up(endpoint_url=None):
    options = {"region_name": REGION, "endpoint_url": endpoint_url}
    boto3.client("s3", **options).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    boto3.client("sqs", **options).create_queue(QueueName=QUEUE)
    boto3.client("dynamodb", **options).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "number", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "number", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

import os

os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "testing"
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"

import boto3
import pytest
from moto import mock_aws

TILL_1 = b"item,price\ntea,3.5\ncups,12\n"
TILL_2 = b"item,price\ntea,3.5\n"


@pytest.fixture
def bucket():
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="sales")
        s3.put_object(Bucket="sales", Key="raw/2026-11-21/till-1.csv", Body=TILL_1)
        s3.put_object(Bucket="sales", Key="raw/2026-11-21/till-2.csv", Body=TILL_2)
        yield "sales"

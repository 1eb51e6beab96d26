import asyncio
import io

import boto3
import pandas as pd
import pytest
from moto import mock_aws
from pipeline import days, fs, read_day, run, sizes

DAY = "2026-11-21"


def test_days(bucket):
    assert days(bucket) == [DAY]


def test_run(bucket):
    assert run(bucket, DAY).to_dict("records") == [
        {"item": "cups", "price": 12.0},
        {"item": "tea", "price": 7.0},
    ]
    body = boto3.client("s3").get_object(Bucket=bucket, Key=f"totals/{DAY}.parquet")["Body"].read()
    assert list(pd.read_parquet(io.BytesIO(body))["price"]) == [12.0, 7.0]
    assert pd.read_parquet(f"s3://{bucket}/totals/{DAY}.parquet", columns=["item"]).shape == (2, 1)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_starts_from_nothing(bucket, turn):
    assert not fs.exists(f"{bucket}/totals/{DAY}.done")
    run(bucket, DAY)
    assert fs.cat(f"{bucket}/totals/{DAY}.done") == b"2"


def test_late_till(bucket):
    boto3.client("s3").put_object(
        Bucket=bucket, Key=f"raw/{DAY}/till-3.csv", Body=b"item,price\nspoons,2\n"
    )
    assert len(read_day(bucket, DAY)) == 4


@mock_aws
def test_no_bucket():
    with pytest.raises(FileNotFoundError):
        days("nothing")


def test_new_event_loops(bucket):
    run(bucket, DAY)
    first, second = asyncio.run(sizes(bucket)), asyncio.run(sizes(bucket))
    assert first == second
    assert len(first) == 2


@pytest.mark.asyncio
async def test_within_a_loop(bucket):
    await asyncio.to_thread(run, bucket, DAY)
    assert len(await sizes(bucket)) == 2

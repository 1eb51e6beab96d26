"""What is remembered of a user's data is little, and gone with the last mock."""

from __future__ import annotations

import boto3

from aiomoto import mock_aws
from aiomoto._patches import memo


def test_nothing_is_remembered_after_the_last_mock():
    with mock_aws():
        with mock_aws():
            client = boto3.client("s3")
            client.create_bucket(Bucket="secret-bucket")
            client.put_object(Bucket="secret-bucket", Key="secret-key", Body=b"")
            client.list_objects_v2(Bucket="secret-bucket")
        assert "secret-key" in str(memo.remembered)
    assert not memo.remembered


def test_few_things_are_remembered(monkeypatch):
    monkeypatch.setattr(memo, "MOST", 3)
    with mock_aws():
        found = [memo.remember(key, lambda key=key: [key]) for key in range(10)]
        assert len(memo.remembered) <= 3
        assert memo.remember(9, list) is found[9]
    assert found == [[key] for key in range(10)]

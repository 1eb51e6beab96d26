"""What is remembered of a user's data is little, and gone with the last mock."""

from __future__ import annotations

import gc
import sys
import urllib.request
from functools import _lru_cache_wrapper

import boto3
import s3fs
from botocore.config import Config

from aiomoto import _memo, mock_aws


def remembered():
    """Return all that the caches of functions of aiomoto hold, and what is remembered beside."""
    modules = [module for name, module in sys.modules.items() if name.startswith("aiomoto")]
    values = [value for module in modules for value in vars(module).values()]
    caches = [value for value in values if isinstance(value, _lru_cache_wrapper)]
    found = [one for one in caches if one.__module__.startswith("aiomoto")]  # urlsplit has one
    texts = []
    assert found
    while found:
        held = gc.get_referents(*found)
        texts += [one for one in held if isinstance(one, str)]
        # The cache itself, links in it, keys; not the function, which knows its whole module.
        found = [one for one in held if isinstance(one, (dict, tuple, list)) or is_link(one)]
    return [*texts, str(_memo.remembered)]


def is_link(one):
    return type(one).__name__ == "_lru_list_elem"


def test_nothing_is_remembered_after_the_last_mock():
    with mock_aws():
        with mock_aws():
            for style in ("path", "virtual"):
                config = Config(s3={"addressing_style": style})
                client = boto3.client("s3", config=config)
                client.create_bucket(Bucket="forgotten-bucket")
                client.put_object(Bucket="forgotten-bucket", Key="forgotten-key", Body=b"")
                client.list_objects_v2(Bucket="forgotten-bucket")
                params = {"Bucket": "forgotten-bucket", "Key": "forgotten-key"}
                url = client.generate_presigned_url("get_object", Params=params)
                urllib.request.urlopen(url).close()
            assert s3fs.S3FileSystem().ls("forgotten-bucket") == ["forgotten-bucket/forgotten-key"]
        assert any("forgotten-key" in text for text in remembered())
    assert [text for text in remembered() if "forgotten-" in text] == []


def test_few_things_are_remembered(monkeypatch):
    monkeypatch.setattr(_memo, "MOST", 3)
    with mock_aws():
        found = [_memo.remember(key, lambda key=key: [key]) for key in range(10)]
        assert len(_memo.remembered) <= 3
        assert _memo.remember(9, list) is found[9]
    assert found == [[key] for key in range(10)]


def test_that_there_is_nothing_is_remembered_too():
    with mock_aws():
        assert _memo.remember("key", lambda: None) is None
        assert _memo.remember("key", list) is None

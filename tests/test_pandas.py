"""pandas: parquet and orc go through s3fs in a mock, and behave as pyarrow's own S3 does."""

from __future__ import annotations

import os
import re
import sys

import boto3
import moto
import pandas as pd
import pyarrow as pa
import pyarrow.fs
import pytest
import s3fs

from aiomoto import mock_aws
from aiomoto._patches.pandas import native_path

FRAME = pd.DataFrame({"n": [1, 2, 3], "p": ["x", "y z", "x"]})

URLS = [
    "s3://bkt/key",
    "s3://bkt/d/",
    "s3://bkt",
    "s3://bkt//x",
    "s3://bkt/a b",
    "s3://bkt/a%20b",
    "s3://bkt/a%2Fb",
    "s3://bkt/a%zz",
    "s3://bkt/a+b",
    "s3://bkt/é",
    "s3://bkt/a#b",
    "s3://bkt/a[1]",
    "s3://bkt/a|b",
    "s3://bkt/p=x/a:b",
    "s3://bkt/*.parquet",
    "s3://bkt/a/../b",
    "s3://bkt/a?",
    "s3://bkt/a?x=1",
    "s3://bkt/a?scheme=http",
    "s3://bkt/a?region=eu-west-1&endpoint_override=localhost",
    "s3://key:secret@bkt/a",
    "s3://key:s%2Fx@bkt/a",
    "s3://bkt:80/a",
    "s3://my.bkt/a",
    "s3://b_kt/A",
    "s3:///x",
]


@pytest.mark.parametrize("url", URLS)
def test_urls_are_read_as_pyarrow_reads_them(url):
    start, sign, fragment = url.partition("#")
    if "region=" not in start:  # without one pyarrow asks AWS for it
        start += ("&" if "?" in start else "?") + "region=us-east-1"
    try:
        _, expected = pa.fs.FileSystem.from_uri(start + sign + fragment)
    except pa.ArrowInvalid:
        expected = None
    assert native_path(url) == expected


@pytest.fixture
def s3():
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bkt")
        client.put_object(Bucket="bkt", Key="text", Body=b"no parquet, no orc")
        yield client


@pytest.fixture
def native(s3):
    """pyarrow's own S3, by the gateway: what pandas uses where no mock is active."""
    return pa.fs.S3FileSystem(
        endpoint_override=os.environ["AWS_ENDPOINT_URL"],
        access_key="a",
        secret_key="b",
        region="us-east-1",
    )


def keys(s3, prefix):
    """Return the keys without the names that pyarrow makes up."""
    found = s3.list_objects_v2(Bucket="bkt", Prefix=prefix).get("Contents", [])
    return [re.sub(r"[0-9a-f]{32}", "-", item["Key"].removeprefix(prefix)) for item in found]


def test_partitions_are_written_as_natively(s3, native):
    FRAME.to_parquet("s3://bkt/ours", partition_cols=["p"])
    FRAME.to_parquet("bkt/native", partition_cols=["p"], filesystem=native)
    assert keys(s3, "ours") == keys(s3, "native")
    assert keys(s3, "ours") == [
        "/",
        "/p=x/",
        "/p=x/--0.parquet",
        "/p=y%20z/",
        "/p=y%20z/--0.parquet",
    ]


@pytest.mark.parametrize("name", ["ours", "native", "s3fs"])
def test_partitions_are_read_whoever_wrote_them(s3, native, name):
    where = {
        "ours": {"path": "s3://bkt/d"},
        "native": {"path": "bkt/d", "filesystem": native},
        "s3fs": {"path": "s3://bkt/d", "storage_options": {}},
    }
    FRAME.to_parquet(**where[name], partition_cols=["p"])
    s3.delete_object(Bucket="bkt", Key="text")
    expected = FRAME.sort_values("p", ignore_index=True).astype({"p": "category"})
    for path in ("s3://bkt/d", "s3://bkt/d/", "s3://bkt"):
        found = pd.read_parquet(path).sort_values("p", ignore_index=True)
        pd.testing.assert_frame_equal(found, expected, check_categorical=False)
    assert len(pd.read_parquet("s3://bkt/d", filters=[("p", "==", "y z")])) == 1


ERRORS = {
    "no key": lambda url, **kw: pd.read_parquet(f"{url}bkt/none", **kw),
    "no bucket": lambda url, **kw: pd.read_parquet(f"{url}none/key", **kw),
    "no parquet": lambda url, **kw: pd.read_parquet(f"{url}bkt/text", **kw),
    "pattern": lambda url, **kw: pd.read_parquet(f"{url}bkt/*.parquet", **kw),
    "no column": lambda url, **kw: pd.read_parquet(f"{url}bkt/good", columns=["none"], **kw),
    "no bucket for partitions": lambda url, **kw: FRAME.to_parquet(
        f"{url}none/d", partition_cols=["p"], **kw
    ),
    "no orc": lambda url, **kw: pd.read_orc(f"{url}bkt/text", **kw),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_those_of_pyarrow(s3, native, case):
    FRAME.to_parquet("s3://bkt/good")
    options = {} if case == "no orc" else {"filesystem": native}
    url = "s3://" if case == "no orc" else ""
    with pytest.raises(Exception, match=".") as expected:
        ERRORS[case](url, **options)
    with pytest.raises(expected.type) as found:
        ERRORS[case]("s3://")
    assert type(found.value) is expected.type
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["bkt"]


def test_writing_to_no_bucket_is_an_oserror(s3):
    with pytest.raises(OSError, match="bucket"):
        FRAME.to_parquet("s3://none/key")


def test_listings_are_never_old(s3):
    FRAME.to_parquet("s3://bkt/d/1")
    assert len(pd.read_parquet("s3://bkt/d")) == 3
    s3.copy_object(Bucket="bkt", Key="d/2", CopySource="bkt/d/1")
    assert len(pd.read_parquet("s3://bkt/d")) == 6


def test_encoded_urls_name_the_same_key_as_natively(s3):
    FRAME.to_parquet("s3://bkt/a%20b")
    assert keys(s3, "a") == [" b"]
    FRAME.to_parquet("s3://bkt/c d")  # no URL: pandas takes it as it is
    assert len(pd.read_parquet("s3://bkt/c%20d")) == 3


def choose(url, fs=None, **options):
    _, _, chosen = pd.io.parquet._get_path_or_handle(url, fs, **options)
    return chosen


URL = "s3://bkt/key?region=us-east-1"


@pytest.mark.smoke
def test_s3fs_is_chosen_in_every_mock_and_only_there():
    assert isinstance(choose(URL), pa.fs.S3FileSystem)
    for mock in (mock_aws, moto.mock_aws):
        with mock():
            assert isinstance(choose(URL).handler.fs, s3fs.S3FileSystem)
    assert isinstance(choose(URL), pa.fs.S3FileSystem)


def test_what_the_user_has_chosen_stays():
    given = pa.fs.S3FileSystem(region="us-east-1", anonymous=True)
    with mock_aws():
        assert choose("bkt/key", given) is choose(URL, given) is given
        chosen = choose("s3://bkt/key", storage_options={"anon": True})
        assert chosen is s3fs.S3FileSystem(anon=True)
        assert isinstance(choose("file:///tmp"), pa.fs.LocalFileSystem)


def test_what_a_test_has_put_in_the_place_of_pyarrows_stays(monkeypatch):
    class Failing:
        @staticmethod
        def from_uri(uri):
            raise OSError(f"no {uri}")

    monkeypatch.setattr(pa.fs, "FileSystem", Failing)
    with mock_aws(), pytest.raises(OSError, match="no s3://missing/key"):
        pd.read_parquet("s3://missing/key", engine="pyarrow")


def test_native_way_stays_without_s3fs(monkeypatch):
    with mock_aws():
        monkeypatch.setitem(sys.modules, "s3fs", None)
        assert isinstance(choose(URL), pa.fs.S3FileSystem)


def test_anonymous_reads_that_pandas_tries_by_itself(s3):
    """What is refused to fake credentials pandas asks for again without any."""
    s3.put_object(Bucket="bkt", Key="public.csv", Body=b"n\n1\n", ACL="public-read")
    anon = {"storage_options": {"anon": True}}
    assert pd.read_csv("s3://bkt/public.csv", **anon)["n"].tolist() == [1]
    with pytest.raises(PermissionError):
        pd.read_csv("s3://bkt/text", **anon)
    with pytest.raises(FileNotFoundError):
        pd.read_csv("s3://bkt/none")


def test_imported_before_aiomoto_where_no_hook_stood(run):
    code = """
import pandas as pd, boto3
from aiomoto import mock_aws
frame = pd.DataFrame({"n": [1]})
with mock_aws(gateway=False):
    boto3.client("s3").create_bucket(Bucket="bkt")
    frame.to_parquet("s3://bkt/p"); frame.to_orc("s3://bkt/o")
    print(pd.read_parquet("s3://bkt/p").equals(pd.read_orc("s3://bkt/o")))
"""
    done = run("-W", "error", "-c", code, AIOMOTO_DISABLE="1")
    assert (done.out, done.err) == ("True\n", "")

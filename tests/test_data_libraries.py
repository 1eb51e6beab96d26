"""What data libraries do with S3 in a mock, operation by operation: the table of the docs.

Each cell is a function that uses the real library on one moto, with boto3 beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pandas as pd
import pytest
import s3fs

from aiomoto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parent.parent / "docs" / "data-libraries.md"
MB = 1 << 20
CELLS: dict[tuple[str, str], Callable] = {}


def cell(library, operation):
    def add(function):
        assert (library, operation) not in CELLS
        CELLS[library, operation] = function
        return function

    return add


# s3fs


@cell("s3fs", "`ls`, `find`, `glob`, `walk`, `du`")
def listings(fs, s3, tmp_path):
    for key in ("top", "d/1", "d/2", "d/e/3"):
        s3[key] = b"12345"
    assert fs.ls("") == ["bkt"]
    assert fs.ls("s3://bkt") == ["bkt/d", "bkt/top"]
    assert [item["size"] for item in fs.ls("bkt/d", detail=True)] == [5, 5, 0]
    assert fs.find("bkt") == ["bkt/d/1", "bkt/d/2", "bkt/d/e/3", "bkt/top"]
    assert fs.find("bkt/d", maxdepth=1) == ["bkt/d/1", "bkt/d/2"]
    assert fs.find("bkt/d", prefix="e") == ["bkt/d/e/3"]
    assert fs.glob("bkt/*/[12]") == ["bkt/d/1", "bkt/d/2"]
    assert fs.glob("bkt/**/3") == ["bkt/d/e/3"]
    assert [path for path, _, _ in fs.walk("bkt")] == ["bkt", "bkt/d", "bkt/d/e"]
    assert fs.du("bkt") == 20


@cell("s3fs", "`info`, `exists`, `isdir`, `isfile`, `size`, `checksum`, `modified`")
def questions(fs, s3, tmp_path):
    s3["d/key"] = b"12345"
    assert fs.info("bkt/d/key")["size"] == fs.size("bkt/d/key") == 5
    assert fs.info("bkt/d")["type"] == "directory"
    assert fs.exists("bkt")
    assert fs.exists("bkt/d/key")
    assert not fs.exists("bkt/none")
    assert not fs.exists("none")
    assert fs.isdir("bkt/d")
    assert fs.isfile("bkt/d/key")
    assert not fs.isfile("bkt/d")
    before = fs.checksum("bkt/d/key")
    s3["d/key"] = b"other"
    assert fs.checksum("bkt/d/key", refresh=True) != before
    head = s3.client.head_object(Bucket="bkt", Key="d/key")
    assert fs.modified("bkt/d/key", refresh=True) == head["LastModified"]
    with pytest.raises(FileNotFoundError):
        fs.info("bkt/none")


@cell("s3fs", "`cat`, `cat_file`, `cat_ranges`, `head`, `tail`")
def reading_at_once(fs, s3, tmp_path):
    s3["1"], s3["2"] = b"0123456789", b"x"
    assert fs.cat("bkt/1") == b"0123456789"
    assert fs.cat(["bkt/1", "bkt/2"]) == {"bkt/1": b"0123456789", "bkt/2": b"x"}
    assert fs.cat("bkt/*", recursive=True)["bkt/2"] == b"x"
    assert fs.cat_file("bkt/1", start=2, end=5) == b"234"
    assert fs.cat_file("bkt/1", start=-2) == b"89"
    assert fs.cat_ranges(["bkt/1", "bkt/1"], [0, 5], [2, 7]) == [b"01", b"56"]
    assert (fs.head("bkt/1", 3), fs.tail("bkt/1", 3)) == (b"012", b"789")
    with pytest.raises(FileNotFoundError):
        fs.cat("bkt/none")


@cell("s3fs", "`pipe`, in one part and in many")
def writing_at_once(fs, s3, tmp_path):
    fs.pipe({"bkt/1": b"one", "bkt/2": b"two"})
    big = bytes(range(256)) * (11 * MB // 256)
    fs.pipe_file("bkt/big", big, chunksize=5 * MB)
    assert (s3["1"], s3["2"]) == (b"one", b"two")
    assert s3["big"] == big
    assert s3.client.head_object(Bucket="bkt", Key="big")["ETag"].endswith('-3"')


@cell("s3fs", "`put`, `get`, also recursive")
def transfers(fs, s3, tmp_path):
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a.txt").write_bytes(b"a")
    (tree / "sub" / "b.json").write_bytes(b"b" * 6 * MB)
    fs.put(f"{tree}/", "bkt/up/", recursive=True)
    assert s3.keys() == ["up/a.txt", "up/sub/b.json"]
    assert s3.client.head_object(Bucket="bkt", Key="up/a.txt")["ContentType"] == "text/plain"
    fs.get("bkt/up/", f"{tmp_path}/down/", recursive=True)
    assert (tmp_path / "down" / "sub" / "b.json").read_bytes() == b"b" * 6 * MB
    (tree / "parts").write_bytes(b"c" * 11 * MB)
    fs.put_file(tree / "parts", "bkt/parts", chunksize=5 * MB)
    assert s3.client.head_object(Bucket="bkt", Key="parts")["ETag"].endswith('-3"')
    fs.get_file("bkt/parts", tmp_path / "parts")
    assert (tmp_path / "parts").read_bytes() == b"c" * 11 * MB


@cell("s3fs", "`cp`, `mv`, also recursive and in parts")
def copies(fs, s3, tmp_path):
    s3["a/1"], s3["a/2"] = b"1", b"b" * 6 * MB
    fs.cp("bkt/a/1", "bkt/copy")
    fs.copy("bkt/a/", "bkt/b/", recursive=True)
    fs.mv("bkt/copy", "bkt/moved")
    fsspec.asyn.sync(fs.loop, fs._copy_managed, "bkt/a/2", "bkt/parts", 6 * MB, 5 * MB)
    assert s3.keys() == ["a/1", "a/2", "b/1", "b/2", "moved", "parts"]
    assert s3["parts"] == s3["b/2"] == b"b" * 6 * MB


@cell("s3fs", "`rm`, also recursive, `touch`, `mkdir`, `rmdir`")
def removals(fs, s3, tmp_path):
    for key in ("1", "2", "d/1", "d/2", "e/1"):
        s3[key] = b"x"
    fs.rm("bkt/1")
    fs.rm(["bkt/2"])
    fs.rm("bkt/d", recursive=True)
    fs.rm("bkt/e/*")
    assert s3.keys() == []
    fs.touch("bkt/new")
    assert s3["new"] == b""
    fs.mkdir("other")
    fs.makedirs("third/with/path")
    assert fs.ls("") == ["bkt", "other", "third"]
    fs.rmdir("other")
    fs.touch("third/key")
    fs.rm("third", recursive=True)
    assert [b["Name"] for b in s3.client.list_buckets()["Buckets"]] == ["bkt"]


@cell(
    "s3fs", "`open` to read, in all caches: `readahead`, `bytes`, `blockcache`, `first`, `all`, …"
)
def open_to_read(fs, s3, tmp_path):
    data = bytes(range(256)) * 400
    s3["key"] = data
    caches = ("readahead", "bytes", "blockcache", "background", "first", "all", "none")
    for cache in caches:
        with fs.open("bkt/key", "rb", block_size=4096, cache_type=cache) as f:
            assert f.read(300) == data[:300], cache
            f.seek(90_000)
            assert f.read(10) == data[90_000:90_010], cache
            f.seek(0)
            assert f.read() == data, cache
    s3["text"] = "zwei\nZeilen ä".encode()
    with fs.open("bkt/text", "r", encoding="utf-8") as file:
        assert file.readlines() == ["zwei\n", "Zeilen ä"]
    with pytest.raises(FileNotFoundError):
        fs.open("bkt/none")


@cell("s3fs", "`open` to write: `wb`, `w`, `xb`, compressed, in one part and in many")
def open_to_write(fs, s3, tmp_path):
    with fs.open("bkt/bytes", "wb") as file:
        file.write(b"bytes")
    with fs.open("bkt/text", "w", encoding="utf-8") as file:
        file.write("ä")
    with fs.open("bkt/empty", "wb"):
        pass
    with fs.open("bkt/zip.gz", "wb", compression="gzip") as file:
        file.write(b"squeezed")
    with fs.open("bkt/big", "wb", block_size=5 * MB) as file:
        for _ in range(11):
            file.write(b"x" * MB)
    assert (s3["bytes"], s3["text"], s3["empty"]) == (b"bytes", "ä".encode(), b"")
    assert s3["big"] == b"x" * 11 * MB
    assert s3.client.list_multipart_uploads(Bucket="bkt").get("Uploads", []) == []
    with fs.open("bkt/zip.gz", "rb", compression="infer") as file:
        assert file.read() == b"squeezed"


@cell("s3fs", "`open` to append, to small objects and to big ones")
def open_to_append(fs, s3, tmp_path):
    s3["small"], s3["big"] = b"a", b"a" * 6 * MB
    for key in ("small", "big", "new"):
        with fs.open(f"bkt/{key}", "ab") as file:
            file.write(b"b")
    assert (s3["small"], s3["new"]) == (b"ab", b"b")
    assert s3["big"] == b"a" * 6 * MB + b"b"


@cell("s3fs", "transactions, committed and discarded")
def transactions(fs, s3, tmp_path):
    with fs.transaction:
        with fs.open("bkt/1", "wb") as file:
            file.write(b"1")
        fs.pipe("bkt/2", b"2")
        assert s3.keys() in ([], ["2"])
    assert s3.keys() == ["1", "2"]
    with contextlib.suppress(KeyError), fs.transaction:
        with fs.open("bkt/3", "wb") as file:
            file.write(b"3")
        raise KeyError
    assert s3.keys() == ["1", "2"]


@cell("s3fs", "`sign`, `url`")
def presigned(fs, s3, tmp_path):
    import requests

    s3["key"] = b"value"
    for url in (fs.sign("bkt/key"), fs.url("bkt/key", expires=60)):
        assert "bkt" in url
        assert requests.get(url, timeout=9).content == b"value"


@cell("s3fs", "`metadata`, `getxattr`, `setxattr`, tags, `chmod`")
def metadata(fs, s3, tmp_path):
    with fs.open("bkt/key", "wb", Metadata={"colour": "red"}) as file:
        file.write(b"value")
    assert fs.metadata("bkt/key") == {"colour": "red"}
    fs.setxattr("bkt/key", shape="round", copy_kwargs={"ContentType": "text/plain"})
    assert fs.getxattr("bkt/key", "shape") == "round"
    head = s3.client.head_object(Bucket="bkt", Key="key")
    assert (head["Metadata"], head["ContentType"]) == (
        {"colour": "red", "shape": "round"},
        "text/plain",
    )
    fs.put_tags("bkt/key", {"a": "1"})
    fs.put_tags("bkt/key", {"b": "2"}, mode="m")
    assert fs.get_tags("bkt/key") == {"a": "1", "b": "2"}
    fs.chmod("bkt/key", "public-read")
    grants = s3.client.get_object_acl(Bucket="bkt", Key="key")["Grants"]
    assert any(grant["Permission"] == "READ" for grant in grants)


@cell("s3fs", "versions: `version_aware`, `object_version_info`, `is_bucket_versioned`")
def versions(fs, s3, tmp_path):
    s3.client.put_bucket_versioning(Bucket="bkt", VersioningConfiguration={"Status": "Enabled"})
    s3["key"], s3["key"] = b"one", b"two"
    aware = s3fs.S3FileSystem(version_aware=True)
    assert aware.is_bucket_versioned("bkt")
    two, one = (item["VersionId"] for item in aware.object_version_info("bkt/key"))
    assert aware.cat_file(f"bkt/key?versionId={one}") == b"one"
    with aware.open("bkt/key", version_id=two) as file:
        assert file.read() == b"two"
    with aware.open("bkt/key") as file:
        s3["key"] = b"three"
        assert file.read() == b"two"
    aware.rm("bkt/key")
    assert not aware.exists("bkt/key")
    assert aware.cat_file(f"bkt/key?versionId={one}") == b"one"


@cell("s3fs", "`list_multipart_uploads`, `clear_multipart_uploads`, `merge`")
def uploads(fs, s3, tmp_path):
    s3.client.create_multipart_upload(Bucket="bkt", Key="left")
    assert [item["Key"] for item in fs.list_multipart_uploads("bkt")] == ["left"]
    fs.clear_multipart_uploads("bkt")
    assert fs.list_multipart_uploads("bkt") == []
    s3["1"], s3["2"] = b"1" * 5 * MB, b"2"
    fs.merge("bkt/whole", ["bkt/1", "bkt/2"])
    assert s3["whole"] == b"1" * 5 * MB + b"2"


@cell("s3fs", "`anon=True`: public objects and buckets, and no others")
def anonymous(fs, s3, tmp_path):
    s3["private"] = b"x"
    s3.client.put_object(Bucket="bkt", Key="public", Body=b"x", ACL="public-read")
    anon = s3fs.S3FileSystem(anon=True)
    assert anon.cat("bkt/public") == b"x"
    with pytest.raises(PermissionError):
        anon.cat("bkt/private")


@cell("s3fs", "`requester_pays`, `cache_regions`, `s3_additional_kwargs`")
def options(fs, s3, tmp_path):
    for options in (
        {"requester_pays": True},
        {"cache_regions": True},
        {"s3_additional_kwargs": {"ServerSideEncryption": "AES256"}},
        {"client_kwargs": {"region_name": "eu-west-1"}},
        {"config_kwargs": {"s3": {"addressing_style": "path"}}},
    ):
        other = s3fs.S3FileSystem(**options)
        with other.open("bkt/key", "wb") as file:
            file.write(b"value")
        with other.open("bkt/key") as file:
            assert file.read() == b"value"
        assert other.ls("bkt") == ["bkt/key"]
    other = s3fs.S3FileSystem(s3_additional_kwargs={"ServerSideEncryption": "AES256"})
    other.pipe("bkt/secret", b"x")
    head = s3.client.head_object(Bucket="bkt", Key="secret")
    assert head["ServerSideEncryption"] == "AES256"


@cell("s3fs", "`asynchronous=True`: the same by coroutines, `open_async`")
async def asynchronous(fs, s3, tmp_path):
    fs = s3fs.S3FileSystem(asynchronous=True)
    client = await fs.set_session()
    await fs._pipe({"bkt/d/1": b"1", "bkt/d/2": b"2"})
    assert await fs._cat(["bkt/d/1", "bkt/d/2"]) == {"bkt/d/1": b"1", "bkt/d/2": b"2"}
    assert await fs._ls("bkt/d", detail=False) == ["bkt/d/1", "bkt/d/2"]
    assert await fs._find("bkt") == ["bkt/d/1", "bkt/d/2"]
    assert await fs._glob("bkt/*/2") == ["bkt/d/2"]
    assert [path async for path, _, _ in fs._walk("bkt")] == ["bkt", "bkt/d"]
    assert (await fs._info("bkt/d/1"))["size"] == await fs._du("bkt/d/1") == 1
    assert await fs._exists("bkt/d/1")
    await fs._put(__file__, "bkt/file")
    await fs._get("bkt/file", str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == Path(__file__).read_bytes()
    file = await fs.open_async("bkt/d/1")
    assert await file.read() == b"1"
    await fs._mv_file("bkt/d/1", "bkt/moved") if hasattr(fs, "_mv_file") else await fs._cp_file(
        "bkt/d/1", "bkt/moved"
    )
    await fs._rm("bkt/d", recursive=True)
    assert s3.keys() == ["file", "moved"]
    await client.close()


@cell("s3fs", "`fsspec.open`, `open_files`, `get_mapper`, `simplecache::`, `dir`")
def by_fsspec(fs, s3, tmp_path):
    with fsspec.open("s3://bkt/1.gz", "wt", compression="infer") as file:
        file.write("one")
    with fsspec.open("s3://bkt/1.gz", "rt", compression="infer") as file:
        assert file.read() == "one"
    s3["2"] = b"two"
    with fsspec.open_files("s3://bkt/*", "rb") as files:
        assert [file.read() for file in files][1] == b"two"
    mapper = fsspec.get_mapper("s3://bkt/map")
    mapper["key"] = b"value"
    assert dict(mapper) == {"key": b"value"}
    assert s3["map/key"] == b"value"
    with fsspec.open("simplecache::s3://bkt/2") as file:
        assert file.read() == b"two"
    directory = fsspec.filesystem("dir", path="bkt/map", target_protocol="s3")
    assert directory.ls("", detail=False) == ["key"]


@cell("s3fs", "`universal_pathlib`: `UPath`")
def universal_pathlib(fs, s3, tmp_path):
    from upath import UPath

    path = UPath("s3://bkt/d") / "key"
    path.write_text("value")
    assert path.read_bytes() == s3["d/key"] == b"value"
    assert path.exists()
    assert [item.name for item in UPath("s3://bkt/d").iterdir()] == ["key"]
    assert [item.name for item in UPath("s3://bkt").glob("**/key")] == ["key"]
    path.unlink()
    assert s3.keys() == []


# pandas

FRAME = pd.DataFrame({"n": [1, 2, 3], "t": ["a", "ä", "c d"], "x": [0.5, 1.5, 2.5]})


def round_trip(to, read, path="s3://bkt/file", **options):
    """Write and read by pandas; return what was read."""
    to(path, **options)
    return read(path, **options)


def same(found, expected=FRAME):
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, check_categorical=False)


@cell("pandas", "`read_csv`, `to_csv`: compressed, in chunks, appended, `storage_options`")
def csv(fs, s3, tmp_path):
    for suffix in ("", ".gz", ".bz2", ".xz", ".zip"):
        FRAME.to_csv(f"s3://bkt/file.csv{suffix}", index=False)
        same(pd.read_csv(f"s3://bkt/file.csv{suffix}"))
    assert s3["file.csv"] == FRAME.to_csv(index=False).encode()
    with pd.read_csv("s3://bkt/file.csv", chunksize=2) as chunks:
        same(pd.concat(chunks))
    FRAME.to_csv("s3://bkt/file.csv", mode="a", header=False, index=False)
    assert len(pd.read_csv("s3://bkt/file.csv")) == 6
    options = {"storage_options": {"key": "a", "secret": "b"}}
    FRAME.to_csv("s3://bkt/file.csv", index=False, **options)
    for engine in ("c", "python", "pyarrow"):
        same(pd.read_csv("s3://bkt/file.csv", engine=engine, **options))
    s3["fixed"] = b"n t\n1 a\n"
    assert pd.read_fwf("s3://bkt/fixed")["n"].tolist() == [1]


@cell("pandas", "`read_json`, `to_json`: whole, lines, in chunks")
def json(fs, s3, tmp_path):
    FRAME.to_json("s3://bkt/file.json")
    same(pd.read_json("s3://bkt/file.json"))
    FRAME.to_json("s3://bkt/lines.json.gz", orient="records", lines=True)
    with pd.read_json("s3://bkt/lines.json.gz", lines=True, chunksize=2) as chunks:
        same(pd.concat(chunks))


@cell("pandas", "`read_parquet`, `to_parquet` by pyarrow: `columns`, `filters`, `storage_options`")
def parquet(fs, s3, tmp_path):
    for options in ({}, {"storage_options": {}}, {"storage_options": {"key": "a", "secret": "b"}}):
        FRAME.to_parquet("s3://bkt/file.parquet", **options)
        same(pd.read_parquet("s3://bkt/file.parquet", **options))
    same(pd.read_parquet(io.BytesIO(s3["file.parquet"])))
    same(pd.read_parquet("s3://bkt/file.parquet", columns=["t"]), FRAME[["t"]])
    filtered = pd.read_parquet("s3://bkt/file.parquet", filters=[("n", ">", 1)])
    same(filtered, FRAME[1:].reset_index(drop=True))
    FRAME.to_parquet("s3://bkt/file.zstd", compression="zstd")
    same(pd.read_parquet("s3://bkt/file.zstd", dtype_backend="pyarrow"))


@cell("pandas", "`read_parquet`, `to_parquet` by fastparquet")
def fastparquet(fs, s3, tmp_path):
    frame = FRAME[["n", "x"]]
    for options in ({}, {"storage_options": {}}):
        found = round_trip(frame.to_parquet, pd.read_parquet, engine="fastparquet", **options)
        same(found, frame)
    same(pd.read_parquet("s3://bkt/file"), frame)


@cell("pandas", "partitioned `to_parquet`, by pyarrow and by fastparquet; directories read")
def partitioned(fs, s3, tmp_path):
    FRAME.to_parquet("s3://bkt/arrow", partition_cols=["t"])
    same(
        pd.read_parquet("s3://bkt/arrow/")[["n", "x", "t"]].sort_values("n", ignore_index=True),
        FRAME[["n", "x", "t"]].astype({"t": "category"}),
    )
    assert len(pd.read_parquet("s3://bkt/arrow", filters=[("t", "==", "c d")])) == 1
    assert len(pd.read_parquet("s3://bkt/arrow/t=a")) == 1


@cell("pandas", "`filesystem=`: s3fs")
def filesystem(fs, s3, tmp_path):
    FRAME.to_parquet("bkt/file", filesystem=fs)
    same(pd.read_parquet("bkt/file", filesystem=fs))
    FRAME.to_parquet("bkt/parts", filesystem=fs, partition_cols=["n"])
    assert len(pd.read_parquet("bkt/parts", filesystem=fs)) == 3


@cell("pandas", "`read_orc`, `to_orc`")
def orc(fs, s3, tmp_path):
    same(round_trip(FRAME.to_orc, pd.read_orc))
    same(pd.read_orc("s3://bkt/file", columns=["n"]), FRAME[["n"]])


@cell(
    "pandas", "`read_feather`, `to_feather`; `read_pickle`, `to_pickle`; `read_stata`, `to_stata`"
)
def binary(fs, s3, tmp_path):
    for options in ({}, {"storage_options": {"key": "a", "secret": "b"}}):
        same(round_trip(FRAME.to_pickle, pd.read_pickle, "s3://bkt/p.gz", **options))
    FRAME.to_feather("s3://bkt/f")
    for options in ({}, {"storage_options": {"key": "a", "secret": "b"}}):
        same(pd.read_feather("s3://bkt/f", **options))
    frame = FRAME[["n", "x"]]
    frame.to_stata("s3://bkt/s", write_index=False)
    same(pd.read_stata("s3://bkt/s"), frame)


@cell("pandas", "`read_excel`, `to_excel`, `ExcelWriter`")
def excel(fs, s3, tmp_path):
    FRAME.to_excel("s3://bkt/file.xlsx", index=False)
    same(pd.read_excel("s3://bkt/file.xlsx"))
    with pd.ExcelWriter("s3://bkt/two.xlsx") as writer:
        FRAME.to_excel(writer, sheet_name="one", index=False)
        FRAME.to_excel(writer, sheet_name="two", index=False)
    assert list(pd.read_excel("s3://bkt/two.xlsx", sheet_name=None)) == ["one", "two"]


@cell("pandas", "`read_xml`, `to_xml`")
def markup(fs, s3, tmp_path):
    FRAME.to_xml("s3://bkt/file.xml", index=False)
    same(pd.read_xml("s3://bkt/file.xml"))
    FRAME.to_xml("s3://bkt/file.xml.gz", index=False, storage_options={})
    same(pd.read_xml("s3://bkt/file.xml.gz"))


@cell("pandas", "`s3a://`, `s3n://`")
def other_schemes(fs, s3, tmp_path):
    FRAME.to_parquet("s3a://bkt/file.parquet")
    same(pd.read_parquet("s3a://bkt/file.parquet"))
    for scheme in ("s3a", "s3n"):
        FRAME.to_csv(f"{scheme}://bkt/file.csv", index=False)
        same(pd.read_csv(f"{scheme}://bkt/file.csv"))


@pytest.mark.parametrize("key", CELLS, ids=" ".join)
@pytest.mark.filterwarnings("ignore:The 'fastparquet' engine is deprecated")
def test_cell(key, tmp_path, bucket):
    with mock_aws(gateway=False):  # in-process, or not at all
        found = CELLS[key](s3fs.S3FileSystem(), bucket(), tmp_path)
        if found is not None:
            asyncio.run(found)


def test_table_of_the_docs_has_these_cells():
    rows = re.findall(r"^\| (\S+) \| ([^|]+) \| ✓ \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == list(CELLS)

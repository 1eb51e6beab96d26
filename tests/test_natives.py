"""What native readers do with S3 in a mock, operation by operation: their table in the docs.

Each cell is a function that uses the real library, in-process and in server mode, with boto3
beside it. Libraries that are not installed are skipped; `nox -s natives` has all of them.
"""

from __future__ import annotations

import asyncio
import pickle
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aiomoto import InProcessModeError, mock_aws

if TYPE_CHECKING:
    from collections.abc import Callable

# The libraries' own, about each other.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::FutureWarning"
)


PAGE = Path(__file__).parent.parent / "docs" / "data-libraries.md"
MB = 1 << 20
CELLS: dict[tuple[str, str], Callable] = {}
COLUMNS = {"n": [1, 2, 3], "t": ["a", "ä", "c d"]}
# Whatever the user names is mocked in-process, and in server mode by default.
ELSEWHERE = "http://minio.example:9000"


def cell(library, operation):
    def add(function):
        assert (library, operation) not in CELLS
        CELLS[library, operation] = function
        return function

    return add


# pyarrow


@cell("pyarrow", "`S3FileSystem`: list, read, write, append, copy, move, delete")
def pyarrow_filesystem(s3, tmp_path):
    from pyarrow import fs

    filesystem = fs.S3FileSystem()
    with filesystem.open_output_stream("bkt/d/one") as file:
        file.write(b"1" * 6 * MB)
        file.write(b"2" * 6 * MB)
    assert s3["d/one"] == b"1" * 6 * MB + b"2" * 6 * MB
    filesystem.copy_file("bkt/d/one", "bkt/d/two")
    filesystem.move("bkt/d/two", "bkt/d/three")
    infos = filesystem.get_file_info(fs.FileSelector("bkt", recursive=True))
    assert sorted(info.path for info in infos if info.is_file) == ["bkt/d/one", "bkt/d/three"]
    with filesystem.open_input_file("bkt/d/three") as file:
        file.seek(6 * MB - 1)
        assert file.read(2) == b"12"
    filesystem.delete_dir("bkt/d")
    assert s3.keys() == []


@cell("pyarrow", "`S3FileSystem` with keys, `region`, `endpoint_override`, `role_arn`, a proxy")
def pyarrow_filesystem_arguments(s3, tmp_path):
    from pyarrow import fs

    s3["key"] = b"value"
    for options in (
        {"access_key": "a", "secret_key": "b", "session_token": "c"},
        {"region": "eu-west-1"},
        {"endpoint_override": "minio.example:9000", "scheme": "http"},
        {"endpoint_override": "minio.example:9000", "force_virtual_addressing": True},
        {"role_arn": "arn:aws:iam::123456789012:role/reader"},
        {"proxy_options": "http://proxy.example:3128"},
    ):
        filesystem = fs.S3FileSystem(**options)
        assert filesystem.open_input_stream("bkt/key").read() == b"value", options
    s3.client.put_object_acl(Bucket="bkt", Key="key", ACL="public-read")
    anonymous = fs.S3FileSystem(anonymous=True)
    assert anonymous.open_input_stream("bkt/key").read() == b"value"


@cell("pyarrow", "`FileSystem.from_uri`, `copy_files`, `resolve_s3_region`")
def pyarrow_urls(s3, tmp_path):
    from pyarrow import fs

    s3["d/key with ä%"] = b"value"
    for options in ("", "?region=eu-west-1", "?scheme=http&endpoint_override=minio.example:9000"):
        filesystem, path = fs.FileSystem.from_uri(f"s3://bkt/d/key%20with%20%C3%A4%25{options}")
        assert path == "bkt/d/key with ä%"
        assert filesystem.open_input_stream(path).read() == b"value"
    fs.copy_files("s3://bkt/d", f"{tmp_path}")
    assert (tmp_path / "key with ä%").read_bytes() == b"value"
    s3.client.create_bucket(
        Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert [fs.resolve_s3_region(name) for name in ("bkt", "far")] == ["us-east-1", "eu-west-1"]
    with pytest.raises(OSError, match="none"):
        fs.resolve_s3_region("none")


@cell("pyarrow", "`parquet`: `read_table`, `write_table`, `ParquetFile`, `write_to_dataset`")
def pyarrow_parquet(s3, tmp_path):
    import pyarrow as pa
    from pyarrow import fs
    from pyarrow import parquet as pq

    table = pa.table(COLUMNS)
    pq.write_table(table, "s3://bkt/file.parquet")
    assert pq.read_table("s3://bkt/file.parquet") == table
    assert pq.read_metadata("s3://bkt/file.parquet").num_rows == 3
    assert pq.ParquetFile("bkt/file.parquet", filesystem=fs.S3FileSystem()).read() == table
    pq.write_to_dataset(table, "s3://bkt/parts", partition_cols=["t"])
    assert len(s3.keys("parts/t=")) >= 3
    assert pq.read_table("s3://bkt/parts", filters=[("n", ">", 1)]).num_rows == 2


@cell("pyarrow", "`dataset`: `dataset`, `write_dataset`, partitioned; ORC, Feather, CSV")
def pyarrow_dataset(s3, tmp_path):
    import pyarrow as pa
    from pyarrow import dataset, feather, fs, orc

    table = pa.table(COLUMNS)
    for form in ("parquet", "feather", "csv"):
        dataset.write_dataset(table, f"s3://bkt/{form}", format=form, partitioning=["t"])
        found = dataset.dataset(f"s3://bkt/{form}", format=form, partitioning=["t"])
        assert found.to_table().sort_by("n").column("n").to_pylist() == [1, 2, 3]
    filesystem = fs.S3FileSystem()
    with filesystem.open_output_stream("bkt/file.orc") as file:
        orc.write_table(table, file)
    assert orc.read_table("s3://bkt/file.orc") == table
    with filesystem.open_output_stream("bkt/file.feather") as file:
        feather.write_feather(table, file)
    assert feather.read_table(filesystem.open_input_file("bkt/file.feather")) == table


@cell("pyarrow", "`isinstance`, subclasses, equality, pickles of `S3FileSystem`")
def pyarrow_class(s3, tmp_path):
    from pyarrow import _s3fs, fs

    original = [_s3fs.S3FileSystem][0]
    s3["key"] = b"value"
    made, found = fs.S3FileSystem(), fs.FileSystem.from_uri("s3://bkt")[0]
    for one in (made, found, pickle.loads(pickle.dumps(made))):
        assert isinstance(one, fs.S3FileSystem)
        assert isinstance(one, original)
        assert isinstance(one, fs.FileSystem)
        assert one == made
        assert one.open_input_stream("bkt/key").read() == b"value"
    assert not isinstance(fs.LocalFileSystem(), fs.S3FileSystem)
    assert issubclass(original, fs.S3FileSystem)
    assert issubclass(fs.S3FileSystem, original)
    assert pickle.loads(pickle.dumps(fs.S3FileSystem)) is original
    own = type("Own", (fs.S3FileSystem,), {"hello": lambda self: "hello"})
    one = own(region="eu-west-1")
    assert one.hello() == "hello"
    assert isinstance(one, own)
    assert isinstance(one, original)
    assert not isinstance(made, own)
    assert not issubclass(original, own)
    assert one.open_input_stream("bkt/key").read() == b"value"


# polars


def polars_formats():
    import polars as pl

    return pl, pl.DataFrame(COLUMNS), ("parquet", "csv", "ipc", "ndjson")


@cell("polars", "`read_…` and `write_…`: Parquet, CSV, IPC, NDJSON")
def polars_eager(s3, tmp_path):
    pl, frame, formats = polars_formats()
    for form in formats:
        getattr(frame, f"write_{form}")(f"s3://bkt/x.{form}")
        assert getattr(pl, f"read_{form}")(f"s3://bkt/x.{form}").equals(frame), form
    assert len(s3.keys()) == 4


@cell("polars", "`scan_…`, also streaming, of globs and of many files")
def polars_lazy(s3, tmp_path):
    pl, frame, formats = polars_formats()
    for form in formats:
        for name in "ab":
            getattr(frame, f"write_{form}")(f"s3://bkt/{name}.{form}")
        scan = getattr(pl, f"scan_{form}")
        assert scan(f"s3://bkt/a.{form}").filter(pl.col("n") > 1).collect().height == 2, form
        assert scan(f"s3://bkt/*.{form}").collect(engine="streaming").height == 6, form
        assert scan([f"s3://bkt/{name}.{form}" for name in "ab"]).collect().height == 6, form
    if hasattr(pl, "PartitionBy"):  # older ones take no URL
        assert pl.read_parquet_schema("s3://bkt/a.parquet").keys() == COLUMNS.keys()
    context = pl.SQLContext(a=pl.read_parquet("s3://bkt/a.parquet"))
    assert context.execute("SELECT sum(n) AS n FROM a", eager=True).item() == 6
    query = "SELECT sum(n) AS n FROM read_parquet('s3://bkt/a.parquet')"
    if pl.__version__.startswith("1."):
        with pytest.raises(InProcessModeError, match="read_parquet"):
            pl.SQLContext().execute(query)
        return
    assert pl.SQLContext().execute(query, eager=True).item() == 6


@cell("polars", "`sink_…`, also partitioned")
def polars_sink(s3, tmp_path):
    pl, frame, formats = polars_formats()
    for form in formats:
        getattr(frame.lazy(), f"sink_{form}")(f"s3://bkt/x.{form}")
        assert getattr(pl, f"read_{form}")(f"s3://bkt/x.{form}").equals(frame), form
    if not hasattr(pl, "PartitionBy"):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # polars calls it unstable
        frame.lazy().sink_parquet(pl.PartitionBy("s3://bkt/parts/", key="n"), mkdir=True)
    assert len(s3.keys("parts/")) == 3
    assert pl.scan_parquet("s3://bkt/parts/").collect().sort("n").equals(frame, null_equal=True)


@cell("polars", "`storage_options`, `credential_provider`")
def polars_options(s3, tmp_path):
    pl, frame, _ = polars_formats()
    asked = []

    def provider():
        asked.append(1)
        return {"aws_access_key_id": "own", "aws_secret_access_key": "own"}, None

    for given in (
        {"storage_options": {"aws_endpoint_url": ELSEWHERE, "aws_region": "eu-west-1"}},
        {"storage_options": {"access_key_id": "own", "secret_access_key": "own"}},
        {"storage_options": {"aws_virtual_hosted_style_request": "true"}},
        {"credential_provider": None},
        {"credential_provider": provider},
        {"credential_provider": provider, "storage_options": {"endpoint": ELSEWHERE}},
    ):
        options = given.get("storage_options", {}).copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # polars calls credential_provider unstable
            frame.write_parquet("s3://bkt/x.parquet", **given)
            assert pl.read_parquet("s3://bkt/x.parquet", **given).equals(frame), given
            assert pl.scan_parquet("s3://bkt/x.parquet", **given).collect().equals(frame), given
        assert given.get("storage_options", {}) == options
    assert asked


@cell("polars", "`read_delta`, `scan_delta`, `write_delta`, `sink_delta`")
def polars_delta(s3, tmp_path):
    pytest.importorskip("deltalake")
    pl, frame, _ = polars_formats()
    options = {"storage_options": {"AWS_ENDPOINT_URL": ELSEWHERE}}
    frame.write_delta("s3://bkt/table")
    frame.write_delta("s3://bkt/table", mode="append", **options)
    assert pl.read_delta("s3://bkt/table").height == 6
    assert pl.scan_delta("s3://bkt/table", **options).collect().height == 6
    assert pl.read_delta("s3://bkt/table", version=0).equals(frame)
    if hasattr(pl.LazyFrame, "sink_delta"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # polars calls it unstable
            frame.lazy().sink_delta("s3://bkt/table", mode="append")
        assert pl.read_delta("s3://bkt/table").height == 9


@cell("polars", "`scan_iceberg`, `write_iceberg`")
def polars_iceberg(s3, tmp_path):
    pytest.importorskip("pyiceberg")
    pl, frame, _ = polars_formats()
    for options in ({}, {"py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO"}):
        table = iceberg_table(tmp_path / f"{len(options)}.db", **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # polars calls both unstable
            if hasattr(frame, "write_iceberg"):
                frame.write_iceberg(table, mode="append")
            else:
                table.append(frame.to_arrow())
            assert pl.scan_iceberg(table).collect().sort("n").equals(frame)
            assert pl.scan_iceberg(table.metadata_location).collect().sort("n").equals(frame)


@cell("polars", "`use_pyarrow=True`, `scan_pyarrow_dataset`")
def polars_by_pyarrow(s3, tmp_path):
    from pyarrow import dataset

    pl, frame, _ = polars_formats()
    frame.write_parquet("s3://bkt/x.parquet", use_pyarrow=True)
    assert pl.read_parquet("s3://bkt/x.parquet", use_pyarrow=True).equals(frame)
    found = pl.scan_pyarrow_dataset(dataset.dataset("s3://bkt/x.parquet"))
    assert found.collect().equals(frame)


# deltalake


@cell("deltalake", "`write_deltalake`, `DeltaTable`: tables, versions, partitions, pandas")
def deltalake_tables(s3, tmp_path):
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    table = pa.table(COLUMNS)
    options = {"AWS_ENDPOINT_URL": ELSEWHERE, "AWS_REGION": "eu-west-1"}
    write_deltalake("s3://bkt/t", table, partition_by=["t"])
    write_deltalake("s3a://bkt/t", table, mode="append", storage_options=options)
    assert DeltaTable("s3://bkt/t").to_pyarrow_table().num_rows == 6
    assert DeltaTable("s3://bkt/t", 0, options).to_pyarrow_dataset().to_table().num_rows == 3
    assert len(DeltaTable("s3://bkt/t", storage_options=options).to_pandas()) == 6
    assert len(s3.keys("t/_delta_log/")) == 2
    assert "AWS_ALLOW_HTTP" not in options
    write_deltalake(DeltaTable("s3://bkt/t"), table, mode="overwrite")
    assert DeltaTable("s3://bkt/t").version() == 2


@cell("deltalake", "`create`, `is_deltatable`, `history`, `convert_to_deltalake`")
def deltalake_catalogue(s3, tmp_path):
    import pyarrow as pa
    from deltalake import DeltaTable, convert_to_deltalake, write_deltalake
    from pyarrow import parquet as pq

    table = pa.table(COLUMNS)
    for place in ("s3://bkt/dir/new", str(tmp_path / "new")):
        assert not DeltaTable.is_deltatable(place)
        DeltaTable.create(place, schema=table.schema)
        assert DeltaTable.is_deltatable(place)
        for _ in range(2):
            write_deltalake(place, table, mode="append")
        opened = DeltaTable(place)
        history = opened.history()
        assert [(one["operation"], one["version"]) for one in history] == [
            ("WRITE", 2),
            ("WRITE", 1),
            ("CREATE TABLE", 0),
        ]
        assert {"timestamp", "operationParameters", "clientVersion"} <= history[0].keys()
        assert opened.history(2) == history[:2]
    pq.write_table(table, "s3://bkt/plain/file.parquet")
    convert_to_deltalake("s3://bkt/plain")
    assert DeltaTable("s3://bkt/plain").to_pyarrow_table() == table


@cell("deltalake", "`merge`, `update`, `delete`, `optimize`, `vacuum`, `create_checkpoint`")
def deltalake_changes(s3, tmp_path):
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    table = pa.table(COLUMNS)
    write_deltalake("s3://bkt/t", table)
    opened = DeltaTable("s3://bkt/t")
    opened.update(updates={"t": "'new'"}, predicate="n = 2")
    opened.delete("n = 1")
    (
        opened.merge(table, "s.n = t.n", source_alias="s", target_alias="t")
        .when_not_matched_insert_all()
        .execute()
    )
    opened.optimize.compact()
    opened.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    opened.create_checkpoint()
    found = DeltaTable("s3://bkt/t").to_pyarrow_table().sort_by("n")
    assert found.to_pydict() == {"n": [1, 2, 3], "t": ["a", "new", "c d"]}


# obstore and zarr


@cell("obstore", "`S3Store`: `put`, `get`, ranges, `list`, `copy`, `rename`, `delete`, multipart")
def obstore_sync(s3, tmp_path):
    import obstore
    from obstore.store import S3Store

    store = S3Store("bkt", prefix="d")
    store.put("big", b"x" * 12 * MB, use_multipart=True, chunk_size=5 * MB)
    store.put("one", b"12345")
    assert s3["d/one"] == store.get("one").bytes() == b"12345"
    assert s3.client.head_object(Bucket="bkt", Key="d/big")["ETag"].endswith('-3"')
    assert store.get_range("one", start=1, end=3) == b"23"
    assert sum(len(chunk) for chunk in store.get("big").stream()) == 12 * MB
    store.copy("one", "two")
    store.rename("two", "three")
    assert sorted(one["path"] for one in store.list().collect()) == ["big", "one", "three"]
    store.delete(["big", "three"])
    assert store.head("one")["size"] == 5
    with obstore.open_writer(store, "written") as writer:
        writer.write(b"abc")
    assert obstore.open_reader(store, "written").read() == b"abc"


@cell("obstore", "`from_url`, `config`, `client_options`, `credential_provider`, pickles")
def obstore_options(s3, tmp_path):
    from obstore.store import S3Store, from_url

    s3["d/key"] = b"value"
    credentials = {"access_key_id": "a", "secret_access_key": "b", "expires_at": None}
    stores = [
        from_url("s3://bkt/d"),
        from_url("s3://bkt/d", config={"endpoint": ELSEWHERE, "region": "eu-west-1"}),
        from_url("https://bkt.s3.us-east-1.amazonaws.com/d"),
        S3Store("bkt", prefix="d", endpoint=ELSEWHERE, virtual_hosted_style_request=True),
        S3Store("bkt", prefix="d", client_options={"timeout": "9s", "proxy_url": ELSEWHERE}),
        S3Store("bkt", prefix="d", credential_provider=lambda: credentials),
        type("Own", (S3Store,), {})("bkt", prefix="d"),
    ]
    stores.append(pickle.loads(pickle.dumps(stores[0])))
    assert [bytes(store.get("key").bytes()) for store in stores] == [b"value"] * len(stores)
    assert stores[0] == stores[-1]


@cell("obstore", "coroutines: `put_async`, `get_async`, `list`, …")
async def obstore_async(s3, tmp_path):
    from obstore.store import S3Store

    store = S3Store("bkt")
    await store.put_async("one", b"1")
    response = await store.get_async("one")
    assert await response.bytes_async() == b"1"
    assert [one["path"] async for batch in store.list() for one in batch] == ["one"]
    await store.rename_async("one", "two")
    assert (await store.head_async("two"))["size"] == 1
    await store.delete_async("two")
    assert s3.keys() == []


@cell("zarr", "arrays and groups by `ObjectStore` and by s3fs")
def zarr_stores(s3, tmp_path):
    zarr = pytest.importorskip("zarr")
    from obstore.store import S3Store

    store = zarr.storage.ObjectStore(S3Store("bkt", prefix="z"))
    group = zarr.create_group(store)
    group.create_array("a", shape=(10,), chunks=(5,), dtype="i4")[:] = 7
    assert zarr.open_group(store, mode="r")["a"][:].sum() == 70
    assert zarr.open_group("s3://bkt/z", mode="r")["a"][3:5].tolist() == [7, 7]
    assert "z/a/c/0" in s3.keys("z/")


# lance


@cell("lance", "datasets: write, append, read, filter, update, delete, merge, versions, indices")
def lance_datasets(s3, tmp_path):
    lance = pytest.importorskip("lance")
    import pyarrow as pa

    table, options = pa.table(COLUMNS), {"aws_endpoint": ELSEWHERE}
    lance.write_dataset(table, "s3://bkt/t.lance")
    lance.write_dataset(table, "s3://bkt/t.lance", mode="append", storage_options=options)
    opened = lance.dataset("s3://bkt/t.lance", storage_options=options)
    assert opened.count_rows() == 6
    assert opened.to_table(filter="n > 1").num_rows == 4
    opened.delete("n = 1")
    opened.update({"t": "'new'"}, where="n = 2")
    opened.merge_insert("n").when_not_matched_insert_all().execute(table)
    opened.create_scalar_index("n", "BTREE")
    opened.optimize.compact_files()
    opened.cleanup_old_versions()
    assert sorted(lance.dataset("s3://bkt/t.lance").to_table()["n"].to_pylist()) == [1, 2, 2, 3, 3]
    assert lance.dataset("s3://bkt/t.lance", version=1).to_table() == table
    assert s3.keys("t.lance/data/")


@cell("lance", "files: `LanceFileReader`, `LanceFileWriter`")
def lance_files(s3, tmp_path):
    pytest.importorskip("lance")
    import pyarrow as pa
    from lance.file import LanceFileReader, LanceFileWriter

    table = pa.table(COLUMNS)
    with LanceFileWriter("s3://bkt/x.lance", table.schema) as writer:
        writer.write_batch(table)
    assert LanceFileReader("s3://bkt/x.lance").read_all().to_table() == table
    assert s3.keys() == ["x.lance"]


# pyiceberg


def iceberg_table(database, **options):
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog(
        "test", uri=f"sqlite:///{database}", warehouse=f"s3://bkt/{database.name}", **options
    )
    catalog.create_namespace("names")
    return catalog.create_table("names.table", schema=pa.table(COLUMNS).schema)


@cell("pyiceberg", "`PyArrowFileIO`, the default, and `FsspecFileIO`: append, overwrite, scan")
def pyiceberg_tables(s3, tmp_path):
    pytest.importorskip("pyiceberg")
    import pyarrow as pa

    for number, options in enumerate(
        (
            {},
            {"s3.endpoint": ELSEWHERE, "s3.region": "eu-west-1"},
            {"py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO"},
        )
    ):
        table = iceberg_table(tmp_path / f"{number}.db", **options)
        table.append(pa.table(COLUMNS))
        table.append(pa.table(COLUMNS))
        assert table.scan(row_filter="n > 1").to_arrow().num_rows == 4, options
        table.overwrite(pa.table(COLUMNS))
        assert table.scan().to_arrow().sort_by("n").to_pydict() == COLUMNS, options
        assert s3.keys(f"{number}.db/")


@cell("pyiceberg", "the Glue catalog")
def pyiceberg_glue(s3, tmp_path):
    pytest.importorskip("pyiceberg")
    import pyarrow as pa
    from pyiceberg.catalog import load_catalog

    catalog = load_catalog("test", type="glue", warehouse="s3://bkt/glue")
    catalog.create_namespace("names")
    location = "s3://bkt/glue/table"
    made = catalog.create_table("names.t", schema=pa.table(COLUMNS).schema, location=location)
    made.append(pa.table(COLUMNS))
    assert catalog.load_table("names.t").scan().to_arrow().to_pydict() == COLUMNS


# duckdb


@cell("duckdb", "`connect`, `sql`, `read_…`, `COPY`: Parquet, CSV, JSON, globs, partitions")
def duckdb_queries(s3, tmp_path):
    import duckdb

    rows = [(1, "a"), (2, "b")]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS FROM (VALUES (1, 'a'), (2, 'b')) AS t (n, t)")
        for form in ("parquet", "csv", "json"):
            connection.execute(f"COPY t TO 's3://bkt/x.{form}'")
            assert connection.sql(f"FROM 's3://bkt/x.{form}'").fetchall() == rows
            read = getattr(connection, f"read_{form}")
            assert read(f"s3://bkt/x.{form}").fetchall() == rows
            cursor = connection.cursor()
            assert cursor.sql(f"FROM 's3a://bkt/*.{form}'").fetchall() == rows
        connection.execute("COPY t TO 's3://bkt/parts' (FORMAT parquet, PARTITION_BY (t))")
        parts = "read_parquet('s3://bkt/parts/**/*.parquet', hive_partitioning = true)"
        assert connection.sql(f"SELECT n, t FROM {parts} ORDER BY n").fetchall() == rows
        connection.sql("FROM t").write_parquet("s3://bkt/relation.parquet")
        with pytest.raises(duckdb.Error):
            connection.sql("FROM 's3://bkt/none.parquet'")
    assert duckdb.sql("FROM 's3://bkt/relation.parquet'").fetchall() == rows
    assert len(s3.keys("parts/t=")) == 2


@cell("duckdb", "`register_filesystem` of s3fs by the user")
def duckdb_registered(s3, tmp_path):
    import duckdb
    import fsspec

    with duckdb.connect() as connection:
        connection.register_filesystem(fsspec.filesystem("s3"))
        connection.execute("COPY (SELECT 1 AS n) TO 's3://bkt/x.parquet'")
        assert connection.sql("FROM 's3://bkt/x.parquet'").fetchall() == [(1,)]
        connection.unregister_filesystem("s3")
    assert s3.keys() == ["x.parquet"]


# daft


@cell("daft", "`read_…` and `write_…`: Parquet, CSV, JSON; `io_config`, SQL, `download`")
def daft_files(s3, tmp_path):
    daft = pytest.importorskip("daft")
    from daft.io import IOConfig, S3Config

    frame = daft.from_pydict(COLUMNS)
    elsewhere = IOConfig(s3=S3Config(endpoint_url=ELSEWHERE, region_name="eu-west-1"))
    writes_json = hasattr(frame, "write_json")  # not in the oldest
    for form in ("parquet", "csv", "json")[: 2 + writes_json]:
        getattr(frame, f"write_{form}")(f"s3://bkt/{form}")
        read = getattr(daft, f"read_{form}")
        for options in ({}, {"io_config": elsewhere}):
            found = read(f"s3://bkt/{form}/*.{form}", **options).sort("n").to_pydict()
            assert found == COLUMNS, (form, options)
    assert daft.sql("SELECT sum(n) AS n FROM read_parquet('s3://bkt/parquet')").to_pydict() == {
        "n": [6]
    }
    assert daft.from_glob_path("s3://bkt/csv/*").count_rows() == 1
    s3["key"] = b"value"
    urls = daft.from_pydict({"url": ["s3://bkt/key"]})
    column = daft.col("url")
    body = (column if hasattr(column, "download") else column.url).download()
    assert urls.with_column("body", body).to_pydict()["body"] == [b"value"]


@cell("daft", "`read_deltalake`, `write_deltalake`, `read_iceberg`, `write_iceberg`")
def daft_tables(s3, tmp_path):
    daft = pytest.importorskip("daft")
    pytest.importorskip("pyiceberg")

    frame = daft.from_pydict(COLUMNS)
    frame.write_deltalake("s3://bkt/delta")
    frame.write_deltalake("s3://bkt/delta", mode="append")
    assert daft.read_deltalake("s3://bkt/delta").count_rows() == 6
    for options in ({}, {"s3.endpoint": ELSEWHERE, "s3.region": "eu-west-1"}):
        table = iceberg_table(tmp_path / f"{len(options)}.db", **options)
        frame.write_iceberg(table)
        assert daft.read_iceberg(table).sort("n").to_pydict() == COLUMNS


# dask


@cell("dask", '`dataframe`: by s3fs and with `filesystem="arrow"`, in threads')
def dask_frames(s3, tmp_path):
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    frame = dd.from_pandas(pd.DataFrame(COLUMNS), npartitions=2)
    frame.to_parquet("s3://bkt/parquet")
    for options in ({}, {"filesystem": "arrow"}):
        assert dd.read_parquet("s3://bkt/parquet", **options).n.sum().compute() == 6
    frame.to_csv("s3://bkt/csv/*.csv", index=False)
    assert dd.read_csv("s3://bkt/csv/*.csv").n.sum().compute() == 6


@pytest.mark.parametrize("mode", ["in-process", "server"])
@pytest.mark.parametrize("key", CELLS, ids=" ".join)
def test_cell(key, mode, tmp_path, bucket):
    pytest.importorskip(key[0])
    with mock_aws(server_mode=mode == "server"):
        found = CELLS[key](bucket(), tmp_path)
        if found is not None:
            asyncio.run(found)


def test_table_of_the_docs_has_these_cells():
    rows = re.findall(r"^\| (\S+) \| ([^|]+) \| ✓ \| ✓ \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == list(CELLS)

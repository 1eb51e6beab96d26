"""One table, written by each data library and read by all the others, in one mock."""

from __future__ import annotations

import io
import warnings

import boto3
import pytest

from aiomoto import mock_aws

pa = pytest.importorskip("pyarrow")
pytest.importorskip("polars")

ROWS = {"n": [1, 2, 3], "t": ["a", "ä", "c d"], "x": [0.5, None, 2.5]}
PARQUET = "s3://bkt/d/x.parquet"
DELTA = "s3://bkt/delta"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def table():
    return pa.table(ROWS)


def rows(found):
    """Return a table, of whatever library, in the form of ROWS."""
    return found.sort_by("n").to_pydict()


# Each takes an URL, and the table where it writes.


def by_boto3(url, written=None):
    from pyarrow import parquet

    client = boto3.client("s3")
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if written is None:
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return parquet.read_table(io.BytesIO(body))
    file = io.BytesIO()
    parquet.write_table(written, file)
    return client.put_object(Bucket=bucket, Key=key, Body=file.getvalue())


def by_s3fs(url, written=None):
    import s3fs
    from pyarrow import parquet

    with s3fs.S3FileSystem().open(url, "rb" if written is None else "wb") as file:
        return parquet.read_table(file) if written is None else parquet.write_table(written, file)


def by_pandas(url, written=None):
    import pandas as pd

    if written is None:
        return pa.Table.from_pandas(pd.read_parquet(url), preserve_index=False)
    return written.to_pandas().to_parquet(url)


def by_fastparquet(url, written=None):
    import pandas as pd

    pytest.importorskip("fastparquet")
    if written is None:
        found = pd.read_parquet(url, engine="fastparquet")
        return pa.Table.from_pandas(found, preserve_index=False)
    return written.to_pandas().to_parquet(url, engine="fastparquet")


def by_pyarrow(url, written=None):
    from pyarrow import parquet

    return parquet.read_table(url) if written is None else parquet.write_table(written, url)


def by_polars(url, written=None):
    import polars as pl

    if written is None:
        return pl.scan_parquet(url).collect().to_arrow()
    return pl.from_arrow(written).write_parquet(url)


def by_duckdb(url, written=None):
    import duckdb

    with duckdb.connect() as connection:
        if written is None:
            return connection.sql(f"FROM '{url}'").to_arrow_table()
        return connection.execute(f"COPY (FROM written) TO '{url}'")


def by_obstore(url, written=None):
    from obstore.store import S3Store
    from pyarrow import parquet

    store, path = S3Store("bkt"), url.removeprefix("s3://bkt/")
    if written is None:
        return parquet.read_table(io.BytesIO(bytes(store.get(path).bytes())))
    file = io.BytesIO()
    parquet.write_table(written, file)
    return store.put(path, file.getvalue())


def by_daft(url, written=None):
    daft = pytest.importorskip("daft")
    if written is None:
        return daft.read_parquet(url).to_arrow()
    folder = url.rpartition("/")[0]
    (path,) = daft.from_arrow(written).write_parquet(folder).to_pydict()["path"]
    client, key = boto3.client("s3"), path.removeprefix("s3://").partition("/")[2]
    source = {"Bucket": "bkt", "Key": key}
    return client.copy_object(Bucket="bkt", Key=url.removeprefix("s3://bkt/"), CopySource=source)


def by_dask(url, written=None):
    dd = pytest.importorskip("dask.dataframe")
    if written is None:
        return pa.Table.from_pandas(dd.read_parquet(url).compute(), preserve_index=False)
    pytest.skip("dask writes directories")
    return None


FILES = (
    by_boto3,
    by_s3fs,
    by_pandas,
    by_fastparquet,
    by_pyarrow,
    by_polars,
    by_duckdb,
    by_obstore,
    by_daft,
    by_dask,
)


@pytest.fixture(params=["in-process", "server"])
def _mock(request):
    with mock_aws(server_mode=request.param == "server"):
        boto3.client("s3").create_bucket(Bucket="bkt")
        yield


def normal(found):
    return {
        name: [None if str(one) == "nan" else one for one in column]
        for name, column in found.items()
    }


@pytest.mark.usefixtures("_mock")
@pytest.mark.parametrize("write", FILES, ids=lambda one: one.__name__)
def test_file_is_read_by_all_whoever_wrote_it(write):
    write(PARQUET, table())
    for read in FILES:
        if read not in {by_daft, by_dask} or installed(read):
            assert normal(rows(read(PARQUET))) == ROWS, read.__name__


def installed(read):
    try:
        __import__(read.__name__.removeprefix("by_"))
    except ModuleNotFoundError:
        return False
    return True


def delta_by_deltalake(written=None):
    from deltalake import DeltaTable, write_deltalake

    return (
        DeltaTable(DELTA).to_pyarrow_table() if written is None else write_deltalake(DELTA, written)
    )


def delta_by_polars(written=None):
    import polars as pl

    if written is None:
        return pl.read_delta(DELTA).to_arrow()
    return pl.from_arrow(written).write_delta(DELTA)


def delta_by_daft(written=None):
    daft = pytest.importorskip("daft")
    if written is None:
        return daft.read_deltalake(DELTA).to_arrow()
    return daft.from_arrow(written).write_deltalake(DELTA)


@pytest.mark.usefixtures("_mock")
@pytest.mark.parametrize(
    "write", [delta_by_deltalake, delta_by_polars, delta_by_daft], ids=lambda one: one.__name__
)
def test_delta_table_is_read_by_all_whoever_wrote_it(write):
    pytest.importorskip("deltalake")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(table())
    for read in (delta_by_deltalake, delta_by_polars):
        assert rows(read()) == ROWS, read.__name__
    # Locally daft does not read a table of polars either: "Unsupported Arrow DataType: Utf8View".
    if write is not delta_by_polars and installed(by_daft):
        assert rows(delta_by_daft()) == ROWS

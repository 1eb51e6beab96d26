"""The rules for native readers: whose endpoint holds, what is refused, what a mock leaves behind."""

from __future__ import annotations

import contextlib
import io
import pickle
import sys
import threading
import time
import types
import warnings
from pathlib import Path

import boto3
import pytest

from aiomoto import GatewayError, InProcessModeError, RealHTTPRequestBlockedError, mock_aws

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

import obstore  # noqa: E402
from deltalake import DeltaTable, write_deltalake  # noqa: E402
from obstore.store import S3Store  # noqa: E402
from pyarrow import dataset, fs  # noqa: E402
from pyarrow import parquet as pq  # noqa: E402
from pyarrow.fs import FileSystem, S3FileSystem  # noqa: E402

TABLE = pa.table({"n": [1, 2, 3]})
FRAME = pl.DataFrame({"n": [1, 2, 3]})
EARLY = S3FileSystem(region="us-east-1", access_key="real", secret_key="real")
S3_URL = "s3://bkt/x.parquet"
# A number since polars 2, which before was to be text, as all options were.
NO_RETRIES = {"max_retries": 0 if int(pl.__version__.partition(".")[0]) >= 2 else "0"}

READS = {
    "pyarrow S3FileSystem": lambda: fs.S3FileSystem().get_file_info("bkt/x"),
    "pyarrow S3FileSystem, named before": lambda: S3FileSystem().get_file_info("bkt/x"),
    "pyarrow S3FileSystem, made before": lambda: EARLY.get_file_info("bkt/x"),
    "pyarrow S3FileSystem, private": lambda: fs._s3fs_of_pyarrow()().get_file_info("bkt/x"),
    "pyarrow pickle": lambda: pickle.loads(PICKLE).get_file_info("bkt/x"),
    "pyarrow from_uri, named before": lambda: FileSystem.from_uri(S3_URL),
    "pyarrow read_table": lambda: pq.read_table(S3_URL),
    "pyarrow write_table": lambda: pq.write_table(TABLE, S3_URL),
    "pyarrow dataset": lambda: dataset.dataset("s3://bkt/d"),
    "pyarrow write_dataset": lambda: dataset.write_dataset(TABLE, "s3://bkt/d", format="parquet"),
    "polars read_parquet": lambda: pl.read_parquet(S3_URL),
    "polars scan_parquet": lambda: pl.scan_parquet(S3_URL).collect(),
    "polars scan_csv, many": lambda: pl.scan_csv(["s3://bkt/x.csv"]).collect(),
    "polars scan_ipc": lambda: pl.scan_ipc("s3a://bkt/x.ipc").collect(),
    "polars scan_ndjson": lambda: pl.scan_ndjson("s3://bkt/x").collect(),
    "polars write_parquet": lambda: FRAME.write_parquet(S3_URL),
    "polars write_csv": lambda: FRAME.write_csv("s3://bkt/x.csv"),
    "polars sink_parquet": lambda: FRAME.lazy().sink_parquet(S3_URL),
    "polars storage_options": lambda: pl.read_parquet(
        S3_URL, storage_options={"aws_endpoint_url": "http://127.0.0.1:1"}
    ),
    "polars SQL": lambda: pl.sql(f"SELECT * FROM read_parquet('{S3_URL}')").collect(),
    "polars read_delta": lambda: pl.read_delta("s3://bkt/t"),
    "polars write_delta": lambda: FRAME.write_delta("s3://bkt/t"),
    "deltalake read": lambda: DeltaTable("s3://bkt/t"),
    "deltalake write": lambda: write_deltalake("s3://bkt/t", TABLE),
    "deltalake create": lambda: DeltaTable.create("s3://bkt/t", schema=TABLE.schema),
    "deltalake is_deltatable": lambda: DeltaTable.is_deltatable("s3://bkt/t"),
    "obstore": lambda: S3Store("bkt").get("x"),
    "obstore from_url": lambda: S3Store.from_url("s3://bkt").put("x", b""),
    "lance": lambda: lance().dataset("s3://bkt/x.lance"),
    "lance write": lambda: lance().write_dataset(TABLE, "s3://bkt/x.lance"),
    "daft": lambda: daft().read_parquet(S3_URL),
    "daft write": lambda: daft().from_pydict({"n": [1]}).write_parquet("s3://bkt/d"),
    "daft SQL": lambda: daft().sql(f"SELECT * FROM read_parquet('{S3_URL}')"),
}
fs._s3fs_of_pyarrow = lambda: sys.modules["pyarrow._s3fs"].S3FileSystem
PICKLE = pickle.dumps(EARLY)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def lance():
    return pytest.importorskip("lance")


def daft():
    return pytest.importorskip("daft")


def bucket():
    client = boto3.client("s3")
    client.create_bucket(Bucket="bkt")
    return client


@pytest.mark.parametrize("read", READS)
def test_without_the_gateway_a_native_read_is_refused_at_once(read):
    with mock_aws(gateway=False):
        bucket()
        for _ in range(2):  # the first imports what it needs
            started = time.monotonic()
            with pytest.raises(GatewayError, match="gateway=False"):
                READS[read]()
            took = time.monotonic() - started
        assert took < 1


@pytest.mark.parametrize("why", ["variable", "no sockets"])
def test_refusal_says_why_there_is_no_gateway(run, why):
    ban = (
        "import socket\nclass Banned(socket.socket):\n"
        "    def __init__(self, *a, **k): raise RuntimeError('banned')\nsocket.socket = Banned\n"
    )
    code = (
        f"{ban if why == 'no sockets' else ''}"
        "import aiomoto, polars as pl\n"
        "with aiomoto.mock_aws():\n"
        "    try: pl.read_parquet('s3://bkt/x')\n"
        "    except aiomoto.GatewayError as error: print(error)\n"
    )
    done = run("-c", code, **({"AIOMOTO_GATEWAY": "0"} if why == "variable" else {}))
    expected = "AIOMOTO_GATEWAY=0 turns it off" if why == "variable" else "banned"
    assert expected in done.out, done.err


def test_without_the_gateway_local_files_are_read(tmp_path):
    path = tmp_path / "x.parquet"
    with mock_aws(gateway=False):
        FRAME.write_parquet(path)
        assert pl.scan_parquet(str(path)).collect().equals(FRAME)
        assert pq.read_table(path) == TABLE
        assert FileSystem.from_uri(path.as_uri())[0] == fs.LocalFileSystem()
        write_deltalake(tmp_path / "t", TABLE)
        assert DeltaTable(str(tmp_path / "t")).history()[0]["operation"] == "WRITE"


def deltalake_locally(path):
    write_deltalake(path, TABLE)
    assert DeltaTable.is_deltatable(path)
    return DeltaTable(path).history()[0]["operation"] == "WRITE"


def lance_locally(path):
    lance = pytest.importorskip("lance")
    lance.write_dataset(TABLE, path)
    return lance.dataset(path).to_table() == TABLE


def daft_locally(path):
    daft = pytest.importorskip("daft")
    daft.from_pydict({"n": [1, 2, 3]}).write_deltalake(path)
    daft.from_pydict({"n": [1, 2, 3]}).write_parquet(path + "-files")
    frames = daft.read_deltalake(path), daft.read_parquet(path + "-files/*.parquet")
    return [frame.to_pydict() for frame in frames] == [{"n": [1, 2, 3]}] * 2


@pytest.mark.parametrize("work", [deltalake_locally, lance_locally, daft_locally])
def test_local_files_are_read_and_written_in_a_mock_and_after_it(tmp_path, work):
    with mock_aws():
        assert work(str(tmp_path / "inside"))
    assert work(str(tmp_path / "after"))


def test_without_the_gateway_duckdb_reads_by_s3fs():
    import duckdb

    with mock_aws(gateway=False):
        bucket().put_object(Bucket="bkt", Key="x.csv", Body=b"n\n1\n")
        assert duckdb.sql("FROM 's3://bkt/x.csv'").fetchall() == [(1,)]


NAMED = {
    "pyarrow": lambda url: (
        fs.S3FileSystem(endpoint_override=url.removeprefix("http://"), scheme="http")
        .open_input_stream("bkt/x.parquet")
        .read()
    ),
    "pyarrow from_uri": lambda url: pq.read_table(
        f"{S3_URL}?endpoint_override={url.removeprefix('http://')}&scheme=http"
    ),
    "polars": lambda url: pl.read_parquet(
        S3_URL, storage_options={"endpoint_url": url, "allow_http": "true", **NO_RETRIES}
    ),
    "obstore": lambda url: S3Store(
        "bkt", endpoint=url, client_options={"allow_http": True}, retry_config={"max_retries": 0}
    ).get("x.parquet"),
}


def why_not(read, url):
    """Read from a server that is no S3: there may be an error, but none of ours."""
    answers = (OSError, pa.ArrowInvalid, pl.exceptions.PolarsError, obstore.exceptions.BaseError)
    with contextlib.suppress(*answers):
        read(url)


@pytest.mark.parametrize("read", NAMED)
def test_endpoint_that_the_user_names_is_mocked(read, httpd):
    with mock_aws():
        bucket()
        FRAME.write_parquet(S3_URL)
        NAMED[read](httpd.url)
    assert httpd.seen == []


@pytest.mark.parametrize("read", NAMED)
def test_endpoint_that_a_passthrough_names_is_left_alone(read, httpd):
    config = {"core": {"passthrough": {"urls": [httpd.url]}}}
    with mock_aws(config=config, gateway=False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        why_not(NAMED[read], httpd.url)
    assert [line for line in httpd.seen if "x.parquet" in line]


@pytest.mark.parametrize("read", NAMED)
def test_server_mode_leaves_a_named_endpoint_alone_where_asked(read, httpd):
    with mock_aws(server_mode=True, auto_endpoint="if_missing"):
        bucket()
        FRAME.write_parquet(S3_URL)
        why_not(NAMED[read], httpd.url)
        assert [line for line in httpd.seen if "x.parquet" in line]
        with pytest.raises(RealHTTPRequestBlockedError, match="this machine only"):
            NAMED[read]("http://minio.example:9000")


def test_server_mode_lets_nobody_out_who_names_no_endpoint_where_none_is_given():
    with mock_aws(server_mode=True, auto_endpoint="disabled") as mock:
        for read in ("polars read_parquet", "pyarrow S3FileSystem", "obstore", "deltalake read"):
            with pytest.raises(RealHTTPRequestBlockedError):
                READS[read]()
        boto3.client("s3", endpoint_url=mock.server_endpoint).create_bucket(Bucket="bkt")
        S3Store("bkt", endpoint=mock.server_endpoint, client_options={"allow_http": True}).put(
            "x", b"value"
        )


def test_moto_server_of_the_users_own_is_reached(run):
    code = """
import boto3, polars as pl
from moto.server import ThreadedMotoServer
from aiomoto import mock_aws
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
url = "http://{}:{}".format(*server.get_host_and_port())
with mock_aws(gateway=False):
    boto3.client("s3", endpoint_url=url, region_name="us-east-1").create_bucket(Bucket="bkt")
    options = {"aws_endpoint_url": url, "aws_allow_http": "true",
               "aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_region": "us-east-1"}
    pl.DataFrame({"n": [1]}).write_parquet("s3://bkt/x", storage_options=options)
    print(pl.read_parquet("s3://bkt/x", storage_options=options).item())
server.stop()
"""
    assert run("-c", code).out == "1\n"


def test_names_that_modules_took_before_are_theirs_again_after_it():
    module = types.ModuleType("a_module_of_the_user")
    held = [S3FileSystem, EARLY]
    module.Renamed, module.instance = held
    sys.modules[module.__name__] = module
    try:
        for _ in range(2):
            with mock_aws():
                bucket().put_object(Bucket="bkt", Key="x", Body=b"value")
                for filesystem in (module.Renamed(), module.instance, S3FileSystem(), EARLY):
                    assert filesystem.open_input_stream("bkt/x").read() == b"value"
                    assert isinstance(filesystem, fs.S3FileSystem)
                    assert isinstance(filesystem, held[0])
            assert [module.Renamed, module.instance] == held
            assert fs.S3FileSystem is S3FileSystem is held[0]
            assert EARLY is held[1]
    finally:
        del sys.modules[module.__name__]


def test_class_that_a_module_took_inside_a_mock_works_after_it():
    with mock_aws():
        taken = fs.S3FileSystem
    made = taken(region="eu-west-1", access_key="a", secret_key="b")
    assert type(made) is S3FileSystem
    assert made == S3FileSystem(region="eu-west-1", access_key="a", secret_key="b")


def test_query_of_a_mock_does_not_reach_aws_after_it():
    with mock_aws():
        bucket()
        FRAME.write_parquet(S3_URL)
        query = pl.scan_parquet(S3_URL, storage_options=NO_RETRIES)
        store = S3Store("bkt", retry_config={"max_retries": 0})
        filesystem = fs.S3FileSystem(retry_strategy=fs.AwsStandardS3RetryStrategy(1))
    with pytest.raises(OSError, match="503"):
        query.collect()
    with pytest.raises(Exception, match="503"):
        store.get("x.parquet")
    with pytest.raises(OSError, match="503"):
        filesystem.open_input_stream("bkt/x.parquet")


def test_next_mock_is_read_by_what_an_earlier_one_made():
    with mock_aws():
        bucket()
        FRAME.write_parquet(S3_URL)
        query, store = pl.scan_parquet(S3_URL), S3Store("bkt")
    with mock_aws():
        bucket()
        FRAME.head(1).write_parquet(S3_URL)
        assert query.collect().height == 1
        assert store.head("x.parquet")


def test_polars_keeps_no_credentials_of_a_mock():
    from polars.io.cloud.credential_provider import _builder

    cache = "BUILT_PROVIDERS_LRU_CACHE"
    if not hasattr(_builder, cache):
        pytest.skip("this polars keeps none")
    setattr(_builder, cache, None)
    with mock_aws():
        bucket()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            FRAME.write_parquet(S3_URL)
            pl.read_parquet(S3_URL, credential_provider=lambda: (KEYS, None))
        assert getattr(_builder, cache)
    assert getattr(_builder, cache) is None


KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}


def test_connections_of_duckdb_are_as_before():
    import duckdb

    before = duckdb.connect()
    closed = duckdb.connect()
    closed.close()
    held = (before, duckdb.connect(), duckdb)
    systems = [connection.list_filesystems() for connection in held]
    with mock_aws():
        bucket().put_object(Bucket="bkt", Key="x.csv", Body=b"n\n1\n")
        for connection in held:
            assert connection.sql("FROM 's3://bkt/x.csv'").fetchall() == [(1,)]
    assert [connection.list_filesystems() for connection in held] == systems


def test_queries_of_daft_go_to_the_mock_that_is_active():
    """By itself daft keeps the connection of the first query."""
    query = f"SELECT sum(n) AS n FROM read_parquet('{S3_URL}')"
    for server_mode in (True, False, True):
        with mock_aws(server_mode=server_mode):
            bucket()
            FRAME.head(2 + server_mode).write_parquet(S3_URL)
            for execute in (daft().sql, daft().current_session().sql):
                assert execute(query).to_pydict() == {"n": [3 + 3 * server_mode]}
            with pytest.raises(RealHTTPRequestBlockedError, match="daft.read_csv"):
                daft().sql("SELECT * FROM read_csv('s3://bkt/x.csv', delimiter => ';')")


def test_queries_of_daft_see_the_frames_of_their_caller():
    frame = daft().from_pydict({"n": [1, 2, 3]})
    with mock_aws():
        assert daft().sql("SELECT sum(n) AS n FROM frame").to_pydict() == {"n": [6]}
    assert daft().sql("SELECT max(n) AS n FROM frame").to_pydict() == {"n": [3]}
    assert frame


@pytest.mark.parametrize("name", ["restore", "repair", "load_cdf"])
def test_what_would_block_the_mock_is_refused_at_once(name):
    with mock_aws():
        bucket()
        write_deltalake("s3://bkt/t", TABLE)
        table = DeltaTable("s3://bkt/t")
        with pytest.raises(InProcessModeError, match=f"{name}.*server_endpoint"):
            getattr(table, name)(*[0] if name == "restore" else [])


def test_what_would_block_the_mock_is_left_alone_locally(tmp_path):
    with mock_aws():
        write_deltalake(tmp_path, TABLE)
        write_deltalake(tmp_path, TABLE, mode="append")
        table = DeltaTable(str(tmp_path))
        table.restore(0)
        table.alter.set_table_name("name")
        assert table.metadata().name == "name"


def test_threads_of_native_readers_and_of_python_do_not_wait_for_each_other():
    problems = []

    def work(number):
        try:
            for turn in range(5):
                url = f"s3://bkt/{number}/{turn}.parquet"
                (FRAME.write_parquet if turn % 2 else lambda u: pq.write_table(TABLE, u))(url)
                assert pl.read_parquet(url).height == pq.read_table(url).num_rows == 3
                assert boto3.client("s3").list_objects_v2(Bucket="bkt", Prefix=f"{number}/")
                with mock_aws():  # nested: slots and locks
                    pl.scan_parquet(f"s3://bkt/{number}/*.parquet").collect()
        except BaseException as error:
            problems.append(error)

    with mock_aws():
        bucket()
        threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
    assert not problems
    assert not any(thread.is_alive() for thread in threads)


def test_mocks_of_other_threads_come_and_go_while_natives_read():
    stop = threading.Event()

    def switch():
        while not stop.is_set():
            with mock_aws(gateway=False):
                pass

    with mock_aws():
        bucket()
        FRAME.write_parquet(S3_URL)
        thread = threading.Thread(target=switch)
        thread.start()
        try:
            found = 0
            for _ in range(20):
                try:
                    found += pl.read_parquet(S3_URL).height
                except GatewayError:  # inside the other thread's mock
                    continue
        finally:
            stop.set()
            thread.join()
        assert found % 3 == 0
        assert pl.read_parquet(S3_URL).height == 3


LIBRARIES = ["polars", "pyarrow", "deltalake", "obstore", "duckdb", "lance", "daft", "pyiceberg"]


def test_entering_a_mock_imports_no_library(run):
    code = (
        "import sys, aiomoto\nwith aiomoto.mock_aws(): pass\n"
        f"print([name for name in {LIBRARIES} if name in sys.modules])"
    )
    assert run("-c", code).out == "[]\n"


def test_importing_a_library_imports_nothing_of_ours(run):
    code = (
        "import sys; before = set(sys.modules)\n"
        "import polars, pyarrow.fs, pyarrow.parquet, deltalake, obstore.store, duckdb\n"
        "print(sorted(n for n in set(sys.modules) - before if n.partition('.')[0] == 'aiomoto'))"
    )
    assert run("-c", code).out == "[]\n"


def test_functions_that_the_user_imported_by_name_before_are_led(run):
    code = """
from polars import scan_parquet, DataFrame
from duckdb import connect
import pyarrow.dataset
from pyarrow.fs import S3FileSystem
connection = connect()
from aiomoto import mock_aws, GatewayError
import boto3
with mock_aws(gateway=False):
    for call in (lambda: scan_parquet("s3://bkt/x"), S3FileSystem):
        try: call()
        except GatewayError: print("refused")
with mock_aws():
    boto3.client("s3").create_bucket(Bucket="bkt")
    DataFrame({"n": [1]}).write_parquet("s3://bkt/x.parquet")
    print(scan_parquet("s3://bkt/x.parquet").collect().item())
    print(connection.sql("FROM 's3://bkt/x.parquet'").fetchall())
    later = connect()
    print(later.sql("FROM 's3://bkt/x.parquet'").fetchall())
"""
    done = run("-c", code)
    assert done.out == "refused\nrefused\n1\n[(1,)]\n[(1,)]\n", done.err


@pytest.mark.parametrize("first", ["polars", "pyarrow", "obstore", "deltalake"])
def test_native_reader_may_be_the_first_to_need_a_mocked_process(run, first):
    code = {
        "polars": "import polars as pl\ntry: pl.read_parquet('s3://bkt/x')",
        "pyarrow": "from pyarrow.fs import S3FileSystem\ntry: S3FileSystem().open_input_file('bkt/x')",
        "obstore": "from obstore.store import S3Store\ntry: S3Store('bkt').get('x')",
        "deltalake": "from deltalake import DeltaTable\ntry: DeltaTable('s3://bkt/x')",
    }[first]
    code += """
except Exception as error: print(type(error).__name__, "NoSuchBucket" in str(error) or str(error))
import boto3, polars
boto3.client("s3").create_bucket(Bucket="bkt")
polars.DataFrame({"n": [1]}).write_parquet("s3://bkt/x.parquet")
print(polars.read_parquet("s3://bkt/x.parquet").item())
"""
    done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
    assert done.out.endswith("\n1\n"), (done.out, done.err)
    assert "amazonaws" not in done.out


def test_refused_process_refuses_native_readers_too(run):
    code = (
        "import polars, aiomoto\n"
        "try: polars.read_parquet('s3://bkt/x')\n"
        "except aiomoto.RealHTTPRequestBlockedError as error: print(error)"
    )
    done = run("-c", code, AIOMOTO_AUTO="perhaps")
    assert "AIOMOTO_AUTO='perhaps'" in done.out, done.err


def test_stock_moto_leads_native_readers_too():
    import moto

    with moto.mock_aws():
        bucket()
        FRAME.write_parquet(S3_URL)
        assert pq.read_table(S3_URL).num_rows == 3


def test_real_credentials_are_not_needed(monkeypatch):
    """Not even where moto is told to keep its own away: nobody asks the metadata service."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with mock_aws(config={"core": {"mock_credentials": False}}):
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        client.create_bucket(Bucket="bkt")
        FRAME.write_parquet(S3_URL)
        assert pq.read_table(S3_URL).num_rows == 3
        assert fs.S3FileSystem().get_file_info("bkt/x.parquet").size
        assert S3Store("bkt").head("x.parquet")["size"]
        write_deltalake("s3://bkt/t", TABLE)


def test_users_options_are_not_changed():
    given = {"AWS_ENDPOINT_URL": "http://minio.example:9000"}
    config = {"endpoint": "http://minio.example:9000"}
    with mock_aws():
        bucket()
        FRAME.write_parquet(S3_URL, storage_options=given)
        write_deltalake("s3://bkt/t", TABLE, storage_options=given)
        S3Store("bkt", config=config).put("x", io.BytesIO(b"1"))
    assert given == {"AWS_ENDPOINT_URL": "http://minio.example:9000"}
    assert config == {"endpoint": "http://minio.example:9000"}


def test_this_file_is_read_natively(tmp_path):
    """A body of several parts arrives whole, whoever writes it and whoever reads it."""
    body = Path(__file__).read_bytes() * 600
    with mock_aws():
        client = bucket()
        with fs.S3FileSystem().open_output_stream("bkt/big") as file:
            file.write(body)
        assert client.get_object(Bucket="bkt", Key="big")["Body"].read() == body
        assert bytes(S3Store("bkt").get("big").bytes()) == body

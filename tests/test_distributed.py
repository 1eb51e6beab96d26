"""A Dask cluster with worker processes: a partitioned dataset on one server."""

from __future__ import annotations

import os

import boto3
import pytest

from aiomoto import mock_aws

dd = pytest.importorskip("dask.dataframe", reason="it has a session: nox -s clusters")
distributed = pytest.importorskip("distributed", reason="it has a session: nox -s clusters")
pd = pytest.importorskip("pandas")

# Tornado's and dask's own, and sockets that a worker leaves open when it is stopped.
pytestmark = pytest.mark.filterwarnings("default")
ROWS = 10_000


@pytest.fixture
def mock():
    with mock_aws(server_mode=True) as mock:
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield mock


@pytest.fixture(params=["inherited", "passed"])
def cluster(mock, request, monkeypatch):
    """Two worker processes, which know of the server by inheritance or by `environ`."""
    environ = dict(mock.environ)
    if request.param == "passed":
        for name in environ:
            monkeypatch.delenv(name)
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            env=environ if request.param == "passed" else None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        monkeypatch.undo()
        yield client


def frame():
    return pd.DataFrame(
        {
            "number": range(ROWS),
            "group": [f"g{number % 4}" for number in range(ROWS)],
        }
    )


@pytest.mark.parametrize("filesystem", ["fsspec", "arrow"])
def test_partitioned_dataset(cluster, filesystem):
    dd.from_pandas(frame(), npartitions=6).to_parquet("s3://bucket/frame", partition_on="group")
    found = boto3.client("s3").list_objects_v2(Bucket="bucket", Prefix="frame/")["Contents"]
    groups = {key["Key"].split("/")[1] for key in found if "=" in key["Key"]}
    assert groups == {"group=g0", "group=g1", "group=g2", "group=g3"}
    read = dd.read_parquet("s3://bucket/frame", filesystem=filesystem)
    sums = read.groupby("group", observed=True)["number"].sum().compute()
    assert sums.sum() == ROWS * (ROWS - 1) // 2
    assert len(sums) == 4


def test_workers_are_other_processes_and_know_one_server(cluster, mock):
    def look():
        client = boto3.client("s3")
        client.put_object(Bucket="bucket", Key=f"by-{os.getpid()}", Body=b"")
        return os.getpid(), client.meta.endpoint_url

    found = cluster.run(look)
    assert len(found) == 2
    assert os.getpid() not in {pid for pid, _ in found.values()}
    assert {url for _, url in found.values()} == {mock.server_endpoint}
    keys = boto3.client("s3").list_objects_v2(Bucket="bucket")["Contents"]
    assert {key["Key"] for key in keys} == {f"by-{pid}" for pid, _ in found.values()}

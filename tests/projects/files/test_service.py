import asyncio
import urllib.request

import boto3
import pytest
from aiobotocore.endpoint import AioEndpoint
from conftest import SERVER, serving
from service import make_app, set_up


@pytest.fixture(params=["in this process", "by a server"])
def files(request):
    """The same client of the service, in front of moto here and of moto there."""
    name = {"in this process": "client", "by a server": "served_client"}[request.param]
    return request.getfixturevalue(name)


async def test_upload_and_download(files):
    reply = await files.put("/files/greeting", content=b"hello " * 1000)
    assert reply.status_code == 201
    assert (await files.get("/files/greeting")).content == b"hello " * 1000
    assert (await files.get("/files")).json() == {"greeting": 6000}


async def test_missing_file(files):
    assert (await files.get("/files/nothing")).status_code == 404
    assert (await files.get("/files")).json() == {}


async def test_many_at_once(files):
    await asyncio.gather(*(files.put(f"/files/{n}", content=b"x" * n) for n in range(20)))
    assert (await files.get("/files")).json() == {str(n): n for n in range(20)}


async def test_sync_code_sees_the_files(client):
    await client.put("/files/one", content=b"1")
    s3 = boto3.client("s3", region_name="us-east-1")
    assert s3.get_object(Bucket="files", Key="one")["Body"].read() == b"1"


async def test_endpoint_as_constant_and_environment(served_client, monkeypatch):
    monkeypatch.setenv("FILES_ENDPOINT", SERVER)
    await served_client.put("/files/one", content=b"1")
    async with serving(make_app()) as other:
        assert (await other.get("/files")).json() == {"one": 1}
    page = urllib.request.urlopen(f"{SERVER}/files")
    with page:
        assert b"<Key>one</Key>" in page.read()


async def test_failing_requests(client, monkeypatch):
    async def fail(self, *args):
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(AioEndpoint, "make_request", fail)
        with pytest.raises(TimeoutError):
            await client.get("/files")
    assert (await client.get("/files")).json() == {}


@pytest.mark.parametrize("round_", [1, 2])
async def test_each_starts_from_nothing(client, round_):
    with pytest.raises(Exception, match="BucketAlreadyOwnedByYou|ResourceInUse"):
        await set_up()
        await set_up()
    assert (await client.get("/files")).json() == {}

"""The same against moto's server, for code that must go over HTTP."""

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer
from orders import Orders, set_up


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server._server.port}"
    server.stop()


@pytest.fixture
def orders(server):
    requests.post(f"{server}/moto-api/reset", timeout=30)
    set_up(endpoint_url=server)
    return Orders(endpoint_url=server)


def test_orders_are_shipped(orders):
    orders.place("1", "tea", "3.50")
    assert orders.ship() == ["tea"]


def test_server_is_reset(orders):
    assert orders.total() == 0


def test_its_data_can_be_seen_over_http(orders, server):
    orders.place("1", "tea", "3.50")
    assert "1.json" in requests.get(f"{server}/orders-documents", timeout=30).text


def test_environment(server, orders, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    client = boto3.client("s3", region_name="eu-central-1")
    assert client.list_buckets()["Buckets"][0]["Name"] == "orders-documents"

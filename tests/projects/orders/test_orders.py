import os
import unittest
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from orders import BUCKET, REGION, Orders, set_up


def test_orders_are_shipped(orders):
    orders.place("1", "tea", "3.50")
    orders.place("2", "cups", "12")
    assert orders.ship() == ["cups", "tea"]
    assert orders.ship() == []


def test_totals(orders):
    assert orders.total() == 0
    orders.place("1", "tea", "3.50")
    assert orders.total() == 3.5


@mock_aws
def test_nothing_is_there_before_set_up():
    with pytest.raises(ClientError, match="NonExistentQueue"):
        Orders().ship()


@mock_aws(config={"core": {"mock_credentials": False}})
def test_credentials_of_ones_own():
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    set_up()
    Orders().place("1", "tea", "3.50")


@mock_aws
@pytest.mark.parametrize("number", ["1", "2"])
def test_each_starts_from_nothing(number):
    set_up()
    Orders().place(number, "tea", "1")
    assert Orders().total() == 1


@mock_aws
class TestShop:
    def setup_method(self, method):
        set_up()
        Orders().place("0", "welcome gift", "0")

    def test_gift(self):
        assert Orders().ship() == ["welcome gift"]

    def test_gift_and_more(self):
        Orders().place("1", "tea", "3.50")
        assert Orders().ship() == ["tea", "welcome gift"]


@mock_aws
class ShopTestCase(unittest.TestCase):
    def setUp(self):
        set_up()

    def test_empty(self):
        self.assertEqual(Orders().total(), 0)

    def test_one(self):
        Orders().place("1", "tea", "3.50")
        self.assertEqual(Orders().ship(), ["tea"])


class StartedByHandTestCase(unittest.TestCase):
    def setUp(self):
        self.mock = mock_aws()
        self.mock.start()
        self.addCleanup(self.mock.stop)
        set_up()

    def test_bucket(self):
        names = [
            b["Name"] for b in boto3.client("s3", region_name=REGION).list_buckets()["Buckets"]
        ]
        self.assertEqual(names, [BUCKET])


def test_environment_without_anything(orders):
    with mock.patch.dict(os.environ, clear=True):
        orders.place("1", "tea", "1")
    assert orders.total() == 1


def test_network_failure(orders, monkeypatch):
    def fail(self, operation_model, request_dict):
        raise EndpointConnectionError(endpoint_url="https://nowhere")

    monkeypatch.setattr("botocore.endpoint.Endpoint.make_request", fail)
    with pytest.raises(EndpointConnectionError):
        orders.total()
    monkeypatch.undo()
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "testing"
    assert orders.total() == 0


def test_client_that_is_a_stand_in():
    with mock.patch("boto3.client") as client:
        client.return_value.get_queue_url.return_value = {"QueueUrl": "url"}
        client.return_value.receive_message.return_value = {}
        assert Orders().ship() == []

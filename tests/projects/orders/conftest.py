import os

os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "testing"

import pytest
from moto import mock_aws
from orders import Orders, set_up


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    """As moto's documentation advises."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")


@pytest.fixture
def orders():
    with mock_aws():
        set_up()
        yield Orders()

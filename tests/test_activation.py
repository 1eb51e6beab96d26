"""The state of activation: whose credentials are put back, and who is waited for."""

from __future__ import annotations

import os
import time
from threading import get_ident

import pytest

from aiomoto import mock_aws
from aiomoto._activation import FAKE_KEY, state


def test_fake_credentials_that_no_mock_has_set_are_not_put_back(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", FAKE_KEY)  # an undo of moto's that came late
    with mock_aws():
        pass
    assert "AWS_ACCESS_KEY_ID" not in os.environ


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_fake_credentials_of_another_mock_stay_with_it(monkeypatch, order):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    mocks = [mock_aws(), mock_aws()]
    for mock in mocks:
        mock.start()
    mocks[order[0]].stop()
    assert os.environ["AWS_ACCESS_KEY_ID"] == FAKE_KEY
    mocks[order[1]].stop()
    assert os.environ["AWS_ACCESS_KEY_ID"] == "own"


def test_threads_inside_moto_are_waited_for_but_not_for_long(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    state.wait_for_others(0.01)
    assert slept == []
    monkeypatch.setitem(state.inside, -1, 1)  # some other thread
    state.wait_for_others(0.01)
    assert slept == [0.001] * 10


def test_thread_does_not_wait_for_itself(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it would wait for ever"))
    state.enter_moto()
    try:
        state.wait_for_others(0.01)
    finally:
        state.leave_moto()
    assert get_ident() not in state.inside

"""The state of activation: whose credentials are put back, and who is waited for."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from threading import get_ident

import pytest

from aiomoto import mock_aws
from aiomoto._activation import FAKE_KEY, Activation, state


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


def test_ambient_mock_that_is_taken_away_puts_back_and_ends_its_calls(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    own = Activation()
    own.wish(lambda: None, None)
    stamp = own.stamp
    assert (own.on, os.environ["AWS_ACCESS_KEY_ID"]) == (True, FAKE_KEY)
    own.unwish()
    assert (own.on, os.environ["AWS_ACCESS_KEY_ID"]) == (False, "own")
    assert stamp.ended
    assert not own.ambient_stamp.ended


def test_threads_inside_moto_are_waited_for_but_not_for_long(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    state.wait_for_others(0.01)
    assert slept == []
    monkeypatch.setitem(state.inside, -1, 1)  # some other thread
    state.wait_for_others()
    assert slept == [0.001] * 200


def test_thread_does_not_wait_for_itself(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it would wait for ever"))
    state.enter_moto()
    try:
        state.wait_for_others(0.01)
    finally:
        state.leave_moto()
    assert get_ident() not in state.inside


@pytest.fixture
def thread():
    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(function).result(10)


def test_thread_waits_outside_for_the_one_that_switches():
    own = Activation()
    with ThreadPoolExecutor(1) as pool:
        with own.lock:
            own.switching = get_ident()
            entering = pool.submit(own.enter_moto)
            assert wait([entering], 0.05).not_done
            assert not own.inside  # or the two would wait for each other
            own.switching = 0
        entering.result(10)
        assert [*own.inside.values()] == [1]


def test_thread_inside_goes_on_while_another_switches(thread):
    own = Activation()
    thread(own.enter_moto)
    with own.lock:
        own.switching = get_ident()
        thread(own.enter_moto)
    assert [*own.inside.values()] == [2]


def test_nobody_waits_where_nobody_switches(thread):
    own, child = Activation(), Activation()
    child.switching, child.inside = -1, {-1: 1}  # forked in the middle of a switch
    child.remake_locks()
    for one in (own, child):
        with one.lock:
            thread(one.enter_moto)
        assert [*one.inside.values()] == [1]
        thread(one.leave_moto)
        assert not one.inside

"""Mocks of all kinds, entered and left in any order, against a model of what must be there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.session
import moto
import pytest
from aiobotocore.session import get_session
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from moto.core.config import default_user_config
from moto.core.models import MockAWS as MotoMock

import aiomoto
from aiomoto._activation import state

KEYS = {"aws_access_key_id": "own", "aws_secret_access_key": "own", "region_name": "us-east-1"}
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION")
CONFIGS = (
    None,
    {"core": {"mock_credentials": False}},
    {"core": {"reset_boto3_session": False}},
    {"lambda": {"use_docker": False}},
)
KEPT = object()  # the boto3.DEFAULT_SESSION of a user


def with_statement(mock, held):
    """Hold a mock by a ``with`` statement, which a generator keeps open."""

    def body():
        with mock:
            yield

    return held(body())


def decorated(mock, held):
    @mock
    def body():
        yield

    return held(body())


class Held:
    """A generator that has a mock, resumed in this thread."""

    def __init__(self, body, call=lambda function, *args: function(*args)):
        self.body, self.call = body, call
        self.call(next, body)

    def leave(self, error, _):
        with contextlib.suppress(StopIteration, type(error or StopIteration())):
            if isinstance(error, GeneratorExit):
                self.call(self.body.close)
            elif error is not None:
                self.call(self.body.throw, error)
            else:
                self.call(next, self.body)


class Started:
    def __init__(self, mock, reset):
        self.mock = mock
        mock.start(reset=reset)

    def leave(self, _, remove_data):
        self.mock.stop(remove_data=remove_data)


class Task:
    """A task that has a mock for as long as it waits; it may be cancelled."""

    def __init__(self, loop, mock, *, asynchronous):
        async def body():
            async with mock if asynchronous else contextlib.nullcontext():
                with contextlib.nullcontext() if asynchronous else mock:
                    entered.set()
                    await self.over.wait()

        entered, self.over = asyncio.Event(), asyncio.Event()
        self.loop, self.task = loop, loop.create_task(body())
        loop.run_until_complete(entered.wait())

    def leave(self, error, _):
        if error is None:
            self.over.set()
        else:
            self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            self.loop.run_until_complete(self.task)


class Places(dict):
    """What stands in each place that mocks set; a mock that leaves puts back what it found."""

    def __init__(self, **found):
        super().__init__(found)
        self.mocks = []

    def enter(self, mock, values):
        mock["found"] = {place: self[place] for place in values}
        self.update(values)
        self.mocks.append(mock)

    def leave(self, mock):
        above = self.mocks[self.mocks.index(mock) + 1 :]
        self.mocks.remove(mock)
        (above[0]["found"] if above else self).update(mock["found"])


class Mocks(RuleBasedStateMachine):
    """Mocks come and go; the user's code sets what mocks set too, and calls AWS."""

    opened = Bundle("opened")

    def __init__(self, real, clients):
        super().__init__()
        self.real, self.clients = real, clients
        self.before = {name: os.environ.get(name) for name in VARIABLES}
        self.config, self.session = dict(default_user_config), boto3.DEFAULT_SESSION
        self.kept, self.buckets = set(), set()
        self.below = set() if state.ambient else None
        self.number = 0

    @initialize(key=st.sampled_from([None, "", "real"]), session=st.sampled_from([None, KEPT]))
    def world(self, key, session):
        for name in VARIABLES:
            set_variable(name, key)
        boto3.DEFAULT_SESSION = session
        self.model = Places(
            config=dict(default_user_config),
            session=session,
            **{name: os.environ.get(name) for name in VARIABLES},
        )

    @rule(
        target=opened,
        kind=st.sampled_from([aiomoto.mock_aws, moto.mock_aws]),
        form=st.sampled_from(["with", "start", "decorated", "async with", "task", "thread"]),
        config=st.sampled_from(CONFIGS),
        reset=st.booleans(),
    )
    def enter(self, kind, form, config, reset):
        mock = {"form": form}
        merged = {**self.model["config"], **(config or {})}
        values = {"config": merged}
        if merged["core"].get("mock_credentials", True):
            values |= {VARIABLES[0]: "FOOBARKEY", VARIABLES[1]: "FOOBARSECRET", VARIABLES[2]: None}
        if not self.model.mocks:
            self.first, self.touched = self.look(), set()
            if merged["core"].get("reset_boto3_session", True):
                values["session"] = None
            self.buckets = set() if reset or form != "start" else self.kept
        self.touched |= set(values)
        self.model.enter(mock, values)
        mock["held"] = self.hold(kind(config=config), form, reset)
        return mock

    def hold(self, mock, form, reset):
        loop, threads = self.clients.loop, self.clients.threads
        if form == "start":
            return Started(mock, reset)
        if form == "decorated":
            return decorated(mock, Held)
        if form == "thread":
            call = lambda function, *args: threads.submit(resume, function, *args).result()  # noqa: E731
            return with_statement(mock, lambda body: Held(body, call))
        if form in {"async with", "task"}:
            ours = isinstance(mock, aiomoto.MockAWS)
            return Task(loop, mock, asynchronous=form == "async with" and ours)
        return with_statement(mock, Held)

    @rule(
        mock=consumes(opened),
        error=st.sampled_from(
            [None, ZeroDivisionError(), KeyboardInterrupt(), SystemExit(3), GeneratorExit()]
        ),
        remove_data=st.booleans(),
    )
    def leave(self, mock, error, remove_data):
        mock["held"].leave(error, remove_data)
        self.model.leave(mock)
        if not self.model.mocks:
            self.kept = set() if remove_data or mock["form"] != "start" else self.buckets
            now = self.look()
            assert {p: now[p] for p in self.touched} == {p: self.first[p] for p in self.touched}

    @rule(name=st.sampled_from(VARIABLES), value=st.sampled_from([None, "", "mine", "other"]))
    def user_sets_a_variable(self, name, value):
        if not self.model.mocks and self.below is not None:
            return  # the ambient mock's credentials
        set_variable(name, value)
        self.user_set(name, value)

    @rule(session=st.sampled_from([None, KEPT, "another"]))
    def user_sets_the_default_session(self, session):
        boto3.DEFAULT_SESSION = session
        self.user_set("session", session)

    def user_set(self, place, value):
        self.model[place] = value
        if self.model.mocks and not any(place in mock["found"] for mock in self.model.mocks):
            self.first[place] = value  # no mock's to put back: it stays

    @precondition(lambda self: self.model.mocks or self.below is not None)
    @rule(by=st.sampled_from(["sync", "async", "thread"]))
    def create_bucket(self, by):
        self.number += 1
        name = f"bucket-{self.number}"
        self.clients.call(by, "create_bucket", Bucket=name)
        (self.buckets if self.model.mocks else self.below).add(name)

    @precondition(lambda self: self.model.mocks or self.below is not None)
    @rule(by=st.sampled_from(["sync", "async", "thread"]))
    def list_buckets(self, by):
        reply = self.clients.call(by, "list_buckets")
        found = {bucket["Name"] for bucket in reply["Buckets"]}
        assert found == (self.buckets if self.model.mocks else self.below)

    @precondition(lambda self: not self.model.mocks and self.below is None)
    @rule(by=st.sampled_from(["sync", "async", "thread"]))
    def real_world(self, by):
        self.clients.call(by, "head_bucket", Bucket="real")
        assert self.real.seen.pop() == "HEAD /real"

    @invariant()
    def nothing_differs_from_the_model(self):
        assert self.look() == dict(self.model)
        assert MotoMock._nested_count == len(self.model.mocks)
        mocked = bool(self.model.mocks or self.below is not None)
        assert (state.on, state.stubber is not None and state.stubber.enabled) == (mocked, mocked)
        assert self.real.seen == []

    def look(self):
        found = {name: os.environ.get(name) for name in VARIABLES}
        return {**found, "config": dict(default_user_config), "session": boto3.DEFAULT_SESSION}

    def teardown(self):
        for mock in [*self.model.mocks] if hasattr(self, "model") else ():
            self.leave(mock, None, remove_data=True)
        for name, value in self.before.items():
            set_variable(name, value)
        boto3.DEFAULT_SESSION = self.session
        if self.below:
            for name in self.below:
                self.clients.call("sync", "delete_bucket", Bucket=name)


def resume(function, *args):
    """Call in another thread; StopIteration cannot be raised by a Future."""
    with contextlib.suppress(StopIteration):
        function(*args)


def set_variable(name, value):
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


class Clients:
    """A sync and an async client of before all mocks, with keys and an endpoint of their own."""

    def __init__(self, endpoint, threads):
        self.loop = asyncio.new_event_loop()
        self.threads = threads
        options = {**KEYS, "endpoint_url": endpoint}
        self.sync = botocore.session.Session().create_client("s3", **options)
        self.opened = contextlib.AsyncExitStack()
        entering = self.opened.enter_async_context(get_session().create_client("s3", **options))
        self.asynchronous = self.loop.run_until_complete(entering)

    def call(self, by, method, **params):
        if by == "async":
            return self.loop.run_until_complete(getattr(self.asynchronous, method)(**params))
        call = getattr(self.sync, method)
        return call(**params) if by == "sync" else self.threads.submit(call, **params).result()

    def close(self):
        self.sync.close()
        self.loop.run_until_complete(self.opened.aclose())
        self.loop.close()


@pytest.fixture
def clients(httpd):
    with (
        ThreadPoolExecutor(2) as threads,
        contextlib.closing(Clients(httpd.url, threads)) as clients,
    ):
        yield clients


@pytest.mark.smoke
def test_any_nesting_of_any_mocks(httpd, clients):
    run_state_machine_as_test(
        lambda: Mocks(httpd, clients), settings=settings(stateful_step_count=30)
    )


def test_any_nesting_above_the_ambient_mock(run):
    done = run(
        "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-c", os.devnull,
        f"{__file__}::test_any_nesting_of_any_mocks",
        AIOMOTO_AUTO="1", AIOMOTO_QUIET="1",
    )  # fmt: skip
    assert done.code == 0, done.out[-3000:]

"""Mocks in-process and of server mode, entered and left in any order, against a model."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from urllib.parse import urlsplit

import boto3
import moto
import pytest
from aiobotocore.session import get_session
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

import aiomoto
from aiomoto import AutoEndpointError, AutoEndpointMode, ModeConflictError
from aiomoto._activation import state

MODES = [AutoEndpointMode.FORCE, AutoEndpointMode.IF_MISSING]  # both lead new clients there


class Form:
    """A way of holding a mock."""

    def __init__(self, mock, loop):
        self.mock, self.loop = mock, loop


class Started(Form):
    def enter(self):
        self.mock.start()

    def leave(self):
        self.mock.stop()


class With(Form):
    def enter(self):
        self.mock.__enter__()

    def leave(self):
        self.mock.__exit__(None, None, None)


class AsyncWith(Form):
    def enter(self):
        self.loop.run_until_complete(self.mock.__aenter__())

    def leave(self):
        self.loop.run_until_complete(self.mock.__aexit__(None, None, None))


class Modes(RuleBasedStateMachine):
    """Mocks of both modes come and go; who comes at the wrong time is refused and changes nothing."""

    opened = Bundle("opened")

    def __init__(self, registry):
        super().__init__()
        self.registry = registry
        self.loop = asyncio.new_event_loop()
        self.before = dict(os.environ)
        self.active, self.buckets, self.number = [], set(), 0
        self.endpoint = None

    def refused(self, wanted):
        """Return the error that a mock deserves here, if any: (server mode's setting or None)."""
        here = {setting for setting, _ in self.active}
        if not here or wanted in here:
            return None
        return ModeConflictError if None in {wanted, *here} else AutoEndpointError

    @rule(
        target=opened,
        setting=st.sampled_from([None, None, *MODES]),
        stock=st.booleans(),
        form=st.sampled_from([Started, With, AsyncWith]),
    )
    def enter(self, setting, stock, form):
        if setting is not None:
            mock = aiomoto.mock_aws(server_mode=True, auto_endpoint=setting)
        elif stock and form is not AsyncWith:
            mock = moto.mock_aws()
        else:
            mock = aiomoto.mock_aws()
        held, error = form(mock, self.loop), self.refused(setting)
        if error is not None:
            with pytest.raises(error):
                held.enter()
            return multiple()
        held.enter()
        if not self.active:
            self.buckets = set()
            self.endpoint = getattr(mock, "server_endpoint", None)
        elif setting is not None:
            assert mock.server_endpoint == self.endpoint
        found = setting, held
        self.active.append(found)
        return found

    @rule(found=consumes(opened))
    def leave(self, found):
        found[1].leave()
        self.active.remove(found)

    @precondition(lambda self: self.active)
    @rule(asynchronous=st.booleans())
    def create_bucket(self, asynchronous):
        self.number += 1
        name = f"bucket-{self.number}"
        if asynchronous:
            self.loop.run_until_complete(self.create(name))
        else:
            boto3.session.Session().client("s3").create_bucket(Bucket=name)
        self.buckets.add(name)

    async def create(self, name):
        async with get_session().create_client("s3") as client:
            await client.create_bucket(Bucket=name)

    @precondition(lambda self: self.active)
    @rule()
    def list_buckets(self):
        client = boto3.session.Session().client("s3")
        assert {bucket["Name"] for bucket in client.list_buckets()["Buckets"]} == self.buckets

    @invariant()
    def nothing_is_left(self):
        assert state.on == bool(self.active)
        if self.active:
            return
        assert dict(os.environ) == self.before
        assert list(self.registry.glob("*.json")) == []
        if self.endpoint is not None:
            parts = urlsplit(self.endpoint)
            with contextlib.closing(socket.socket()) as probe:
                assert probe.connect_ex((parts.hostname, parts.port)) != 0
            self.endpoint = None

    def teardown(self):
        for found in [*self.active]:
            self.leave(found)
        self.nothing_is_left()
        self.loop.close()


def test_any_nesting_of_both_modes(registry):
    run_state_machine_as_test(lambda: Modes(registry), settings=settings(stateful_step_count=20))

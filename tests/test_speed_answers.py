"""Dates that are remembered are those that botocore would parse."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from botocore import utils
from hypothesis import example, given
from hypothesis import strategies as st

from aiomoto import mock_aws

DATES = st.datetimes(min_value=dt.datetime(1900, 1, 1))  # noqa: DTZ001  # the strings have none
FORMS = st.sampled_from(
    [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%a, %d %b %Y %H:%M:%S EST",
        "%d %b %H:%M",
        "%H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S.%fZ",
        "%Y-%m-%dT%H:%M:%S+02:00",
        "%Y-%m-%d",
    ]
)


def outcome(text):
    try:
        found = utils.parse_timestamp(text)
    except Exception as error:
        return type(error), str(error)
    return type(found), repr(found.tzinfo), found.isoformat()


@given(st.builds(dt.datetime.strftime, DATES, FORMS))
@example("Mon, 31 Feb 2026 10:00:00 GMT")
@example("Foo, 01 Bar 2026 10:00:00 GMT")
@example("2026-13-01T00:00:00Z")
@example("2026-01-01T00:00:00.1234567890Z")
@example("1800000000")
def test_any_date_is_the_same(text):
    plain = outcome(text)
    with mock_aws():
        for _ in range(2):
            assert outcome(text) == plain


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows")
def test_zone_of_the_moment_counts(monkeypatch):
    text = "2026-06-01T10:00:00Z"
    zones = ["UTC", "XYZ-3", "UTC"]

    def found(zone):
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            return outcome(text)

    try:
        plain = [found(zone) for zone in zones]
        with mock_aws():
            assert [found(zone) for zone in zones] == plain
    finally:
        time.tzset()
    assert plain[0] != plain[1]  # botocore gives the local zone where that is called UTC


def test_clock_of_the_moment_counts(monkeypatch):
    text = "2026-06-01T10:00:00Z"

    class Frozen(dt.datetime):
        """What a library that stops the clock puts in place."""

    with mock_aws():
        assert outcome(text)[0] is dt.datetime
        with monkeypatch.context() as patch:
            patch.setattr(dt, "datetime", Frozen)
            assert outcome(text)[0] is Frozen
        assert outcome(text)[0] is dt.datetime


def test_a_date_is_parsed_once():
    with mock_aws():
        first, second = (utils.parse_timestamp("2026-06-01T10:00:00Z") for _ in range(2))
    assert first is second

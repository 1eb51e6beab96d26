"""While a mock is active every session resolves to the mock's credentials, and nobody is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import boto3
import botocore.session
import moto
import pytest
from aiobotocore.credentials import AioCredentialResolver
from aiobotocore.session import AioSession
from aiobotocore.utils import AioContainerMetadataFetcher
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ProcessProvider,
)
from botocore.exceptions import (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.httpsession import URLLib3Session
from botocore.utils import ContainerMetadataFetcher

from aiomoto import mock_aws
from aiomoto._patches import parse_version

pytestmark = pytest.mark.smoke  # runs on the lowest versions in CI

UNMOCKED = {"core": {"mock_credentials": False}}


@pytest.fixture
def profiles(monkeypatch, tmp_path):
    """Write a configuration with every kind of profile, and tell whether its program was run."""
    ran = tmp_path / "ran"
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"""
[profile process]
credential_process = {sys.executable} -c "open({str(ran)!r}, 'w')"
[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = role
[profile role]
role_arn = arn:aws:iam::123456789012:role/role
source_profile = static
[profile metadata]
role_arn = arn:aws:iam::123456789012:role/role
credential_source = Ec2InstanceMetadata
[profile web]
role_arn = arn:aws:iam::123456789012:role/role
web_identity_token_file = {tmp_path}/token
[profile static]
region = eu-west-1
""")
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text("""
[static]
aws_access_key_id = REAL
aws_secret_access_key = REAL
""")
    (tmp_path / "token").write_text("token")
    return ran


PROFILES = pytest.mark.parametrize(
    "profile", ["process", "sso", "role", "metadata", "web", "static"]
)


@PROFILES
def test_sync_profiles(profiles, profile):
    with mock_aws():
        session = boto3.Session(profile_name=profile)
        assert session.get_credentials().access_key == "FOOBARKEY"
        client = session.client("sts", region_name="us-east-1")
        assert client.get_caller_identity()["Account"] == "123456789012"
    assert not profiles.exists()


@PROFILES
async def test_async_profiles(profiles, profile):
    with mock_aws():
        session = AioSession(profile=profile)
        assert (await session.get_credentials()).access_key == "FOOBARKEY"
        async with session.create_client("sts", region_name="us-east-1") as client:
            assert (await client.get_caller_identity())["Account"] == "123456789012"
    assert not profiles.exists()


def test_settings_of_a_profile_other_than_credentials_hold(profiles, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with mock_aws():
        assert boto3.Session(profile_name="static").region_name == "eu-west-1"


async def test_keys_given_by_the_user_stay():
    with mock_aws():
        session = boto3.Session(aws_access_key_id="given", aws_secret_access_key="given")
        assert session.get_credentials().access_key == "given"
        other = AioSession()
        other.set_credentials("given", "given")
        assert (await other.get_credentials()).access_key == "given"


async def test_keys_set_in_the_environment_inside_the_mock_are_used(monkeypatch):
    with mock_aws():
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "assumed")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
        found = boto3.Session().get_credentials()
        assert (found.access_key, found.token, found.method) == ("assumed", "token", "env")
        assert (await AioSession().get_credentials()).access_key == "assumed"
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(PartialCredentialsError):
            boto3.Session().get_credentials()


async def test_cleared_environment_still_gives_the_mocks_credentials(monkeypatch):
    with mock_aws():
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert boto3.Session().get_credentials().access_key == "FOOBARKEY"
        assert (await AioSession().get_credentials()).access_key == "FOOBARKEY"


async def test_session_made_before_or_inside_finds_the_real_ones_afterwards(profiles):
    sync, other = botocore.session.Session(profile="static"), AioSession(profile="static")
    with mock_aws():
        inside = botocore.session.Session(profile="static")
        for session in (sync, inside):
            assert session.get_credentials().access_key == "FOOBARKEY"
        assert (await other.get_credentials()).access_key == "FOOBARKEY"
    for session in (sync, inside):
        assert session.get_credentials().access_key == "REAL"
    assert (await other.get_credentials()).access_key == "REAL"


def test_chain_of_the_users_own_is_respected():
    class Mine(CredentialProvider):
        METHOD = "mine"

        def load(self):
            return Credentials("mine", "mine", method="mine")

    class Chain:
        def load_credentials(self):
            return Mine().load()

    with mock_aws():
        session = botocore.session.Session()
        session.register_component("credential_provider", Chain())
        assert session.get_credentials().access_key == "mine"
        # A resolver on its own is a unit under test, not a way to real credentials.
        assert CredentialResolver([Mine()]).load_credentials().access_key == "mine"


async def test_chain_that_a_test_has_patched_is_respected(monkeypatch):
    async def load(_):
        return "mine"

    monkeypatch.setattr(AioCredentialResolver, "load_credentials", load)
    with mock_aws():
        assert await AioSession().get_credentials() == "mine"
        with mock.patch.object(CredentialResolver, "load_credentials", return_value="mine"):
            assert botocore.session.Session().get_credentials() == "mine"
            # Also where the chain stood before.
            session = botocore.session.Session()
            assert session.get_component("credential_provider")
            assert session.get_credentials() == "mine"
        assert botocore.session.Session().get_credentials().access_key == "FOOBARKEY"


def test_program_that_a_test_has_replaced_is_asked():
    answer = b'{"Version": 1, "AccessKeyId": "mine", "SecretAccessKey": "mine"}'
    popen = mock.Mock(spec=subprocess.Popen)
    popen.return_value.communicate.return_value = (answer, b"")
    popen.return_value.returncode = 0
    config = {"profiles": {"default": {"credential_process": "program"}}}
    provider = ProcessProvider("default", lambda: config, popen=popen)
    with mock_aws():
        assert provider.load().access_key == "mine"


async def test_container_that_a_test_stands_in_for_is_asked():
    class Session:
        @asynccontextmanager
        async def acquire(self):
            yield self

        async def send(self, request):
            return Answer()

    class Answer:
        status_code = 200

        @property
        async def content(self):
            return b'{"AccessKeyId": "mine"}'

        @property
        async def text(self):
            return '{"AccessKeyId": "mine"}'

    sync = mock.Mock()
    sync.send.return_value = mock.Mock(status_code=200, content=b'{"AccessKeyId": "mine"}')
    with mock_aws():
        assert ContainerMetadataFetcher(sync).retrieve_uri("/id") == {"AccessKeyId": "mine"}
        fetcher = AioContainerMetadataFetcher(Session())
        assert await fetcher.retrieve_uri("/id") == {"AccessKeyId": "mine"}
        with mock.patch.object(URLLib3Session, "send", return_value=sync.send()):
            assert ContainerMetadataFetcher().retrieve_uri("/id") == {"AccessKeyId": "mine"}


def test_expired_process_credentials_of_an_older_client_are_not_refreshed(profiles, monkeypatch):
    from botocore.credentials import RefreshableCredentials

    provider = ProcessProvider("process", lambda: botocore.session.Session().full_config)
    soon = datetime.now(timezone.utc) + timedelta(seconds=1)
    session = botocore.session.Session()
    session._credentials = RefreshableCredentials(
        "old",
        "old",
        "old",
        soon,
        lambda: provider._retrieve_credentials_using("program"),
        "custom-process",
    )
    client = session.create_client("sts")
    with mock_aws(), pytest.raises(CredentialRetrievalError, match="aiomoto"):
        client.get_caller_identity()


class TestUnmocked:
    """With ``mock_credentials: False`` the user's own chain runs, still without a way out."""

    def test_static_profile(self, profiles):
        with mock_aws(config=UNMOCKED):
            assert boto3.Session(profile_name="static").get_credentials().access_key == "REAL"

    async def test_process_is_not_run(self, profiles):
        with mock_aws(config=UNMOCKED):
            with pytest.raises(CredentialRetrievalError, match="aiomoto"):
                boto3.Session(profile_name="process").get_credentials()
            with pytest.raises(CredentialRetrievalError, match="aiomoto"):
                await AioSession(profile="process").get_credentials()
        assert not profiles.exists()

    async def test_instance_metadata_is_motos(self, monkeypatch):
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        with mock_aws(config=UNMOCKED):
            assert boto3.Session().get_credentials().method == "iam-role"
            assert (await AioSession().get_credentials()).method == "iam-role"

    async def test_no_credentials_anywhere(self):
        with mock_aws(config=UNMOCKED), pytest.raises(NoCredentialsError):
            boto3.client("s3").list_buckets()

    @pytest.mark.parametrize(
        "variables",
        [
            {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"},
        ],
    )
    async def test_container_metadata_fails_at_once(self, monkeypatch, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        started = time.monotonic()
        with mock_aws(config=UNMOCKED):
            with pytest.raises(CredentialRetrievalError, match="aiomoto"):
                boto3.Session().get_credentials()
            with pytest.raises(CredentialRetrievalError, match="aiomoto"):
                await AioSession().get_credentials()
        assert time.monotonic() - started < 0.9

    @pytest.mark.parametrize("profile", ["role", "metadata", "web"])
    async def test_roles_are_assumed_in_moto(self, profiles, profile, monkeypatch):
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        with mock_aws(config=UNMOCKED):
            credentials = (
                boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials()
            )
            assert credentials.access_key.startswith("ASIA")
            found = await AioSession(profile=profile).get_credentials()
            assert (await found.get_frozen_credentials()).access_key.startswith("ASIA")

    async def test_sso_fails_at_once(self, profiles):
        from botocore.exceptions import BotoCoreError

        started = time.monotonic()
        with mock_aws(config=UNMOCKED):
            with pytest.raises(BotoCoreError):
                boto3.Session(profile_name="sso").get_credentials().get_frozen_credentials()
            with pytest.raises(BotoCoreError):
                await (await AioSession(profile="sso").get_credentials()).get_frozen_credentials()
        assert time.monotonic() - started < 2


async def test_session_that_had_found_the_real_ones_before_does_not_show_them_inside(profiles):
    sync, other = botocore.session.Session(profile="static"), AioSession(profile="static")
    assert sync.get_credentials().access_key == "REAL"
    assert (await other.get_credentials()).access_key == "REAL"
    with mock_aws():
        assert sync.get_credentials().access_key == "FOOBARKEY"
        assert (await other.get_credentials()).access_key == "FOOBARKEY"
    assert sync.get_credentials().access_key == "REAL"
    assert (await other.get_credentials()).access_key == "REAL"


TOKENS = ["AWS_BEARER_TOKEN_BEDROCK", "AWS_CONTAINER_AUTHORIZATION_TOKEN"]


@pytest.mark.parametrize("token", TOKENS)
def test_tokens_are_hidden_and_given_back(monkeypatch, token):
    monkeypatch.setenv(token, "real")
    with mock_aws(config=UNMOCKED):
        assert os.environ[token] == "real"
    with mock_aws(), mock_aws():
        assert token not in os.environ
    assert os.environ[token] == "real"


@pytest.mark.skipif(parse_version(moto.__version__) < (5, 1), reason="moto has no such operation")
def test_bearer_tokens_are_not_sent(monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "real")
    sent = []
    with mock_aws():
        client = boto3.client("bedrock")
        client.meta.events.register(
            "before-send", lambda request, **_: sent.append(request.headers["Authorization"])
        )
        client.list_custom_models()
    assert "real" not in str(sent)
    assert "FOOBARKEY" in str(sent)

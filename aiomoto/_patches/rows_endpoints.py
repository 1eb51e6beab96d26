"""The rows by which clients get their endpoints."""

from __future__ import annotations

from aiomoto._patches.rows import Row, row

ROWS: tuple[Row, ...] = (
    # Server mode.
    *(
        row(
            f"{dist}.client",
            f"{prefix}ClientCreator.create_client",
            "self service_name region_name is_secure endpoint_url verify credentials scoped_config "
            "api_version client_config auth_token",
            "botocore_endpoints:create_client",
            "endpoint",
            "clients are led to the server, behind whatever makes them",
        )
        for dist, prefix in (("botocore", ""), ("aiobotocore", "Aio"))
    ),
    row(
        "botocore.httpchecksum",
        "resolve_request_checksum_algorithm",
        "request operation_model params supported_algorithms",
        "botocore_endpoints:resolve_request_checksum_algorithm",
        "endpoint",
        "over plain http bodies are read before they are sent: async ones and streams cannot be",
    ),
    row(
        "moto.moto_server.werkzeug_app",
        "DomainDispatcherApplication.__call__",
        "self environ start_response",
        "moto_server:call",
        "endpoint",
        "clients of a server that a suite starts as a child would be mocked without it",
    ),
    row(
        "botocore.configprovider",
        "EnvironmentProvider.provide",
        "self",
        "botocore_endpoints:provide",
        "endpoint",
        "clients would take what is exported for others for the user's endpoint, profile, region",
    ),
    *(
        row(
            f"{dist}.utils",
            f"{prefix}IMDSFetcher.__init__",
            "self timeout num_attempts base_url env user_agent config" + more,
            "botocore_endpoints:metadata_fetcher_init",
            "endpoint",
            "the gateway disables metadata for native readers, but moto answers those of boto3",
        )
        for dist, prefix, more in (("botocore", "", ""), ("aiobotocore", "Aio", " session"))
    ),
)

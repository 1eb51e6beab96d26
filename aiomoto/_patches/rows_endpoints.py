"""The rows by which clients get their endpoints."""

from __future__ import annotations

from aiomoto._patches.rows import Row, row

ROWS: tuple[Row, ...] = (
    # The gateway is not for the clients of this process.
    row(
        "botocore.configprovider",
        "ConfiguredEndpointProvider._get_endpoint_url_environment_service",
        "self",
        "botocore_endpoints:service_endpoint",
        "endpoint",
        "in-process clients would take the gateway's address for the user's",
    ),
    row(
        "botocore.configprovider",
        "ConfiguredEndpointProvider._get_endpoint_url_environment_global",
        "self",
        "botocore_endpoints:global_endpoint",
        "endpoint",
        "in-process clients would take the gateway's address for the user's",
    ),
    row(
        "botocore.args",
        "ClientArgsCreator._ignore_configured_endpoint_urls",
        "self client_config",
        "botocore_endpoints:ignore_configured_endpoint_urls",
        "endpoint",
        "the gateway hides the user's setting, which would send child processes to AWS",
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

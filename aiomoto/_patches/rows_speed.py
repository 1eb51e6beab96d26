"""The patch table's rows of role ``speed``."""

from __future__ import annotations

from aiomoto._patches.rows import Row

# After the newest versions that the differential test has run on.
KNOWN: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "aiobotocore": ((2, 13), (3, 10, 1)),
    "botocore": ((1, 34, 70), (1, 43, 118)),
    "moto": ((5, 0), (5, 2, 6)),
}


def _row(module: str, target: str, params: str, wrapper: str, why: str) -> Row:
    low, high = KNOWN[module.partition(".")[0]]
    params_ = tuple(params.split())
    return Row(module, target, params_, f"aiomoto._patches.{wrapper}", "speed", why, low, high)


ROWS: tuple[Row, ...] = (
    _row("botocore.loaders", "JSONFileLoader._load_file", "self full_path open_method", "speed_models:load_file", "x"),
    _row("botocore.loaders", "Loader.list_available_services", "self", "speed_models:list_available_services", "x"),
    _row("botocore.hooks", "accepts_kwargs", "func", "speed_events:accepts_kwargs", "x"),
    _row("botocore.hooks", "EventAliaser._alias_event_name", "self event_name", "speed_events:alias_event_name", "x"),
    _row("botocore.hooks", "_PrefixTrie.__copy__", "self", "speed_events:copy_trie", "x"),
    _row("botocore.client", "ClientCreator._create_methods", "self service_model", "speed_clients:create_methods", "x"),
    _row("botocore.client", "ClientCreator._register_endpoint_discovery", "self client endpoint_url config", "speed_clients:register_endpoint_discovery", "x"),
    _row("aiobotocore.client", "AioClientCreator._register_endpoint_discovery", "self client endpoint_url config", "speed_clients:register_endpoint_discovery", "x"),
    _row("botocore.endpoint_provider", "EndpointProvider.__init__", "self ruleset_data partition_data excluded_params", "speed_clients:provider_init", "x"),
    _row("botocore.hooks", "_PrefixTrie.append_item", "self key value section", "speed_events:change_trie", "x"),
    _row("botocore.hooks", "_PrefixTrie.remove_item", "self key value", "speed_events:change_trie", "x"),
    _row("botocore.session", "Session._register_builtin_handlers", "self events", "speed_events:register_builtin_handlers", "x"),
    _row("moto.core.models", "MockAWS._enable_patching", "self reset", "speed_moto:enable_patching", "x"),
    _row("moto.s3.models", "reload", "module", "speed_moto:reload", "x"),
    _row("moto.core.responses", "method_names_from_class", "clazz", "speed_moto:method_names", "x"),
    _row("moto.s3.responses", "S3Response.subdomain_based_buckets", "request", "speed_moto:subdomain_based_buckets", "x"),
    _row("botocore.useragent", "UserAgentComponent.to_string", "self", "speed_moto:component_to_string", "x"),
    _row("moto.core.botocore_stubber", "BotocoreStubber.process_request", "self request", "speed_moto:process_request", "x"),
    _row("botocore.httpchecksum", "AwsChunkedWrapper.read", "self size", "speed_bodies:read_chunked", "x"),
    _row("aiobotocore.httpchecksum", "AioAwsChunkedWrapper.read", "self size", "speed_bodies:read_chunked_async", "x"),
    _row("moto.s3.responses", "S3Response._handle_encoded_body", "self body", "speed_bodies:decode", "x"),
    _row("moto.core.request", "Request.from_primitives", "cls method url headers body", "speed_bodies:request_from_primitives", "x"),
    _row("moto.s3.models", "FakeKey.__init__", "self name value account_id region_name storage etag is_versioned version_id max_buffer_size multipart bucket_name encryption kms_key_id bucket_key_enabled lock_mode lock_legal_status lock_until checksum_value checksum_type checksum_parts", "speed_bodies:key_init", "x"),
)

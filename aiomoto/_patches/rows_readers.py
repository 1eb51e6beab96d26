"""The rows of native readers, which do their own HTTP: what leads them to the gateway."""

from __future__ import annotations

from aiomoto._patches.rows import SOME, Row, row

ROWS: tuple[Row, ...] = (
    row(
        "pyarrow._fs",
        "_stringify_path",
        "path",
        "pyarrow:stringify_path",
        "reader",
        "URLs of datasets, parquet and from_uri: without an endpoint of their own they go to AWS",
    ),
    row(
        "pyarrow._s3fs",
        "ensure_s3_initialized",
        "",
        "pyarrow:ensure_s3_initialized",
        "reader",
        "an S3FileSystem by a name of before the mock would go to AWS",
    ),
    row(
        "pyarrow.fs",
        "resolve_s3_region",
        "bucket",
        "pyarrow_fs:resolve_s3_region",
        "reader",
        "it asks AWS for the bucket",
        optional=True,
    ),
    *(
        row(
            module,
            target,
            f"{SOME} storage_options",
            "polars:with_storage_options",
            "reader",
            "polars reads and writes natively, and keeps its connections beyond the mock",
            optional=True,
            copied="." not in target,
        )
        for module, target in (
            ("polars.io.csv.functions", "scan_csv"),
            ("polars.io.ipc.functions", "scan_ipc"),
            ("polars.io.lance.api", "scan_lance"),
            ("polars.io.lines", "scan_lines"),
            ("polars.io.ndjson", "scan_ndjson"),
            ("polars.io.parquet.functions", "read_parquet_metadata"),
            ("polars.io.parquet.functions", "scan_parquet"),
            *(
                ("polars.lazyframe.frame", f"LazyFrame.sink_{form}")
                for form in ("csv", "ipc", "ndjson", "parquet")
            ),
            *(
                ("polars.dataframe.frame", f"DataFrame.write_{form}")
                for form in ("csv", "ipc", "parquet")
            ),
        )
    ),
    row(
        "polars.sql.context",
        "SQLContext.execute",
        f"{SOME} query",
        "polars:execute_sql",
        "reader",
        "a query may read from S3",
    ),
    *(
        row(
            module,
            target,
            f"{SOME} storage_options",
            "deltalake:with_storage_options",
            "reader",
            "deltalake reads and writes natively",
        )
        for module, target in (
            ("deltalake.table", "DeltaTable.__init__"),
            ("deltalake.table", "DeltaTable.create"),
            ("deltalake.writer.convert_to", "_convert_to_deltalake"),
            ("deltalake.writer.writer", "write_deltalake_rust"),
        )
    ),
    *(
        row(
            "deltalake.table",
            target,
            params,
            f"deltalake:{wrapper}",
            "reader",
            "it waits for S3 with the GIL held, and the gateway needs that to answer",
        )
        for target, params, wrapper in (
            ("DeltaTable.history", "self limit", "history"),
            ("DeltaTable.is_deltatable", "table_uri storage_options", "is_deltatable"),
            *(
                (target, f"{SOME} self", "refuse")
                for target in (
                    "DeltaTable.generate",
                    "DeltaTable.load_cdf",
                    "DeltaTable.repair",
                    "DeltaTable.restore",
                    "TableAlterer.set_table_description",
                    "TableAlterer.set_table_name",
                    "TableAlterer.set_table_properties",
                )
            ),
        )
    ),
    *(
        row(
            module,
            target,
            f"{SOME} storage_options",
            "lance:with_storage_options",
            "reader",
            "lance reads and writes natively",
            optional=True,
            copied="." not in target,
        )
        for module, target in (
            ("lance.dataset", "LanceDataset.__init__"),
            ("lance.dataset", "LanceDataset.commit"),
            ("lance.dataset", "LanceDataset.commit_batch"),
            ("lance.dataset", "LanceDataset.drop"),
            ("lance.dataset", "write_dataset"),
            ("lance.file", "LanceFileReader.__init__"),
            ("lance.file", "LanceFileSession.__init__"),
            ("lance.file", "LanceFileWriter.__init__"),
            ("lance.fragment", "LanceFragment.create"),
            ("lance.fragment", "write_fragments"),
        )
    ),
    row(
        "obstore.store",
        "S3Store.__new__",
        "",
        "obstore:s3_store_new",
        "reader",
        "obstore, and zarr by it, reads and writes natively",
    ),
    *(
        row(
            module,
            target,
            f"{SOME} io_config",
            "daft:with_io_config",
            "reader",
            "daft reads and writes natively",
            optional=True,
            copied="." not in target,
        )
        for module, target in (
            ("daft.io._blob", "read_blob"),
            ("daft.io._csv", "read_csv"),
            ("daft.io._files", "from_files"),
            ("daft.io._json", "read_json"),
            ("daft.io._parquet", "read_parquet"),
            ("daft.io._text", "read_text"),
            ("daft.io._warc", "read_warc"),
            ("daft.io.delta_lake._deltalake", "read_deltalake"),
            ("daft.io.file_path", "from_glob_path"),
            ("daft.io.lance._lance", "read_lance"),
            *(
                ("daft.dataframe.dataframe", f"DataFrame.write_{form}")
                for form in ("csv", "deltalake", "iceberg", "json", "lance", "parquet")
            ),
        )
    ),
    row(
        "daft.io.iceberg._iceberg",
        "resolve_iceberg_io_config",
        "table io_config",
        "daft:resolve_iceberg_io_config",
        "reader",
        "a table may name an endpoint of its own",
        optional=True,
        copied=True,
    ),
    row(
        "daft.io.delta_lake.delta_lake_write",
        "make_deltalake_fs",
        "path io_config",
        "daft:make_deltalake_fs",
        "reader",
        "deltalake writes with the GIL held, and the gateway needs that to answer",
        optional=True,
        copied=True,
    ),
    *(
        row(
            module,
            target,
            "sql session ctes config",
            "daft:sql_exec",
            "reader",
            "a query may read from S3",  # not `sql` itself, which looks at its caller's names
        )
        for module, target in (("daft.session", "sql_exec"), ("daft.sql.sql", "_sql_exec"))
    ),
    row(
        "pyiceberg.io.pyarrow",
        "_cached_resolve_s3_region",
        "bucket",
        "pyiceberg:resolve_s3_region",
        "reader",
        "a bucket's region in the mock would be taken for the real one after it",
        optional=True,
    ),
    row(
        "duckdb",
        "connect",
        "",
        "duckdb:connect",
        "reader",
        "duckdb's extension does its own HTTP",
        copied=True,
    ),
)

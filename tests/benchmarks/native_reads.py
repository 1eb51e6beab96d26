"""A big Parquet file through aiomoto, in-process and by its gateway, beside stock moto's server.

``python tests/benchmarks/native_reads.py [MEGABYTES]``; each line has a process of its own, which
also holds the mock: wall-clock seconds, and how far its memory rises above what it was with
the file in the mock. Then small writes by pyarrow, one after the other.
"""

import json
import os
import subprocess
import sys

PROGRAM = """
import json, os, resource, sys, time
import boto3, numpy, pyarrow as pa
from pyarrow import fs, parquet as pq

server, reader, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
if server == "moto":
    import logging
    from moto.server import ThreadedMotoServer
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stock = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    stock.start()
    host = "{}:{}".format(*stock.get_host_and_port())
    os.environ.update(AWS_ENDPOINT_URL=f"http://{host}", AWS_ALLOW_HTTP="true",
                      AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    own = {"endpoint_override": host, "scheme": "http"}
else:
    from aiomoto import mock_aws
    mock_aws().start()
    own = {}

def by_s3fs(url):
    import s3fs
    with s3fs.S3FileSystem().open(url) as file:
        return pq.read_table(file)

def by_polars(url):
    import polars
    return polars.read_parquet(url)

read = {"s3fs": by_s3fs, "pyarrow": pq.read_table, "polars": by_polars}
boto3.client("s3").create_bucket(Bucket="bench")
columns = {str(n): numpy.random.default_rng(n).random(megabytes << 14) for n in range(8)}
pq.write_table(pa.table(columns), "/dev/shm/bench-%d" % os.getpid(), compression="none", use_dictionary=False)
with open("/dev/shm/bench-%d" % os.getpid(), "rb") as file:
    os.unlink(file.name)
    boto3.client("s3").put_object(Bucket="bench", Key="big", Body=file)
del columns
pq.write_table(pa.table({"n": [1]}), "s3://bench/small")
if reader in read:
    read[reader]("s3://bench/small")  # connections, imports
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the peak so far
    def peak():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))
    before, started = peak(), time.perf_counter()
    rows = len(read[reader]("s3://bench/big"))
    assert rows == megabytes << 14
    result = time.perf_counter() - started, peak() - before
else:
    filesystem, table = fs.S3FileSystem(**own), pa.table({"n": [1]})
    started = time.perf_counter()
    for _ in range(20):
        pq.write_table(table, "bench/small", filesystem=filesystem)
    result = (time.perf_counter() - started) / 20, 0
print(json.dumps(result), flush=True)
os._exit(0)
"""
LINES = {
    "s3fs, in-process": ("aiomoto", "s3fs"),
    "pyarrow, gateway": ("aiomoto", "pyarrow"),
    "polars, gateway": ("aiomoto", "polars"),
    "s3fs, moto's server": ("moto", "s3fs"),
    "pyarrow, moto's server": ("moto", "pyarrow"),
    "polars, moto's server": ("moto", "polars"),
}
WRITES = {"gateway": "aiomoto", "moto's server": "moto"}


def measure(*words):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AIOMOTO_", "MOTO_"))}
    command = [sys.executable, "-c", PROGRAM, *map(str, words)]
    done = subprocess.run(command, env=kept, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def main(megabytes=256, rounds=3):
    print(f"| reading {megabytes} MB of Parquet | seconds | memory |\n|---|---|---|")
    for name, words in LINES.items():
        seconds, memory = min(measure(*words, megabytes) for _ in range(rounds))
        print(f"| {name} | {seconds:.2f} | {memory} MB |", flush=True)
    print("\n| writing a small file by pyarrow | milliseconds |\n|---|---|")
    for name, server in WRITES.items():
        seconds, _ = min(measure(server, "none", 1) for _ in range(rounds))
        print(f"| {name} | {seconds * 1e3:.1f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

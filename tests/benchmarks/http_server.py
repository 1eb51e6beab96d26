"""1 KB requests per second and 64 MB bodies: aiomoto's HTTP server beside moto's own.

``python tests/benchmarks/http_server.py [SECONDS]``; each server has a process of its own, the
client is a raw one without signing, and the two take turns.
"""

import http.client
import statistics
import subprocess
import sys
import time

OURS = """
import socket
from aiomoto import _http, _moto_app
server = _http.Server(socket.create_server(("127.0.0.1", 0)), _moto_app.App())
server.start()
print(server.port, flush=True)
input()
"""
STOCK = """
import logging
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
"""


def headers(service):
    scope = f"AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    }


class Client:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.http = http.client.HTTPConnection("127.0.0.1", int(self.process.stdout.readline()))
        self.http.connect()
        self.ask("PUT", "/bench")
        table = (
            b'{"TableName":"t","KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],'
            b'"AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}],'
            b'"BillingMode":"PAY_PER_REQUEST"}'
        )
        self.dynamodb("CreateTable", table)

    def ask(self, method, path, body=None, **more):
        self.http.request(method, path, body, {**headers("s3"), **more})
        response = self.http.getresponse()
        data = response.read()
        assert response.status == 200, (response.status, data[:500])
        return data

    def dynamodb(self, action, body):
        more = {
            **headers("dynamodb"),
            "X-Amz-Target": f"DynamoDB_20120810.{action}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        return self.ask("POST", "/", body, **more)

    def close(self):
        self.http.close()
        self.process.communicate("\n")


KB, BIG = b"x" * 1024, b"x" * 64 * 1024**2
ITEM = b'{"TableName":"t","Item":{"k":{"S":"1"}}}'
CASES = {
    "put 1 KB, per second": lambda client: client.ask("PUT", "/bench/small", KB),
    "get 1 KB, per second": lambda client: client.ask("GET", "/bench/small"),
    "dynamodb put, per second": lambda client: client.dynamodb("PutItem", ITEM),
    "put 64 MB, per second": lambda client: client.ask("PUT", "/bench/big", BIG),
    "get 64 MB, per second": lambda client: client.ask("GET", "/bench/big"),
}


def rate(case, client, seconds):
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        case(client)
        count += 1
    return count / (time.perf_counter() - start)


def main(seconds=1.0, rounds=5):
    ours, stock = Client(OURS), Client(STOCK)
    print(f"{'':26}{'aiomoto':>10}{'moto':>10}{'ratio':>8}")
    for name, case in CASES.items():
        pairs = [[rate(case, client, seconds) for client in (ours, stock)] for _ in range(rounds)]
        first, second = (statistics.median(rates) for rates in zip(*pairs, strict=True))
        print(f"{name:26}{first:10.1f}{second:10.1f}{first / second:8.2f}")
    ours.close()
    stock.close()


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))

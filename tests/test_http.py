"""The HTTP server: what it takes, what it refuses, how it ends."""

import contextlib
import http.client
import os
import socket
import threading
import time

import pytest

from aiomoto import _http
from aiomoto._http import Response, Server


def echo(request):
    if request.target == "/no-body":
        return Response(204, [], b"")
    if request.target == "/head":
        return Response(200, [("Content-Length", "12345")], b"")
    if request.target == "/split":
        return Response(200, [("x-a", "1\r\nx-b: 2"), ("x-c", "ä€")], b"")
    if request.target == "/crash":
        raise KeyError("oh")
    if request.target == "/later":
        raise NotImplementedError("not yet")
    head = f"{request.method} {request.target} {request.headers.get('x-a')} "
    return Response(200, [("x-type", "echo")], head.encode() + request.body)


@pytest.fixture
def server():
    server = Server(socket.create_server(("127.0.0.1", 0)), echo)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def wire(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        yield wire


@pytest.fixture
def client(server):
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    ) as client:
        yield client


def ask(client, *request, **more):
    client.request(*request, **more)
    response = client.getresponse()
    return response.status, response.read()


def all_of(wire):
    data = b""
    while piece := wire.recv(65536):
        data += piece
    return data


def test_one_connection_serves_many_requests(client):
    assert ask(client, "GET", "/1?a=%2F") == (200, b"GET /1?a=%2F None ")
    connection = client.sock
    assert ask(client, "PUT", "/2", b"body") == (200, b"PUT /2 None body")
    assert ask(client, "GET", "/3", headers={"X-A": "one"}) == (200, b"GET /3 one ")
    assert client.sock is connection


def test_a_chunked_body_arrives_whole_with_its_trailers_dropped(wire):
    wire.sendall(
        b"PUT /k HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4;note=1\r\nwiki\r\n5\r\npedia\r\n0\r\nX-Sum: 1\r\n\r\n"
        b"GET /next HTTP/1.1\r\nConnection: close\r\n\r\n"
    )
    answers = all_of(wire)
    assert b"PUT /k None wikipedia" in answers
    assert b"GET /next None " in answers


def test_a_client_that_expects_100_continue_gets_it_before_it_sends(wire):
    wire.sendall(b"PUT /k HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.sendall(b"body")
    assert wire.recv(65536).endswith(b"PUT /k None body")


def test_repeated_headers_are_joined(wire):
    wire.sendall(b"GET / HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n")
    assert all_of(wire).endswith(b"GET / 1,2 ")


def test_a_target_with_a_host_is_taken_apart_and_bare_utf8_is_encoded(wire):
    wire.sendall("GET http://h:1/ä?b=c HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
    assert all_of(wire).endswith(b"GET /%C3%A4?b=c None ")


def test_http_1_0_closes_unless_asked_to_stay(server):
    for headers, stays in ((b"", False), (b"Connection: keep-alive\r\n", True)):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            wire.sendall(b"GET / HTTP/1.0\r\n" + headers + b"\r\n")
            assert b"200 OK" in wire.recv(65536)
            wire.settimeout(0.2)
            try:
                assert wire.recv(1) == b""
                assert not stays
            except TimeoutError:
                assert stays


def test_answers_without_a_body_keep_the_connection_in_step(client):
    client.request("HEAD", "/head")
    response = client.getresponse()
    assert response.headers["Content-Length"] == "12345"
    assert response.read() == b""
    client.request("GET", "/no-body")
    response = client.getresponse()
    assert response.status == 204
    assert "Content-Length" not in response.headers
    assert response.read() == b""
    assert ask(client, "GET", "/after") == (200, b"GET /after None ")


def test_a_header_value_cannot_end_the_headers(client):
    client.request("GET", "/split")
    response = client.getresponse()
    response.read()
    assert response.headers["x-a"] == "1 x-b: 2"
    assert response.headers["x-c"].encode("latin-1").decode() == "ä€"
    assert response.headers["Date"]


def test_large_bodies_go_both_ways(client):
    body = os.urandom(3_000_000)
    assert ask(client, "PUT", "/k", body) == (200, b"PUT /k None " + body)


def test_an_answer_that_fails_is_told_to_the_client(client):
    assert ask(client, "GET", "/crash") == (500, b"KeyError: 'oh'")
    assert ask(client, "GET", "/later") == (501, b"moto does not implement this: not yet")
    assert ask(client, "GET", "/after") == (200, b"GET /after None ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),  # somebody speaks TLS
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET nowhere HTTP/1.1\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
        (b"G(T / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX-A : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX-A: 1\r\n folded\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", 413),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x4\r\nwiki\r\n0\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwikipedia\r\n", 400),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n", 413),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1001 + b"\r\n", 431),
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(wire, request_, status):
    wire.sendall(request_)
    answer = all_of(wire)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Traceback" not in answer


def test_half_a_request_does_not_hold_the_server(server, monkeypatch):
    monkeypatch.setattr(_http, "PATIENCE", 0.05)
    for half in (b"GET / HT", b"PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            wire.sendall(half)
            assert all_of(wire) == b""


def test_a_client_that_leaves_in_the_middle_is_forgotten(server, client):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    assert ask(client, "GET", "/") == (200, b"GET / None ")
    client.close()
    until(lambda: not server._open)


def test_stop_closes_idle_connections_and_lets_a_request_in_work_be_answered():
    entered, go = threading.Event(), threading.Event()

    def answer(request):
        entered.set()
        go.wait(10)
        return Response(200, [], request.target.encode())

    server = Server(socket.create_server(("127.0.0.1", 0)), answer)
    server.start()
    address = ("127.0.0.1", server.port)
    with (
        socket.create_connection(address, 10) as idle,
        socket.create_connection(address, 10) as busy,
    ):
        busy.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        assert entered.wait(10)
        server.stop()
        assert idle.recv(1) == b""
        go.set()
        assert all_of(busy).endswith(b"/slow")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 10)


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_where_no_thread_can_start_each_connection_has_one_answer(server, client, monkeypatch):
    """From Python 3.12 on none can once the main thread has ended, while others still run."""

    def refuse(self):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _ in range(3):
        client.request("GET", "/x")
        response = client.getresponse()
        assert (response.status, response.read()) == (200, b"GET /x None ")
        assert response.headers["Connection"] == "close"

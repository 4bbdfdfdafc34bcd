"""A WSGI server whose responses say how they ended (X-Stream-Status). Sender, level: full. Standard library only.

The application is ordinary WSGI: it returns an iterable. When that ends, the response is sealed; when it raises, the
response fails as the request has earned. An exception's attributes `stream_type` and `stream_details`, if it has them, are
what the client is told; nothing else of it is sent.

    serve(application, port=8080)
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from sealed import PARAMETERS, TOKEN

OURS = {"x-stream-status", "x-stream-length", "trailer", "transfer-encoding", "content-length", "connection"}
WISH = re.compile(rf" *\?1{PARAMETERS} *", re.ASCII)


class ClientLeft(Exception):
    """Nothing can be written to the client any more. The application's own OSErrors are failures of the content."""


@contextmanager
def writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ClientLeft from error


def quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def error_status(error: BaseException) -> str:
    kind = getattr(error, "stream_type", "source_error")
    value = f";type={kind if len(kind) <= 64 and re.fullmatch(TOKEN, kind, re.ASCII) else 'internal_error'}"
    details = getattr(error, "stream_details", None)
    if details is not None:
        value += ";details=" + quoted(re.sub(r"[^ -~]", "?", details)[:256])
    return value


class SealingHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    handle = BaseHTTPRequestHandler.handle  # which goes on to the next request of a connection

    def do_GET(self) -> None:
        self.response: tuple[int, list[tuple[str, str]]] | None = None
        self.is_old = self.request_version == "HTTP/1.0"
        self.head_is_out = False
        self.count, self.hash = 0, hashlib.sha256()
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)  # or it would be read as the next request
            self.linger()
            return
        environ = self.get_environ() | {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": self.rfile,
            "wsgi.errors": self.get_stderr(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        try:
            try:
                self.run(environ)
                self.send_end("ok")
            except ClientLeft:
                raise
            except BaseException as error:
                self.log_error("%r", error)
                self.fail(error)
        except ClientLeft:
            self.close_connection = True
            if self.is_old:
                self.reset()

    def run(self, environ: dict[str, Any]) -> None:
        body = self.server.get_app()(environ, self.start_response)  # type: ignore[attr-defined]
        try:
            for piece in body:
                if piece:
                    self.send_content(piece)
        finally:
            if hasattr(body, "close"):
                body.close()

    do_HEAD = do_GET

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info and self.head_is_out:
            raise exc_info[1]
        self.response = int(status[:3]), [(name, value) for name, value in headers if name.lower() not in OURS]
        return self.send_content

    def listed(self, name: str) -> list[str]:
        return [one.strip().lower() for one in ",".join(self.headers.get_all(name, [])).split(",")]

    def send_head(self) -> None:
        if self.response is None:
            raise RuntimeError("The application did not call start_response")
        status, headers = self.response
        self.has_content = self.command != "HEAD" and status not in (204, 205, 304)
        self.wish = WISH.fullmatch(", ".join(self.headers.get_all("X-Want-Stream-Status", []))) is not None
        self.seals = self.has_content and not self.is_old and "trailers" in self.listed("TE")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status == 205:
            self.send_header("Content-Length", "0")
        elif self.has_content and self.is_old:
            self.close_connection = True
            self.linger_for(True, 0)  # whatever ends it from here on resets it: FIN would say success
        elif self.has_content:
            self.send_header("Transfer-Encoding", "chunked")
        if self.seals:
            self.send_header("Trailer", "X-Stream-Status, Content-Digest")
            if self.wish:
                self.send_header("Vary", "X-Want-Stream-Status")
        self.head_is_out = True
        with writing():
            self.end_headers()

    def send_content(self, piece: bytes) -> None:
        if not self.head_is_out:
            self.send_head()
        if not self.has_content:
            return
        self.count += len(piece)
        self.hash.update(piece)
        with writing():
            self.wfile.write(piece if self.is_old else b"%x\r\n%b\r\n" % (len(piece), piece))

    def send_end(self, status: str) -> None:
        if not self.head_is_out:
            self.send_head()
        if not self.has_content:
            return
        if self.is_old:
            self.linger_for(False, 0)
            return
        trailers = ""
        if self.seals:
            digest = base64.b64encode(self.hash.digest()).decode()
            name, _, parameters = status.partition(";")
            trailers = (
                f"X-Stream-Status: {name};bytes={self.count}{parameters and ';'}{parameters}\r\n"
                f"Content-Digest: sha-256=:{digest}:\r\n"
            )
        with writing():
            self.wfile.write(f"0\r\n{trailers}\r\n".encode("latin1"))

    def fail(self, error: BaseException) -> None:
        if not self.head_is_out:
            with writing():
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        if not self.has_content:
            return
        status = "error" + error_status(error)
        if self.seals and self.wish:
            self.send_end(status)
            return
        self.close_connection = True
        if self.is_old:
            time.sleep(1)  # some clients take data and a reset right after it for an end
            self.reset()
            return
        if self.wish:
            with writing():
                self.wfile.write(f"1;x-stream-status={quoted(status)}\r\n".encode("latin1"))
        self.linger()

    def linger_for(self, is_on: bool, seconds: int) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", is_on, seconds))

    def reset(self) -> None:
        self.rfile.close()
        self.connection.close()

    def linger(self) -> None:
        """FIN, and then reading on, lest what the client still sends makes a reset of the close."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(5)
            while self.connection.recv(65536):
                pass


class SealingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def serve(application: Callable[..., Iterable[bytes]], port: int = 8080, host: str = "127.0.0.1") -> None:
    server = SealingServer((host, port), SealingHandler)
    server.set_app(application)
    print(f"listening on {server.server_port}", flush=True)
    with suppress(KeyboardInterrupt):  # Ctrl-C
        server.serve_forever()

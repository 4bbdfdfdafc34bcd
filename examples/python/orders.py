"""An application for sealing_wsgi, with the paths that spec-notes/conformance/README.md asks for: python3 orders.py [PORT]"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sealing_wsgi

STATUSES = {"/204": "204 No Content", "/205": "205 Reset Content", "/304": "304 Not Modified"}


class BadRow(ConnectionError):  # of a database, say: the client is still there
    stream_type = "source_error"
    stream_details = 'row 3: "total" is missing'


class BadType(Exception):
    stream_type = "no token!"


class BadDetails(Exception):
    stream_details = '"\\\r\n\0é' + "x" * 300


def rows(failure: Exception | None) -> Iterator[bytes]:
    yield b"id,total\n"
    yield b"1,20\n2,35\n"
    if failure:
        raise failure
    yield b"3,50\n"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    failures: dict[str, Exception | None] = {
        **{"/ok": None, "/status": None},
        **{"/fail": BadRow(), "/type": BadType(), "/details": BadDetails()},
    }
    if path == "/early":
        raise BadRow
    if path in STATUSES or path == "/empty":
        start_response(STATUSES.get(path, "200 OK"), [])
        return []
    if path not in failures:
        start_response("404 Not Found", [])
        return []
    extra = [("X-Stream-Status", "ok")] if path == "/status" else []
    start_response("200 OK", [("Content-Type", "text/csv"), *extra])
    return rows(failures[path])


if __name__ == "__main__":
    sealing_wsgi.serve(application, int(sys.argv[1]) if len(sys.argv) > 1 else 8080)

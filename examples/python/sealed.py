"""Reads a response whose end is checked (X-Stream-Status). Recipient, level: full. Standard library only.

    with closing(sealed.read("http://example.com/totals.csv")) as pieces:
        for piece in pieces: ...      # raises BodyError unless the body may be used

`python3 -m sealed URL` writes the content to standard output and the verdict to standard error, and exits with 0 if the
body may be used. The variables METHOD, REQUIRE and IDLE_TIMEOUT say what to ask for.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import ssl
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

Fields = list[tuple[str, str]]
Status = dict[str, Any]

# RFC 9651: a key, the bare items, and parameters.
KEY = r"[a-z*][a-z0-9_.*-]*"
TOKEN = r"[A-Za-z*][\w:/!#$%&'*+.^`|~-]*"
STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*"'
BYTES = r":[A-Za-z0-9+/]*={0,2}:"
NUMBER = r"-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])"
BARE = rf'(?:{TOKEN}|{STRING}|{BYTES}|{NUMBER}|\?[01]|@-?\d{{1,15}}(?![\d.])|%"(?:[ !#$&-~]|%[0-9a-f]{{2}})*")'
PARAMETERS = rf"(?:; *{KEY}(?:={BARE})?)*"
STATUS = re.compile(rf" *(ok|error)({PARAMETERS}) *", re.ASCII)
PARAMETER = re.compile(rf"; *({KEY})(?:=({BARE}))?", re.ASCII)
DIGEST = re.compile(rf"({KEY})=:([A-Za-z0-9+/]*)={{0,2}}:{PARAMETERS}[ \t]*", re.ASCII)

# RFC 9112: a status line, a field line, a chunk line and its extensions.
STATUS_LINE = re.compile(rb"HTTP/1\.(\d) ([1-9]\d\d)(?: [\t -~\x80-\xff]*)?\r\n")
NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
EXTENSION = rb"[ \t]*;[ \t]*(%b)(?:[ \t]*=[ \t]*(%b|%b))?" % (NAME, NAME, QUOTED)
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)((?:%b)*)\r\n" % re.sub(rb"\((?!\?)", b"(?:", EXTENSION))
FIELD_LINE = re.compile(rb"(%b):[ \t]*([\t -~\x80-\xff]*?)[ \t]*\r\n" % NAME)

MAX_LINE = 16384
MAX_FIELDS = 256


class BodyError(Exception):
    """The body is not to be used."""

    def __init__(self, verdict: str, reason: Status | None = None) -> None:
        super().__init__(f"{verdict}: {reason}" if reason else verdict)
        self.verdict = verdict
        self.type: str | None = (reason or {}).get("type")


class Ended(Exception):
    """The input ended, by FIN, RST or a stall, before the message did."""


class Input:
    """What comes from the connection, until it has Ended."""

    def __init__(self, sock: socket.socket) -> None:
        self.file = sock.makefile("rb")

    def _some(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except OSError:  # RST, a stall, TLS without close_notify
            raise Ended from None

    def piece(self, size: int) -> bytes:
        """Some of so many octets; none at the end of input."""
        return self._some(self.file.read1, min(size, 65536))

    def line(self) -> bytes:
        line = self._some(self.file.readline, MAX_LINE)
        if not line.endswith(b"\n") and len(line) < MAX_LINE:
            raise Ended
        return line

    def fields(self) -> Fields:
        """Field lines up to the empty line; a fold is refused."""
        fields: Fields = []
        while (line := self.line()) != b"\r\n":
            fields.append(parse_field(line))
            if len(fields) > MAX_FIELDS:
                raise BodyError("malformed")
        return fields

    def head(self) -> tuple[int, bool, Fields]:
        """Status code of the final response, whether it is HTTP/1.0, and its fields."""
        while True:
            start = STATUS_LINE.fullmatch(self.line())
            if start is None or start[2] == b"101":  # nobody asked for another protocol
                raise BodyError("malformed")
            lines: list[bytes] = []
            while (line := self.line()) != b"\r\n":
                if line[:1] in (b" ", b"\t") and lines:  # obs-fold is a space in the head of a response
                    lines[-1] = lines[-1][:-2] + b" " + line.strip() + b"\r\n"
                else:
                    lines.append(line)
                if len(lines) > MAX_FIELDS:
                    raise BodyError("malformed")
            fields = [parse_field(line) for line in lines]
            if not start[2].startswith(b"1"):
                return int(start[2]), start[1] == b"0", fields

    def end_of_chunk(self) -> None:
        end = self._some(self.file.read, 2)
        if end != b"\r\n":
            raise Ended() if b"\r\n".startswith(end) else BodyError("malformed")


def parse_field(line: bytes) -> tuple[str, str]:
    field = FIELD_LINE.fullmatch(line)
    if field is None:
        raise BodyError("malformed")
    return field[1].decode().lower(), field[2].decode("latin1")


def value_of(fields: Fields, name: str) -> str | None:
    """The lines of a field, joined."""
    values = [value for one, value in fields if one == name]
    return ", ".join(values) if values else None


def members_of(fields: Fields, name: str) -> list[str]:
    return [one.strip(" \t").lower() for one in (value_of(fields, name) or "").split(",")]


def parse_status(value: str) -> Status | None:
    """The status as a dict, or None if the value cannot be read."""
    match = STATUS.fullmatch(value)
    if match is None:
        return None
    parameters = dict(PARAMETER.findall(match[2]))
    status: Status = {"state": match[1]}
    if re.fullmatch(r"-?\d+", parameters.get("bytes", "")) and int(parameters["bytes"]) >= 0:
        status["bytes"] = int(parameters["bytes"])
    if match[1] == "ok":
        return status if ("bytes" in status) == ("bytes" in parameters) else None
    if re.fullmatch(TOKEN, parameters.get("type", ""), re.ASCII):
        status["type"] = parameters["type"]
    if parameters.get("details", "").startswith('"'):
        status["details"] = re.sub(r"\\(.)", r"\1", parameters["details"][1:-1])
    return status


def parse_digests(value: str) -> dict[str, bytes]:
    """Algorithm and digest of each member; empty if one of them cannot be read."""
    digests: dict[str, bytes] = {}
    at = 0
    while (match := DIGEST.match(value, at)) and len(match[2]) % 4 != 1:
        digests[match[1]] = base64.b64decode(match[2] + "=" * (-len(match[2]) % 4))
        if match.end() == len(value):
            return digests
        comma = re.compile(r",[ \t]*").match(value, match.end())
        if comma is None:
            return {}
        at = comma.end()
    return {}


def abort_reason(extensions: bytes) -> Status | None:
    values = [value for name, value in re.findall(EXTENSION, extensions) if name.lower() == b"x-stream-status"]
    if len(values) != 1:
        return None
    text = values[0].decode("latin1")
    status = parse_status(re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text)
    return status if status and status["state"] == "error" else None


def chunks(source: Input, trailers: Fields) -> Iterator[bytes]:
    """The content of a chunked body; its trailer fields go into the list."""
    while True:
        line = CHUNK_LINE.fullmatch(source.line())
        if line is None or (size := int(line[1], 16)) >= 2**53:
            raise BodyError("malformed")
        if size == 0:
            break
        left = size
        while left > 0:
            try:
                piece = source.piece(left)
            except Ended:
                piece = b""
            if not piece:
                reason = abort_reason(line[2]) if left == size else None
                raise BodyError("failed", reason) if reason else Ended()
            left -= len(piece)
            yield piece
        source.end_of_chunk()
    trailers += source.fields()


def plain(source: Input, length: int | None) -> Iterator[bytes]:
    """The content of a body of that length or, if it is None, of one that ends with the connection."""
    while length is None or length > 0:
        piece = source.piece(65536 if length is None else length)
        if not piece:
            if length is None:
                return
            raise Ended
        length = None if length is None else length - len(piece)
        yield piece


def framed(source: Input, code: int, is_old: bool, head: Fields, trailers: Fields) -> Iterator[bytes]:
    """The content in the framing that the head announces (x-stream-status, Appendix A)."""
    codings, lengths = value_of(head, "transfer-encoding"), value_of(head, "content-length")
    if codings is not None:
        if code == 204 or is_old or lengths is not None or codings.lower() != "chunked":
            raise BodyError("malformed")
        return chunks(source, trailers)
    if lengths is None:
        return plain(source, None)
    length = re.fullmatch(r"0*([0-9]{1,16})", lengths)
    if length is None:
        raise BodyError("malformed")
    return plain(source, int(length[1]))


def judge(count: int, sha256: bytes, trailers: Fields, head: Fields) -> tuple[str, bool]:
    """The verdict on a body whose framing is whole and whose head has no error, and whether it is accepted by default
    (x-stream-status 5.2, rows 5 to 12; 5.3)."""
    announced = members_of(head, "trailer")
    value = value_of(trailers, "x-stream-status")
    status = None if value is None else parse_status(value)
    if status and status["state"] == "error":
        raise BodyError("failed", status)
    if status and status.get("bytes", count) != count:
        raise BodyError("mismatch")
    digest = parse_digests(value_of(trailers, "content-digest") or "").get("sha-256")
    if digest not in (None, sha256):
        raise BodyError("mismatch")
    if status and (digest or "content-digest" not in announced):
        return "complete", True
    is_announced = "x-stream-status" in announced or value_of(head, "x-stream-status") is not None
    return "unverified", not is_announced and (value is None or status is not None)


def read(
    url: str, method: str = "GET", require: str = "announced", timeout: float = 60
) -> Generator[bytes, None, str]:
    """Yields the content as it comes; returns the verdict, or raises BodyError. What was yielded before is provisional.

    `timeout` is how many seconds the server may say nothing. OSError: there was no response.
    """
    target = urlsplit(url)
    default_port = 443 if target.scheme == "https" else 80
    with socket.create_connection((target.hostname, target.port or default_port), timeout) as sock:
        if target.scheme == "https":
            context = ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=target.hostname, suppress_ragged_eofs=False)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        sock.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: {target.netloc.rpartition('@')[2]}\r\nAccept-Encoding: identity\r\nTE: trailers\r\n"
            "Connection: TE, close\r\nX-Want-Stream-Status: ?1\r\nWant-Content-Digest: sha-256=10\r\n\r\n".encode("latin1")
        )
        source = Input(sock)
        try:
            code, is_old, head = source.head()
        except Ended:
            raise ConnectionError("The connection ended before there was a response") from None
        if method == "HEAD" or code == 304:
            return "unverified"  # and accepted: there is nothing to vouch for
        trailers: Fields = []
        content = framed(source, code, is_old, head, trailers)
        if code == 204:
            return "unverified"
        sha256, count = hashlib.sha256(), 0
        said = parse_status(value_of(head, "x-stream-status") or "")
        has_failed = said is not None and said["state"] == "error" and code != 205
        try:
            for piece in content:
                count += len(piece)
                sha256.update(piece)
                yield piece
        except Ended:
            raise (BodyError("failed", said) if has_failed else BodyError("truncated")) from None
        if has_failed:
            raise BodyError("failed", said)
        if code == 205:
            return "unverified"  # its framing is read, and it has no content
        verdict, accepted = judge(count, sha256.digest(), trailers, head)
        if verdict == "unverified":
            accepted = {"always": accepted and code // 100 != 2, "never": True}.get(require, accepted)
        if not accepted:
            raise BodyError(verdict)
        return verdict


def main() -> None:
    env = os.environ
    timeout = float(env.get("IDLE_TIMEOUT", 60))
    with closing(read(sys.argv[1], env.get("METHOD", "GET"), env.get("REQUIRE", "announced"), timeout)) as pieces:
        try:
            while True:
                sys.stdout.buffer.write(next(pieces))
        except StopIteration as end:
            sys.stdout.buffer.flush()
            print(end.value, file=sys.stderr)
        except BodyError as error:
            sys.stdout.buffer.flush()
            sys.exit(" ".join(filter(None, (error.verdict, error.type))))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: sealed.py URL")
    try:
        main()
    except OSError as error:  # there was no response, or nobody takes the content
        sys.exit(f"{sys.argv[1]}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

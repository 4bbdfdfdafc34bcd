"""Reads a response whose end is checked (X-Stream-Status). Recipient, level: full. Standard library only.

    for piece in sealed.read("http://example.com/totals.csv"): ...      # raises BodyError unless the body may be used

As a program: writes the content to standard output and the verdict to standard error, and exits with 0 if the body may
be used. The variables METHOD, REQUIRE and IDLE_TIMEOUT say what to ask for.
"""

import base64
import hashlib
import os
import re
import socket
import ssl
import sys
from http.client import parse_headers
from urllib.parse import urlsplit

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

# RFC 9112 §7.1: a chunk line, its extensions, and a field line of the trailer section.
NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
EXTENSION = rb"[ \t]*;[ \t]*(%b)(?:[ \t]*=[ \t]*(%b|%b))?" % (NAME, NAME, QUOTED)
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)((?:%b)*)\r\n" % re.sub(rb"\((?!\?)", b"(?:", EXTENSION))
FIELD_LINE = re.compile(rb"(%b):[ \t]*([\t -~\x80-\xff]*?)[ \t]*\r\n" % NAME)

HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
MAX_LINE = 16384


class BodyError(Exception):
    """The body is not to be used."""

    def __init__(self, verdict, reason=None):
        super().__init__(f"{verdict}: {reason or ''}")
        self.verdict = verdict
        self.type = reason and reason.get("type")


class Ended(Exception):
    """The input ended, by FIN, RST or a stall, before the message did."""


class Input:
    def __init__(self, sock):
        self.file = sock.makefile("rb")

    def _some(self, read, *args):
        try:
            return read(*args)
        except OSError:  # RST, a stall, TLS without close_notify
            raise Ended from None

    def piece(self, size):
        return self._some(self.file.read1, min(size, 65536))

    def line(self):
        line = self._some(self.file.readline, MAX_LINE)
        if not line.endswith(b"\n") and len(line) < MAX_LINE:
            raise Ended
        return line

    def end_of_chunk(self):
        end = self._some(self.file.read, 2)
        if end != b"\r\n":
            raise Ended if b"\r\n".startswith(end) else BodyError("malformed")


def parse_status(value):
    """The status as a dict, or None if the value cannot be read."""
    match = STATUS.fullmatch(value)
    if match is None:
        return None
    parameters = dict(PARAMETER.findall(match[2]))
    status = {"state": match[1]}
    if re.fullmatch(r"-?\d+", parameters.get("bytes", "")) and int(parameters["bytes"]) >= 0:
        status["bytes"] = int(parameters["bytes"])
    if match[1] == "ok":
        return status if ("bytes" in status) == ("bytes" in parameters) else None
    if re.fullmatch(TOKEN, parameters.get("type", ""), re.ASCII):
        status["type"] = parameters["type"]
    if parameters.get("details", "").startswith('"'):
        status["details"] = re.sub(r"\\(.)", r"\1", parameters["details"][1:-1])
    return status


def parse_digests(value):
    """Algorithm and digest of each member; empty if one of them cannot be read."""
    digests, at = {}, 0
    while match := DIGEST.match(value, at):
        digests[match[1]] = base64.b64decode(match[2] + "=" * (-len(match[2]) % 4)) if len(match[2]) % 4 != 1 else None
        if match.end() == len(value):
            return {} if None in digests.values() else digests
        comma = re.compile(r",[ \t]*").match(value, match.end())
        if comma is None:
            return {}
        at = comma.end()
    return {}


def abort_reason(extensions):
    values = [value for name, value in re.findall(EXTENSION, extensions) if name.lower() == b"x-stream-status"]
    if len(values) != 1:
        return None
    text = values[0].decode("latin1")
    status = parse_status(re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text)
    return status if status and status["state"] == "error" else None


def chunks(source, trailers):
    """The content of a chunked body; its trailer fields go into the list."""
    while True:
        line = CHUNK_LINE.fullmatch(source.line())
        if line is None or int(line[1], 16) >= 2**53:
            raise BodyError("malformed")
        size = int(line[1], 16)
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
                raise BodyError("failed", reason) if reason else Ended
            left -= len(piece)
            yield piece
        source.end_of_chunk()
    while (line := source.line()) != b"\r\n":
        field = FIELD_LINE.fullmatch(line)
        if field is None:
            raise BodyError("malformed")
        trailers.append((field[1].decode().lower(), field[2].decode("latin1")))


def plain(source, length):
    """The content of a body of that length or, if it is None, of one that ends with the connection."""
    while length is None or length > 0:
        piece = source.piece(65536 if length is None else length)
        if not piece:
            if length is None:
                return
            raise Ended
        length = None if length is None else length - len(piece)
        yield piece


def judge(count, hashes, trailers, announced, in_head):
    """The verdict on a body whose framing is whole and that nobody called failed (x-stream-status 5.2, rows 5 to 12)."""

    def value_of(name):
        values = [value for one, value in trailers if one == name]
        return ", ".join(values) if values else None

    value = value_of("x-stream-status")
    status = None if value is None else parse_status(value)
    if status and status["state"] == "error":
        raise BodyError("failed", status)
    if status and status.get("bytes", count) != count:
        raise BodyError("mismatch")
    digests = parse_digests(value_of("content-digest") or "")
    agree = [hashes[name].digest() == digest for name, digest in digests.items() if name in hashes]
    if not all(agree):
        raise BodyError("mismatch")
    if status and (agree or "content-digest" not in announced):
        return "complete", True
    return "unverified", not ("x-stream-status" in announced or in_head or (value is not None and status is None))


def read(url, method="GET", require="announced", timeout=60):
    """Yields the content as it comes; returns the verdict, or raises BodyError. What was yielded before is provisional."""
    target = urlsplit(url)
    default_port = 443 if target.scheme == "https" else 80
    with socket.create_connection((target.hostname, target.port or default_port), timeout) as sock:
        if target.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=target.hostname)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        sock.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: {target.netloc}\r\nAccept-Encoding: identity\r\nTE: trailers\r\n"
            "Connection: TE, close\r\nX-Want-Stream-Status: ?1\r\nWant-Content-Digest: sha-256=10\r\n\r\n".encode("latin1")
        )
        source, code = Input(sock), 100
        while code < 200:
            code = int(source.line().split()[1])
            head = parse_headers(source.file)
        if method == "HEAD" or code in (204, 205, 304):
            return "unverified"  # and accepted: there is nothing to vouch for
        members = lambda name: [one.strip().lower() for one in ", ".join(head.get_all(name, [])).split(",")]
        in_head = head.get_all("X-Stream-Status", [])
        trailers, hashes, count = [], {name: make() for name, make in HASHES.items()}, 0
        if "chunked" in members("Transfer-Encoding"):
            content = chunks(source, trailers)
        else:
            length = head.get("Content-Length")
            content = plain(source, None if length is None else int(length))
        said = parse_status(", ".join(in_head))
        try:
            for piece in content:
                count += len(piece)
                for one in hashes.values():
                    one.update(piece)
                yield piece
        except Ended:
            raise (BodyError("failed", said) if said and said["state"] == "error" else BodyError("truncated")) from None
        if said and said["state"] == "error":
            raise BodyError("failed", said)
        verdict, accepted = judge(count, hashes, trailers, members("Trailer"), bool(in_head))
        if verdict == "unverified":
            accepted = {"always": accepted and code // 100 != 2, "never": True}.get(require, accepted)
        if not accepted:
            raise BodyError(verdict)
        return verdict


def main():
    env = os.environ
    content = read(sys.argv[1], env.get("METHOD", "GET"), env.get("REQUIRE", "announced"), float(env.get("IDLE_TIMEOUT", 60)))
    try:
        while True:
            sys.stdout.buffer.write(next(content))
    except StopIteration as end:
        print(end.value, file=sys.stderr)
    except BodyError as error:
        sys.stdout.buffer.flush()
        print(error.verdict, error.type or "", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

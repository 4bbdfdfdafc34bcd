"""Reads chunked messages with h11, one a line: `request|response <hex>` in; out comes JSON with the outcome, the
content and the octets behind the message in hex, and the trailers. Its own line, `h11 <version>`, comes first."""

import json
import sys

import h11


def read(side, octets):
    role = h11.SERVER if side == "request" else h11.CLIENT
    connection = h11.Connection(role)
    if role is h11.CLIENT:
        connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())
    connection.receive_data(octets)
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            return {"outcome": "incomplete"}
        if isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            trailers = [[name.decode("latin1"), value.decode("latin1")] for name, value in event.headers.raw_items()]
            behind, _ = connection.trailing_data
            return {"outcome": "complete", "body": body.hex(), "trailers": trailers, "behind": bytes(behind).hex()}


print("h11", h11.__version__, flush=True)
for line in sys.stdin:
    side, octets = line.split()
    try:
        answer = read(side, bytes.fromhex(octets))
    except h11.RemoteProtocolError as error:
        answer = {"outcome": "refused", "reason": str(error)}
    print(json.dumps(answer), flush=True)

"""Frames of the Dure wire protocol: sections 2 and 3 of docs/protocol.md."""

import struct
from dataclasses import dataclass, field

(HELLO, AUTH, BIND, REQUEST, RESPONSE, ERROR, DATA, CANCEL, WINDOW,
 PING, PONG, DRAIN, DRAINED, GOAWAY, END) = range(1, 16)

FLAG_END = 0x01
FLAG_MORE = 0x02
FLAG_MUST_UNDERSTAND = 0x80

VERSION_MIN, VERSION_MAX, FEATURES, MESH, NODE_ID, NODE_NAME, INCARNATION, EXPECT_NODE, NONCE, PROOF = range(1, 11)
SERVICE, OPERATION, CONTRACT_HASH, OPERATION_NUMBER, DEADLINE_MS, TRACE, PARAMS, PRINCIPAL = range(16, 24)
IDEMPOTENCY_KEY, PRIORITY, ATTEMPT, RETRIES_LEFT, ROUTING_KEY, BAGGAGE, HTTP, TOTAL_BYTES = range(24, 32)
INPUT_STREAM, SENT_AT = 32, 33
STATUS, HEADERS, LOAD, LOOP_DELAY_MS = range(40, 44)
CODE, MESSAGE, ERROR_DATA, DECLARED, STARTED, EXHAUSTED = range(48, 54)
CREDIT, LAST_STREAM = 56, 57

HEADER = struct.Struct(">IBBIH")
MARK = 0x80000000
FRAME_BYTES_MAX = 192 * 1024


class ProtocolError(Exception):
    """The peer broke the rules; the connection cannot go on."""


@dataclass
class Frame:
    type: int
    flags: int = 0
    stream: int = 0
    fields: dict = field(default_factory=dict)
    body: bytes = b""

    def u32(self, tag, default=None):
        value = self.fields.get(tag)
        return default if value is None else struct.unpack(">I", value)[0]

    def text(self, tag, default=None):
        value = self.fields.get(tag)
        return default if value is None else value.decode("utf-8")


def u32(value):
    return struct.pack(">I", value & 0xFFFFFFFF)


def text(value):
    return value.encode("utf-8")


def encode(frame):
    fields = b"".join(struct.pack(">BH", tag, len(value)) + value for tag, value in frame.fields.items())
    length = HEADER.size - 4 + len(fields) + len(frame.body)
    return HEADER.pack(MARK | length, frame.type, frame.flags, frame.stream, len(fields)) + fields + frame.body


class Decoder:
    """Turns bytes, in whatever pieces they come, into frames."""

    def __init__(self):
        self._buffer = bytearray()

    def feed(self, data):
        self._buffer += data
        frames = []
        while len(self._buffer) >= 4:
            length = struct.unpack_from(">I", self._buffer)[0]
            if not length & MARK:
                raise ProtocolError("a frame begins with a byte below 0x80")
            length &= ~MARK
            if length < HEADER.size - 4 or length > FRAME_BYTES_MAX:
                raise ProtocolError(f"a frame of {length} bytes")
            if len(self._buffer) < 4 + length:
                break
            frames.append(self._decode(bytes(self._buffer[: 4 + length])))
            del self._buffer[: 4 + length]
        return frames

    @staticmethod
    def _decode(data):
        _, type_, flags, stream, fields_size = HEADER.unpack_from(data)
        end = HEADER.size + fields_size
        if end > len(data):
            raise ProtocolError("the fields are longer than their frame")
        fields = {}
        at = HEADER.size
        while at < end:
            if at + 3 > end:
                raise ProtocolError("a field is cut off")
            tag, size = struct.unpack_from(">BH", data, at)
            at += 3
            if at + size > end:
                raise ProtocolError("a field is cut off")
            fields[tag] = data[at : at + size]
            at += size
        return Frame(type_, flags, stream, fields, data[end:])

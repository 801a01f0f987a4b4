"""One connection of the mesh: handshake, calls, streams, credit. Sections 4 to 7 of docs/protocol.md."""

import asyncio
import hashlib
import hmac
import json
import os
import time
from dataclasses import dataclass

import wire
from wire import Frame, text, u32

CHUNK = 64 * 1024
STREAM_CREDIT = 256 * 1024
LINK_CREDIT = 8 * 1024 * 1024
MESSAGE_BYTES_MAX = 4 * 1024 * 1024


class DureError(Exception):
    """What a call came to. `started` is False where the work was surely not begun."""

    def __init__(self, code, message, data=None, started=True):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.data, self.started = code, message, data, started


@dataclass(frozen=True)
class Identity:
    mesh: str
    node_id: str
    name: str
    incarnation: int


def proof(token, role, identity, dialler_nonce, listener_nonce):
    said = json.dumps(
        [role, identity.mesh, identity.node_id, identity.name, identity.incarnation],
        separators=(",", ":"), ensure_ascii=False)
    return hmac.new(token.encode(), said.encode() + dialler_nonce + listener_nonce, hashlib.sha256).digest()


class Messages:
    """The reader's half of a stream."""

    def __init__(self, consumed):
        self._queue = asyncio.Queue()
        self._consumed = consumed
        self._parts = []

    def receive(self, frame):
        self._parts.append(frame.body)
        if frame.flags & wire.FLAG_MORE:
            self._consumed(max(len(frame.body), 1))
        else:
            message, self._parts = b"".join(self._parts), []
            self._queue.put_nowait((message, max(len(frame.body), 1)))

    def end(self, error=None):
        self._queue.put_nowait((error, 0))

    async def __aiter__(self):
        while True:
            message, credit = await self._queue.get()
            if message is None:
                return
            if isinstance(message, Exception):
                raise message
            self._consumed(credit)
            yield message


class Link:
    """Both ends have one; the dialler makes calls, the listener answers them."""

    def __init__(self, reader, writer, identity, token=None, on_request=None):
        self._reader, self._writer = reader, writer
        self.identity, self.peer, self._token = identity, None, token
        self._on_request = on_request
        self._decoder = wire.Decoder()
        self._pending = {}
        self._operations = {}
        self._bound = {}
        self._next_stream = 1
        self._last_stream = 0
        self._stream_credit = {}
        self._link_credit = LINK_CREDIT
        self._consumed = 0
        self._credit_came = asyncio.Condition()
        self._tasks = {}
        self.is_draining = False
        self.closed = asyncio.get_running_loop().create_future()

    # --- handshake -----------------------------------------------------------------------------------------------

    async def dial(self, expect_node=None):
        nonce = os.urandom(16)
        self._send_hello(nonce, expect_node)
        hello = await self._next_frame(wire.HELLO)
        theirs = self._check_hello(hello)
        nonces = nonce, hello.fields[wire.NONCE]
        if self._token is not None:
            given = hello.fields.get(wire.PROOF, b"")
            if not hmac.compare_digest(given, proof(self._token, "listener", theirs, *nonces)):
                raise DureError("UNAUTHENTICATED", "the listener does not know this mesh's token", started=False)
        self._send_auth("dialler", nonces)
        await self._next_frame(wire.AUTH)
        self.peer = theirs

    async def accept(self):
        hello = await self._next_frame(wire.HELLO)
        theirs = self._check_hello(hello)
        expected = hello.text(wire.EXPECT_NODE)
        if expected and expected != self.identity.node_id:
            raise await self._refuse("NOT_FOUND", f"{self.identity.node_id} lives here now")
        nonce = os.urandom(16)
        nonces = hello.fields[wire.NONCE], nonce
        own = proof(self._token, "listener", self.identity, *nonces) if self._token is not None else None
        self._send_hello(nonce, None, own)
        auth = await self._next_frame(wire.AUTH)
        if self._token is not None:
            given = auth.fields.get(wire.PROOF, b"")
            if not hmac.compare_digest(given, proof(self._token, "dialler", theirs, *nonces)):
                raise await self._refuse("UNAUTHENTICATED", "the token is wrong")
        self.send(Frame(wire.AUTH, wire.FLAG_MUST_UNDERSTAND))
        self.peer = theirs

    def _send_hello(self, nonce, expect_node, own_proof=None):
        identity = self.identity
        fields = {
            wire.VERSION_MIN: u32(1), wire.VERSION_MAX: u32(1), wire.FEATURES: u32(0),
            wire.MESH: text(identity.mesh), wire.NODE_ID: text(identity.node_id),
            wire.NODE_NAME: text(identity.name), wire.INCARNATION: text(str(identity.incarnation)),
        }
        if expect_node:
            fields[wire.EXPECT_NODE] = text(expect_node)
        fields[wire.NONCE] = nonce
        if own_proof:
            fields[wire.PROOF] = own_proof
        self.send(Frame(wire.HELLO, wire.FLAG_MUST_UNDERSTAND, 0, fields))

    def _send_auth(self, role, nonces):
        fields = {}
        if self._token is not None:
            fields[wire.PROOF] = proof(self._token, role, self.identity, *nonces)
        self.send(Frame(wire.AUTH, wire.FLAG_MUST_UNDERSTAND, 0, fields))

    def _check_hello(self, hello):
        if hello.u32(wire.VERSION_MIN) > 1 or hello.u32(wire.VERSION_MAX) < 1:
            raise DureError("FAILED_PRECONDITION", "the peer speaks no version that is spoken here", started=False)
        if hello.text(wire.MESH) != self.identity.mesh:
            raise DureError("PERMISSION_DENIED", f"the peer belongs to {hello.text(wire.MESH)}", started=False)
        return Identity(hello.text(wire.MESH), hello.text(wire.NODE_ID), hello.text(wire.NODE_NAME),
                        int(hello.text(wire.INCARNATION)))

    async def _next_frame(self, expected):
        """The handshake goes step by step: nobody sends the next frame before it has had the one before."""
        while True:
            data = await self._reader.read(CHUNK)
            if not data:
                raise DureError("UNAVAILABLE", "the peer closed the connection", started=False)
            for frame in self._decoder.feed(data):
                if frame.type == wire.GOAWAY:
                    raise DureError(frame.text(wire.CODE), frame.text(wire.MESSAGE), started=False)
                if frame.type == expected:
                    return frame
                raise wire.ProtocolError(f"frame type {frame.type} during the handshake")

    async def _refuse(self, code, message):
        self._go_away(code, message)
        await self._writer.drain()
        return DureError(code, message, started=False)

    # --- frames --------------------------------------------------------------------------------------------------

    def send(self, frame):
        if not self._writer.is_closing():
            self._writer.write(wire.encode(frame))

    async def run(self):
        """Reads until the connection ends; every call that is left fails."""
        reason = "the peer closed the connection"
        try:
            while data := await self._reader.read(CHUNK):
                for frame in self._decoder.feed(data):
                    await self._on_frame(frame)
        except (ConnectionError, wire.ProtocolError) as error:
            reason = str(error)
            if isinstance(error, wire.ProtocolError):
                self._go_away("INVALID_ARGUMENT", f"protocol error: {reason}")
        finally:
            self._writer.close()
            for call in self._pending.values():
                call.fail(DureError("UNAVAILABLE", reason))
            self._pending.clear()
            for task in list(self._tasks.values()):
                task.cancel()
            if not self.closed.done():
                self.closed.set_result(reason)

    async def _on_frame(self, frame):
        call = self._pending.get(frame.stream)
        if frame.type == wire.PING:
            self.send(Frame(wire.PONG, 0, frame.stream))
        elif frame.type == wire.RESPONSE and call:
            call.on_response(frame)
        elif frame.type == wire.ERROR and call:
            data = frame.text(wire.ERROR_DATA)
            call.fail(DureError(frame.text(wire.CODE), frame.text(wire.MESSAGE),
                                json.loads(data) if data else None, frame.u32(wire.STARTED, 1) == 1))
        elif frame.type == wire.DATA:
            self._on_data(frame, call)
        elif frame.type == wire.END and call:
            call.end()
        elif frame.type == wire.WINDOW:
            async with self._credit_came:
                credit = frame.u32(wire.CREDIT)
                if frame.stream == 0:
                    self._link_credit += credit
                elif frame.stream in self._stream_credit:
                    self._stream_credit[frame.stream] += credit
                self._credit_came.notify_all()
        elif frame.type == wire.BIND:
            self._operations[frame.u32(wire.OPERATION_NUMBER)] = (
                frame.text(wire.SERVICE), frame.text(wire.OPERATION))
        elif frame.type == wire.REQUEST:
            self._on_request_frame(frame)
        elif frame.type == wire.CANCEL:
            task = self._tasks.get(frame.stream)
            if task:
                task.cancel()
        elif frame.type == wire.DRAIN:
            self.is_draining = True
            self.send(Frame(wire.DRAINED))
        elif frame.type == wire.GOAWAY:
            raise ConnectionError(frame.text(wire.MESSAGE))
        elif frame.type > wire.END and frame.flags & wire.FLAG_MUST_UNDERSTAND:
            raise wire.ProtocolError(f"frame type {frame.type} is not known here and may not be skipped")

    def _on_data(self, frame, call):
        request = self._tasks.get(frame.stream)
        if call:
            call.on_data(frame)
        elif request and request.incoming:
            request.incoming.receive(frame)
        else:
            self.consume(max(len(frame.body), 1))

    def grant(self, stream, count):
        self.send(Frame(wire.WINDOW, 0, stream, {wire.CREDIT: u32(count)}))
        self.consume(count)

    def consume(self, count):
        self._consumed += count
        if self._consumed >= LINK_CREDIT // 8:
            self.send(Frame(wire.WINDOW, 0, 0, {wire.CREDIT: u32(self._consumed)}))
            self._consumed = 0

    async def send_data(self, stream, message):
        """One message in pieces, each when there is credit for it."""
        at = 0
        while True:
            async with self._credit_came:
                await self._credit_came.wait_for(
                    lambda: self._stream_credit.get(stream, 1) > 0 and self._link_credit > 0)
                room = min(CHUNK, self._stream_credit.get(stream, CHUNK), self._link_credit)
                piece = message[at : at + room]
                cost = max(len(piece), 1)
                self._link_credit -= cost
                if stream in self._stream_credit:
                    self._stream_credit[stream] -= cost
            at += len(piece)
            self.send(Frame(wire.DATA, wire.FLAG_MORE if at < len(message) else 0, stream, {}, piece))
            await self._writer.drain()
            if at >= len(message):
                return

    def _go_away(self, code, message):
        self.send(Frame(wire.GOAWAY, wire.FLAG_MUST_UNDERSTAND, 0, {
            wire.LAST_STREAM: u32(self._last_stream), wire.CODE: text(code), wire.MESSAGE: text(message)}))

    # --- calls ---------------------------------------------------------------------------------------------------

    async def call(self, service, operation, value=None, deadline_ms=5_000, contract_hash=""):
        """One answer, as a JSON value; None where there is none. Raises DureError."""
        call = await self._begin(service, operation, value, deadline_ms, contract_hash)
        try:
            body = await asyncio.wait_for(call.answer, deadline_ms / 1_000)
        except asyncio.TimeoutError:
            raise DureError("DEADLINE_EXCEEDED", f"no answer within {deadline_ms} ms") from None
        finally:
            self._forget(call)
        return json.loads(body) if body else None

    async def stream(self, service, operation, value=None, deadline_ms=5_000, contract_hash=""):
        """The items of an answer; leaving the loop tells the callee to stop."""
        call = await self._begin(service, operation, value, deadline_ms, contract_hash)
        try:
            async for message in call.messages:
                yield json.loads(message)
        finally:
            self._forget(call)

    async def _begin(self, service, operation, value, deadline_ms, contract_hash):
        if self.is_draining or self.closed.done():
            raise DureError("UNAVAILABLE", "the peer takes no more calls", started=False)
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        number = self._bind(service, operation, contract_hash)
        body = b"" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        fields = {wire.OPERATION_NUMBER: u32(number), wire.SENT_AT: u32(int(time.monotonic() * 1_000)),
                  wire.DEADLINE_MS: u32(deadline_ms)}
        call = self._pending[stream] = _Call(self, stream)
        self._stream_credit[stream] = STREAM_CREDIT
        if len(body) <= CHUNK:
            self.send(Frame(wire.REQUEST, wire.FLAG_END, stream, fields, body))
        else:
            fields[wire.TOTAL_BYTES] = u32(len(body))
            self.send(Frame(wire.REQUEST, wire.FLAG_MORE, stream, fields))
            await self.send_data(stream, body)
        return call

    def _bind(self, service, operation, contract_hash):
        key = service, operation, contract_hash
        if key not in self._bound:
            self._bound[key] = len(self._bound) + 1
            self.send(Frame(wire.BIND, wire.FLAG_MUST_UNDERSTAND, 0, {
                wire.OPERATION_NUMBER: u32(self._bound[key]), wire.SERVICE: text(service),
                wire.OPERATION: text(operation), wire.CONTRACT_HASH: text(contract_hash)}))
        return self._bound[key]

    def _forget(self, call):
        if self._pending.pop(call.stream, None) and not call.is_over:
            self.send(Frame(wire.CANCEL, 0, call.stream))
        self._stream_credit.pop(call.stream, None)

    # --- being called --------------------------------------------------------------------------------------------

    def _on_request_frame(self, frame):
        if frame.stream % 2 == 0 or frame.stream <= self._last_stream:
            raise wire.ProtocolError(f"stream id {frame.stream} is even or was used before")
        self._last_stream = frame.stream
        named = self._operations.get(frame.u32(wire.OPERATION_NUMBER))
        if named is None or self._on_request is None:
            return self.fail(frame.stream, DureError("UNIMPLEMENTED", "not offered here", started=False))
        if frame.u32(wire.TOTAL_BYTES, 0) > MESSAGE_BYTES_MAX:
            return self.fail(frame.stream, DureError("RESOURCE_EXHAUSTED", "the request is too large", started=False))
        request = Request(self, frame, *named)
        self._tasks[frame.stream] = request
        self._stream_credit[frame.stream] = STREAM_CREDIT
        request.start(self._on_request)

    def respond(self, stream, body):
        if len(body) <= CHUNK:
            self.send(Frame(wire.RESPONSE, wire.FLAG_END, stream, {}, body))
            return None
        self.send(Frame(wire.RESPONSE, wire.FLAG_MORE, stream, {wire.TOTAL_BYTES: u32(len(body))}))
        return self.send_data(stream, body)

    def fail(self, stream, error):
        fields = {wire.CODE: text(error.code), wire.MESSAGE: text(error.message)}
        if error.data is not None:
            fields[wire.ERROR_DATA] = text(json.dumps(error.data))
        fields[wire.STARTED] = u32(1 if error.started else 0)
        self.send(Frame(wire.ERROR, wire.FLAG_END, stream, fields))

    def over(self, stream):
        self._tasks.pop(stream, None)
        self._stream_credit.pop(stream, None)


class _Call:
    """A request that waits for its answer."""

    def __init__(self, link, stream):
        self.stream = stream
        self.answer = asyncio.get_running_loop().create_future()
        self.answer.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.messages = Messages(lambda count: link.grant(stream, count))
        self.is_over = False
        self._link = link
        self._parts = None

    def on_response(self, frame):
        if frame.flags & wire.FLAG_END:
            self._finish(frame.body)
        elif frame.flags & wire.FLAG_MORE:
            self._parts = [frame.body]

    def on_data(self, frame):
        if self._parts is None:
            return self.messages.receive(frame)
        self._parts.append(frame.body)
        self._link.grant(self.stream, max(len(frame.body), 1))
        if not frame.flags & wire.FLAG_MORE:
            self._finish(b"".join(self._parts))

    def end(self):
        self.is_over = True
        self.messages.end()

    def fail(self, error):
        self.is_over = True
        self.messages.end(error)
        if not self.answer.done():
            self.answer.set_exception(error)

    def _finish(self, body):
        self.is_over = True
        if not self.answer.done():
            self.answer.set_result(body)


class Request:
    """A call that is served here."""

    def __init__(self, link, frame, service, operation):
        self.link, self.stream, self.service, self.operation = link, frame.stream, service, operation
        self.params = json.loads(frame.text(wire.PARAMS, "{}"))
        self.deadline_ms = frame.u32(wire.DEADLINE_MS)
        self._body = frame.body
        self.incoming = None
        if frame.flags & wire.FLAG_MORE:
            self.incoming = Messages(lambda count: link.grant(frame.stream, count))
        self._task = None

    def start(self, handler):
        self._task = asyncio.ensure_future(self._run(handler))

    def cancel(self):
        self._task.cancel()

    async def _run(self, handler):
        try:
            body = self._body
            if self.incoming:
                async for message in self.incoming:
                    body = message
                    break
            result = handler(self, json.loads(body) if body else None)
            if hasattr(result, "__aiter__"):
                await self._stream_out(result)
            else:
                value = await result if asyncio.iscoroutine(result) else result
                sending = self.link.respond(self.stream, b"" if value is None else json.dumps(value).encode())
                if sending:
                    await sending
        except DureError as error:
            self.link.fail(self.stream, error)
        except asyncio.CancelledError:
            pass
        except Exception as error:  # what a handler throws must not end the node
            self.link.fail(self.stream, DureError("INTERNAL", f"{type(error).__name__}: {error}"))
        finally:
            self.link.over(self.stream)

    async def _stream_out(self, items):
        self.link.send(Frame(wire.RESPONSE, 0, self.stream))
        async for item in items:
            await self.link.send_data(self.stream, json.dumps(item).encode())
        self.link.send(Frame(wire.END, wire.FLAG_END, self.stream))

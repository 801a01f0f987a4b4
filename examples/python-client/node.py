"""A node of the mesh: registers with a Distributor, calls others, is called. Section 8 of docs/protocol.md."""

import asyncio
import hashlib
import itertools
import json
import os
import socket
import time

from link import DureError, Identity, Link

FOREVER_MS = 0xFFFFFFFF


def contract_hash(description):
    """Names a contract by what it says: SHA-256 over its JSON with sorted keys, the first 32 hex digits."""
    canonical = json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


class Node:
    def __init__(self, name, mesh, distributor, token=None, contract=None, handlers=None):
        self._token, self._distributor = token, distributor
        self.identity = Identity(mesh, f"{name}-{os.urandom(6).hex()}", name, int(time.time() * 1_000))
        self._contract, self._handlers = contract, handlers or {}
        self._records, self._links, self._turn = {}, {}, itertools.count()
        self._server, self._tasks, self._changed = None, [], asyncio.Event()

    async def start(self):
        """Listens, if it offers anything, and stays registered for as long as it runs."""
        if self._handlers:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._tasks.append(asyncio.ensure_future(self._stay_registered()))
        return self

    async def close(self):
        for task in self._tasks:
            task.cancel()
        if self._server:
            self._server.close()

    @property
    def port(self):
        return self._server.sockets[0].getsockname()[1] if self._server else 0

    async def call(self, service, operation, value=None, deadline_ms=5_000):
        """Calls an instance, each in turn; one that was surely not reached costs nothing but another try."""
        link, digest = await self._link_to(service, deadline_ms)
        return await link.call(service, operation, value, deadline_ms, digest)

    async def stream(self, service, operation, value=None, deadline_ms=5_000):
        link, digest = await self._link_to(service, deadline_ms)
        async for item in link.stream(service, operation, value, deadline_ms, digest):
            yield item

    # --- registry ------------------------------------------------------------------------------------------------

    async def _stay_registered(self):
        while True:
            try:
                link = await self._dial(*self._distributor)
                await asyncio.gather(self._register(link), self._watch(link))
            except (DureError, OSError):
                # The view stays as it is: calls go on without a Distributor.
                await asyncio.sleep(0.2)

    async def _register(self, link):
        async for message in link.stream("distributor", "register", self._record(), FOREVER_MS):
            if message["kind"] == "outdated":
                identity = self.identity
                self.identity = Identity(identity.mesh, identity.node_id, identity.name, message["incarnation"] + 1)
                return

    async def _watch(self, link):
        async for message in link.stream("distributor", "watch", {}, FOREVER_MS):
            if message["kind"] == "snapshot":
                self._records.update({record["id"]: record for record in message["nodes"]})
            for change in message.get("changes", []):
                if change["op"] == "up":
                    self._records[change["record"]["id"]] = change["record"]
                else:
                    self._records.pop(change["id"], None)
            self._changed.set()

    def _record(self):
        identity, services = self.identity, []
        if self._contract:
            services = [{"name": self._contract["name"], "version": self._contract["version"],
                         "contractHash": contract_hash(self._contract)}]
        return {"id": identity.node_id, "incarnation": identity.incarnation, "revision": 0, "name": identity.name,
                "slot": identity.name, "mesh": identity.mesh, "host": "127.0.0.1", "port": self.port,
                "machine": socket.gethostname(), "urls": [], "services": services, "state": "ready",
                "pid": os.getpid(), "startedAt": int(time.time() * 1_000)}

    async def _link_to(self, service, deadline_ms):
        give_up_at = time.monotonic() + deadline_ms / 1_000
        while time.monotonic() < give_up_at:
            found = [(record, offered["contractHash"]) for record in self._records.values()
                     for offered in record["services"] if offered["name"] == service and record["state"] == "ready"]
            for _ in found:
                record, digest = found[next(self._turn) % len(found)]
                try:
                    return await self._link_of(record), digest
                except (DureError, OSError):
                    continue
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), 0.1)
            except asyncio.TimeoutError:
                pass
        raise DureError("UNAVAILABLE", f'no node offers "{service}"', started=False)

    async def _link_of(self, record):
        link = self._links.get(record["id"])
        if link is None or link.closed.done() or link.is_draining:
            link = await self._dial(record["host"], record["port"], record["id"])
            self._links[record["id"]] = link
        return link

    async def _dial(self, host, port, expect_node=None):
        link = Link(*await asyncio.open_connection(host, port), self.identity, self._token)
        await link.dial(expect_node)
        self._tasks.append(asyncio.ensure_future(link.run()))
        return link

    # --- being called --------------------------------------------------------------------------------------------

    async def _serve(self, reader, writer):
        link = Link(reader, writer, self.identity, self._token, self._on_request)
        try:
            await link.accept()
            await link.run()
        except (DureError, OSError, asyncio.CancelledError):
            writer.close()

    def _on_request(self, request, value):
        if (request.service, request.operation) == ("dure", "contract"):
            return self._contract
        handler = self._handlers.get(request.operation)
        if handler is None or request.service != self._contract["name"]:
            raise DureError("UNIMPLEMENTED", "not offered here", started=False)
        return handler(value if value is not None else request.params)

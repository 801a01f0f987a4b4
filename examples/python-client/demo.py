"""What the tests run: `demo.py vectors FILE`, or `demo.py node HOST:PORT MESH [TOKEN]`, steered by lines of JSON."""

import asyncio
import json
import sys

import wire
from link import DureError, Identity, proof
from node import Node

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def obj(**properties):
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def operation(**parts):
    return {"kind": "call", "auth": "public", "scopes": [], "errors": {}, "isIdempotent": True,
            "idempotencyKey": "optional", **parts}


CONTRACT = {
    "name": "reverse", "version": "1.0.0", "events": {},
    "operations": {
        "text": operation(http={"method": "GET", "path": "/reverse/:text", "status": 200},
                          input=obj(text=STRING), output=obj(text=STRING)),
        "count": operation(kind="stream", input=obj(to=INTEGER, bytes=INTEGER), output=obj(index=INTEGER, text=STRING)),
        "sleep": operation(),
        "refuse": operation(errors={"Rude": {"status": 422, "data": obj(word=STRING)}}),
    },
}
cancelled = 0


async def count(value):
    for index in range(value["to"]):
        yield {"index": index, "text": "x" * value["bytes"]}


async def sleep(_):
    global cancelled
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled += 1
        raise


def refuse(_):
    raise DureError("UNAVAILABLE", "not today")


HANDLERS = {"text": lambda value: {"text": value["text"][::-1]}, "count": count, "sleep": sleep, "refuse": refuse}


def check_vectors(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    kinds = {"u32": wire.u32, "text": wire.text, "bytes": bytes.fromhex}
    for vector in vectors["frames"]:
        fields = {tag: kinds[kind](value) for tag, kind, value in vector["fields"]}
        frame = wire.Frame(vector["type"], vector["flags"], vector["streamId"], fields, vector["body"].encode())
        data = bytes.fromhex(vector["hex"])
        assert wire.encode(frame) == data, vector["name"]
        decoder = wire.Decoder()
        frames = [found for at in range(len(data)) for found in decoder.feed(data[at : at + 1])]
        assert frames == [frame], vector["name"]
    for vector in vectors["proofs"]:
        who = vector["identity"]
        identity = Identity(who["mesh"], who["nodeId"], who["name"], who["incarnation"])
        nonces = bytes.fromhex(vector["diallerNonce"]), bytes.fromhex(vector["listenerNonce"])
        assert proof(vector["token"], vector["role"], identity, *nonces).hex() == vector["hex"]
    print(f"{len(vectors['frames'])} frames and {len(vectors['proofs'])} proofs agree")


async def obey(node, command):
    try:
        if command["do"] == "cancelled":
            return {"value": cancelled}
        arguments = command["service"], command["operation"], command.get("input"), command.get("deadlineMs", 5_000)
        if command["do"] == "call":
            return {"value": await node.call(*arguments)}
        items = []
        async for item in node.stream(*arguments):
            items.append(item)
            if len(items) == command.get("take"):
                break
        return {"value": items}
    except DureError as error:
        return {"error": {"code": error.code, "message": error.message, "data": error.data}}


async def run(address, mesh, token=None):
    host, port = address.rsplit(":", 1)
    node = await Node("reverse", mesh, (host, int(port)), token, CONTRACT, HANDLERS).start()
    print(json.dumps({"port": node.port}), flush=True)
    lines = asyncio.StreamReader(limit=8 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        print(json.dumps(await obey(node, json.loads(line))), flush=True)
    await node.close()


if __name__ == "__main__":
    if sys.argv[1] == "vectors":
        check_vectors(sys.argv[2])
    else:
        asyncio.run(run(*sys.argv[2:]))

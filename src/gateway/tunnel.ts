/**
 * A client and an HTTP server that speak WebSocket with each other: bytes pass as they are, both ways, each at the pace of its slower side.
 *
 * Invariants: (W1) a side that ends ends the other one, at once or once what it sent went over; (W2) no byte either way for the idle time ends
 * both; (W3) when the gateway closes, the client is told so between two frames of the server, its answer goes to the server, and both are
 * closed, after `farewellMsMax` at the latest.
 */
import { Buffer } from "node:buffer";
import { afterInBackground, every, now } from "../kit/index.ts";
import type { Answer } from "./answer.ts";
import type { TakenSocket } from "./exchange.ts";
import type { HeadedExchange } from "./headed-exchange.ts";
import { FrameReader } from "./web-socket/index.ts";

/** After one side has ended, the other may still say what it has to say for this long. */
const farewellMsMax = 5_000;
/** A Close frame: 1001, going away (RFC 6455, section 7.4.1). */
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

/** Tells the client of the switch and joins the two sides, until they part. */
export function openTunnel(
  exchange: HeadedExchange,
  answer: Answer,
  upstream: TakenSocket,
  idleMs: number,
): void {
  const client = exchange.switchProtocols(answer.headers, () => leave());
  if (!client) return void upstream.socket.destroy();
  const sides = [client.socket, upstream.socket] as const;
  const close = () => {
    for (const side of sides) side.destroy();
  };
  const frames = new FrameReader();
  frames.read(upstream.rest);
  const onBytes = (bytes: Buffer) => void frames.read(bytes);
  let isLeaving = false;
  const leave = () => {
    if (isLeaving) return;
    isLeaving = true;
    afterInBackground(farewellMsMax, close);
    // The server says farewell already, or has gone.
    if (frames.hasClosed || upstream.socket.readableEnded) return;
    upstream.socket.off("data", onBytes).unpipe(client.socket);
    sayGoingAway(client, upstream, frames);
  };
  let passed = 0;
  let passedAt = now();
  const idle = every(idleMs / 4, () => {
    const all = client.socket.bytesRead + upstream.socket.bytesRead;
    if (all !== passed) passedAt = now();
    else if (now() - passedAt >= idleMs) close();
    passed = all;
  });
  for (const side of sides) {
    side.on("error", close);
    side.on("end", () => afterInBackground(farewellMsMax, close));
    side.on("close", () => {
      idle.cancel();
      for (const other of sides) other.destroySoon();
      afterInBackground(farewellMsMax, close);
    });
  }
  if (sides.some(({ destroyed }) => destroyed)) return close();
  upstream.socket.write(client.rest);
  client.socket.write(upstream.rest);
  upstream.socket.on("data", onBytes);
  client.socket.pipe(upstream.socket).pipe(client.socket);
}

/** Passes the frame that has begun, says that the gateway goes, and passes nothing more to the client. */
function sayGoingAway(client: TakenSocket, upstream: TakenSocket, frames: FrameReader): void {
  let isSaid = false;
  const say = () => {
    isSaid = true;
    client.socket.write(goingAway);
  };
  if (frames.isBetweenFrames) say();
  upstream.socket.on("data", (bytes: Buffer) => {
    if (isSaid) return;
    const hasRoom = client.socket.write(bytes.subarray(0, frames.read(bytes, true)));
    if (frames.isBetweenFrames && !frames.hasClosed) say();
    else if (!hasRoom) {
      upstream.socket.pause();
      client.socket.once("drain", () => upstream.socket.resume());
    }
  });
  upstream.socket.resume();
}

/**
 * The yardstick: what two Node processes can do at best with JSON on one TCP connection. No errors, no deadlines, no limits.
 *
 *   | u32 length of the body | u32 call number | body: JSON, UTF-8 |
 *
 * Everything said within one tick leaves in one write.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type Answer, answer, type Question } from "./messages.ts";
import type { CallPeer } from "./peer.ts";

const headerBytes = 8;

/** Takes frames to send. */
export type Send = (callNumber: number, body: string) => void;

/**
 * Collects the frames of a tick in one buffer and writes it when the tick's microtasks are done, or as soon as it holds
 * `writeBytes`.
 */
export function batchedSend(socket: Socket, writeBytes = Number.POSITIVE_INFINITY): Send {
  let buffer = Buffer.allocUnsafeSlow(64 * 1_024);
  let end = 0;
  let isPlanned = false;
  const write = () => {
    socket.write(buffer.subarray(0, end));
    // The socket may still hold the old memory, so the next tick writes elsewhere.
    buffer = Buffer.allocUnsafeSlow(64 * 1_024);
    end = 0;
  };
  const flush = () => {
    isPlanned = false;
    if (end > 0) write();
  };
  return (callNumber, body) => {
    if (!isPlanned) process.nextTick(flush);
    isPlanned = true;
    const worstCase = headerBytes + body.length * 3;
    if (end + worstCase > buffer.length) {
      const bigger = Buffer.allocUnsafeSlow(2 * buffer.length + worstCase);
      buffer.copy(bigger, 0, 0, end);
      buffer = bigger;
    }
    const bodyBytes = buffer.write(body, end + headerBytes, "utf8");
    buffer.writeUInt32BE(bodyBytes, end);
    buffer.writeUInt32BE(callNumber, end + 4);
    end += headerBytes + bodyBytes;
    if (end >= writeBytes) write();
  };
}

/** Writes every frame by itself. */
export function immediateSend(socket: Socket): Send {
  return (callNumber, body) => {
    const frame = Buffer.allocUnsafe(headerBytes + Buffer.byteLength(body));
    frame.writeUInt32BE(frame.length - headerBytes, 0);
    frame.writeUInt32BE(callNumber, 4);
    frame.write(body, headerBytes, "utf8");
    socket.write(frame);
  };
}

/** Cuts what arrives into frames. */
export function readFrames(socket: Socket, onFrame: (callNumber: number, body: string) => void) {
  let rest: Buffer | undefined;
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    while (start + headerBytes <= bytes.length) {
      const end = start + headerBytes + bytes.readUInt32BE(start);
      if (end > bytes.length) break;
      const body = bytes.toString("utf8", start + headerBytes, end);
      onFrame(bytes.readUInt32BE(start + 4), body);
      start = end;
    }
    rest = start === bytes.length ? undefined : bytes.subarray(start);
  });
}

/** The echo with either way to send. */
export function echoPeer(createSend: (socket: Socket) => Send): CallPeer {
  return {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => {
        const send = createSend(socket);
        readFrames(socket, (callNumber, body) => {
          send(callNumber, JSON.stringify(answer(JSON.parse(body))));
        });
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return String((server.address() as { port: number }).port);
    },
    async connect(address) {
      const socket = connect({ port: Number(address), host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      const send = createSend(socket);
      const pending = new Map<number, (answer: Answer) => void>();
      let lastNumber = 0;
      readFrames(socket, (callNumber, body) => {
        const resolve = pending.get(callNumber);
        pending.delete(callNumber);
        resolve?.(JSON.parse(body));
      });
      return (question: Question) =>
        new Promise((resolve) => {
          lastNumber = (lastNumber + 1) >>> 0;
          pending.set(lastNumber, resolve);
          send(lastNumber, JSON.stringify(question));
        });
    },
  };
}

export default echoPeer((socket) => batchedSend(socket));

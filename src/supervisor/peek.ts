/**
 * Reads the head of a connection's first request and leaves everything behind it to the process that will have the connection. What
 * is read here reaches that process as a copy; so not a byte more may be taken from the socket, and it is to stand still again before
 * it is handed on:
 *
 * ```
 *   resume -> data, data ... head is whole -> pause, put the last piece back: the buffer is over its mark, so reading stops at once
 * ```
 * A paused socket alone goes on reading until its buffer is full (Node documentation, "Stream", Buffering), hence the mark of one byte.
 */
import type { Socket } from "node:net";
import { afterInBackground } from "../kit/index.ts";

/** Options of a server whose sockets are peeked at. */
export const peekable = { highWaterMark: 1 };

/** What Node's own server takes (`http.maxHeaderSize`); whoever gets more than this refuses it. In bytes. */
const headBytesMax = 16 * 1024;
/** Whoever has not sent a head by then is not waited for, in ms: connections that browsers open in advance are opened anew. */
const headMsMax = 10_000;

const headEnd = Buffer.from("\r\n\r\n");

/** The bytes of a connection up to, and maybe beyond, the end of its first head; undefined if it ends before. The socket is paused. */
export function peekAt(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let head: Buffer = Buffer.alloc(0);
    const timer = afterInBackground(headMsMax, () => socket.destroy());
    const end = (found: Buffer | undefined) => {
      timer.cancel();
      socket.off("data", onData).off("end", onGone).off("close", onGone);
      resolve(found);
    };
    const onGone = () => {
      socket.destroy();
      end(undefined);
    };
    const onData = (bytes: Buffer) => {
      const searchFrom = Math.max(0, head.length - headEnd.length);
      head = Buffer.concat([head, bytes]);
      if (!head.includes(headEnd, searchFrom) && head.length < headBytesMax) return;
      socket.pause();
      socket.unshift(bytes);
      end(head);
    };
    // A client that resets its connection is no failure of ours; "close" follows.
    socket.on("error", () => {});
    socket.on("data", onData).once("end", onGone).once("close", onGone);
    socket.resume();
  });
}

import type { Buffer } from "node:buffer";
import { createServer, connect as dial, type Socket } from "node:net";
import { after, DureError } from "../kit/index.ts";
import { onSharedBuffer, readingIntoSharedBuffer } from "./shared-read.ts";
import type { Address, ByteSocket, Listener, SocketReader, Transport } from "./transport.ts";

/** TCP through `node:net`, without Nagle's delay. */
export const tcpTransport: Transport = {
  listen(address, onSocket): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const options = { noDelay: true, keepAlive: true, pauseOnConnect: true };
      const server = createServer(options, (accepted) =>
        onSocket(wrapTcp(onSharedBuffer(accepted))),
      );
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      server.listen({ host: address.host, port: address.port }, () => {
        const bound = server.address();
        const port = typeof bound === "object" && bound ? bound.port : address.port;
        resolve({
          address: { host: address.host, port },
          close: () => new Promise((closed) => server.close(() => closed())),
        });
      });
    });
  },

  connect(address, timeoutMs): Promise<ByteSocket> {
    return new Promise((resolve, reject) => {
      const socket: Socket = dial({
        host: address.host,
        port: address.port,
        noDelay: true,
        keepAlive: true,
        onread: readingIntoSharedBuffer(() => socket),
      });
      // Until somebody listens, nothing may be read: what is read without "data" listeners is gone.
      socket.pause();
      const fail = (why: string) => {
        timer.cancel();
        socket.destroy();
        const where = `${address.host}:${address.port}`;
        reject(new DureError("UNAVAILABLE", `cannot connect to ${where}: ${why}`, { sent: "no" }));
      };
      const timer = after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
      const onError = (error: Error) => fail(error.message);
      socket.once("error", onError);
      socket.once("connect", () => {
        timer.cancel();
        socket.off("error", onError);
        resolve(wrapTcp(socket));
      });
    });
  },
};

/** Why a port cannot be listened on, and what to do about it. */
export function listenError(address: Address, error: NodeJS.ErrnoException): Error {
  const where = `${address.host}:${address.port}`;
  if (error.code === "EADDRINUSE") {
    return new DureError(
      "ALREADY_EXISTS",
      `port ${address.port} on ${address.host} is taken by another process; choose another`,
      {
        cause: error,
        details: { port: address.port, reason: "EADDRINUSE" },
      },
    );
  }
  return new DureError("UNAVAILABLE", `cannot listen on ${where}: ${error.message}`, {
    cause: error,
  });
}

/** A TCP socket that can be handed to another protocol (HTTP) after its first bytes were seen. */
export interface TcpByteSocket extends ByteSocket {
  /** The socket itself, with its listeners removed and `first` put back. */
  release(first: Buffer): Socket;
}

/** A socket of `node:net`, or one under TLS. */
export function wrapTcp(socket: Socket): TcpByteSocket {
  let failure: Error | undefined;
  let reader: SocketReader | undefined;
  // An 'error' without a listener would end the process; 'close' always follows it.
  const onError = (error: Error) => {
    failure = error;
  };
  const onData = (chunk: Buffer) => reader?.onData(chunk);
  const onClose = () => reader?.onClose(failure);
  const onDrain = () => reader?.onDrain();
  socket.on("error", onError);
  return {
    remoteAddress: socket.remoteAddress ?? "",
    localAddress: socket.localAddress ?? "",
    get writableLength() {
      return socket.writableLength;
    },
    start(newReader, first) {
      const isFirst = reader === undefined;
      reader = newReader;
      if (isFirst && socket.destroyed) queueMicrotask(onClose);
      else if (isFirst)
        socket.on("close", onClose).on("drain", onDrain).on("data", onData).resume();
      if (first && first.length > 0) newReader.onData(first);
    },
    write: (bytes) => socket.write(bytes),
    end: () => socket.end(),
    destroy: () => socket.destroy(),
    release(first) {
      socket.pause();
      socket.off("data", onData).off("close", onClose).off("drain", onDrain).off("error", onError);
      if (first.length > 0) socket.unshift(first);
      return socket;
    },
  };
}

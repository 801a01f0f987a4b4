/**
 * Reading into one buffer for all sockets: without it Node allocates 64 KiB for every read, whatever comes, which costs a small call
 * more than its frames do.
 */
import { Buffer } from "node:buffer";
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** What a socket is made with; what it reads comes as "data", a copy of just that. Keep it paused until somebody listens. */
export function readingIntoSharedBuffer(socket: () => Socket): OnReadOpts {
  return {
    buffer: readBuffer,
    callback(size) {
      const chunk = Buffer.allocUnsafe(size);
      readBuffer.copy(chunk, 0, 0, size);
      return socket().emit("data", chunk);
    },
  };
}

/** A socket with what is not documented of it: the connection itself, and that a socket can be made with one. */
interface HandleHolder {
  _handle: object | null | undefined;
}

/**
 * The same connection as a paused socket that reads into the shared buffer. Sockets that a server accepts cannot be told to, so it is
 * given another one; where that is not possible, the accepted one. @param accepted paused (`pauseOnConnect`)
 */
export function onSharedBuffer(accepted: Socket): Socket {
  const holder = accepted as unknown as HandleHolder;
  const handle = holder._handle;
  if (!handle) return accepted;
  holder._handle = null;
  const options = { handle, onread: readingIntoSharedBuffer(() => socket) };
  const socket = new Socket(options as SocketConstructorOpts);
  socket.pause();
  // The server counts the sockets that it accepted, and is closed when they are.
  socket.once("close", () => accepted.destroy());
  return socket;
}

import { Socket } from "node:net";

/**
 * From now on this process reaches port `to` where it asks for port `from`. Under every platform alike, so that none has to be told
 * of the tunnel and what its discovery says stays true.
 */
export function divert(from: number, to: number): void {
  const original = Socket.prototype.connect as (...args: any[]) => Socket;
  Socket.prototype.connect = function connect(this: Socket, ...args: any[]) {
    // `net.connect` hands on an array of options and listener; others call with options, or with port and host.
    const options = Array.isArray(args[0]) ? args[0][0] : args[0];
    if (Number(options?.port) === from) options.port = to;
    else if (args[0] === from) args[0] = to;
    return original.apply(this, args);
  } as Socket["connect"];
}

import { connect } from "node:net";

/** Sends bytes to a port and gives back everything that came until the peer closed, or until `until` is found in it. */
export function rawHttp(port: number, bytes: string | Buffer, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    const done = () => {
      socket.destroy();
      resolve(received);
    };
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
      if (until?.test(received)) done();
    });
    socket.on("close", done);
    socket.on("error", (error: NodeJS.ErrnoException) => (received ? done() : reject(error)));
    socket.setTimeout(10_000, () => reject(new Error(`no answer; so far: ${received}`)));
    socket.write(bytes);
  });
}

import { type IncomingHttpHeaders, request } from "node:http";

/** What a client got. */
export interface RawGot {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

/** Asks a server on this machine for what it has under a name, which `fetch` cannot. */
export function requestAs(
  host: string,
  port: number,
  method: string,
  path: string,
): Promise<RawGot> {
  return new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", method, path, headers: { host } };
    const asked = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("error", reject).on("end", () => {
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
      });
    });
    asked.on("error", reject).end();
  });
}

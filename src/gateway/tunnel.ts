/**
 * A client and an HTTP server that speak WebSocket with each other: bytes pass as they are, both ways, each at the pace of its slower side.
 *
 * Invariants: (W1) a side that ends ends the other one, at once or once what it sent went over; (W2) no byte either way for the idle time ends
 * both; (W3) when the gateway closes, both are closed.
 */
import { afterInBackground, every, now } from "../kit/index.ts";
import type { Answer } from "./answer.ts";
import type { TakenSocket } from "./exchange.ts";
import type { HeadedExchange } from "./headed-exchange.ts";

/** After one side has ended, the other may still say what it has to say for this long. */
const farewellMsMax = 5_000;

/** Tells the client of the switch and joins the two sides, until they part. */
export function openTunnel(
  exchange: HeadedExchange,
  answer: Answer,
  upstream: TakenSocket,
  idleMs: number,
): void {
  const client = exchange.switchProtocols(answer.headers, () => close());
  if (!client) return void upstream.socket.destroy();
  const sides = [client.socket, upstream.socket] as const;
  const close = () => {
    for (const side of sides) side.destroy();
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
  client.socket.pipe(upstream.socket).pipe(client.socket);
}

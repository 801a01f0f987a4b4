import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { gatewayProblem } from "../../http/index.ts";
import type { ExchangeChannel } from "./http1-exchange.ts";

/** What is known of a refused request. */
export interface Refused {
  readonly method: string;
  readonly requestId?: string;
  readonly target?: string | { readonly path: string };
}

/** Answers with a problem document that says that the connection ends. */
export function sendRefusal(
  channel: Pick<ExchangeChannel, "heads" | "writer">,
  { status, detail }: { readonly status: number; readonly detail: string },
  refused?: Refused,
): void {
  const { requestId = randomUUID(), target } = refused ?? {};
  // A target that could not be read is not repeated to whoever sent it.
  const path = typeof target === "object" ? target.path : "/";
  const text = JSON.stringify(gatewayProblem(status, detail, { requestId, path }));
  const head = channel.heads.write(status, [["content-type", "application/problem+json"]], {
    requestId,
    framing: Buffer.byteLength(text),
    connection: "close",
  });
  channel.writer.send(head, refused?.method === "HEAD" ? undefined : text);
}

import { Buffer } from "node:buffer";
import type { RawHead } from "../http/index.ts";
import { DureError } from "../kit/index.ts";
import type { ResponseExtra } from "../wire/index.ts";
import type { StackRequest } from "./server-stack.ts";

/** Runs a `raw` operation: the Web's own Request in, Response out. */
export async function runRaw(
  request: StackRequest,
  run: (input: Request) => unknown,
): Promise<{ body: Buffer; extra: ResponseExtra }> {
  const head: RawHead | undefined =
    request.head.http === undefined ? undefined : JSON.parse(request.head.http);
  if (!head) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `${request.ref.service}.${request.ref.operation} answers HTTP requests; call it through the gateway`,
    );
  }
  const hasBody = request.body.length > 0 && head.method !== "GET" && head.method !== "HEAD";
  const input = new Request(head.url, {
    method: head.method,
    headers: head.headers as [string, string][],
    ...(hasBody ? { body: Buffer.from(request.body as Uint8Array) } : {}),
  });
  const response = await run(input);
  if (!(response instanceof Response)) {
    throw new DureError(
      "INTERNAL",
      `${request.ref.service}.${request.ref.operation} must return a Response`,
    );
  }
  const body = Buffer.from(await response.arrayBuffer());
  return {
    body,
    extra: { status: response.status, headers: JSON.stringify([...response.headers]) },
  };
}

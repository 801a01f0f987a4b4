import type { CallOptions, OperationRuntime } from "../contract/index.ts";
import { DureError } from "../kit/index.ts";

/** What `fetch` is called with. */
export interface HttpRequest {
  /** Path and query. */
  readonly path: string;
  readonly init: {
    readonly method: string;
    readonly headers: Headers;
    readonly body?: string | ReadableStream<Uint8Array>;
    /** A body that is a stream asks for it (WHATWG Fetch). */
    readonly duplex?: "half";
  };
}

/**
 * An operation's input as a request, as the gateway reads it: fields of the path in the path, the others in the query where there is
 * no body, in the body otherwise. Throws INVALID_ARGUMENT for what does not fit, UNIMPLEMENTED where there is no binding.
 */
export function requestOf(
  runtime: OperationRuntime,
  input: unknown,
  { idempotencyKey }: CallOptions,
): HttpRequest {
  const { service, name, description } = runtime;
  const { http, hasInputStream, kind } = description;
  if (!http) {
    const message = `${service}.${name} is not offered over HTTP; give it http: "GET /..." in its contract`;
    throw new DureError("UNIMPLEMENTED", message, { sent: "no" });
  }
  const headers = new Headers({
    accept: kind === "stream" ? "application/x-ndjson" : "application/json",
  });
  if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
  const { method } = http;
  if (hasInputStream) {
    headers.set("content-type", "application/x-ndjson");
    const body = linesFrom(runtime, input as AsyncIterable<unknown>);
    return { path: http.path, init: { method, headers, body, duplex: "half" } };
  }
  const declared = runtime.declaredInput(input);
  const fields = fieldsOf(declared);
  const path = http.path.replace(/:(\w+)/g, (_, field: string) => {
    const value = fields.get(field);
    fields.delete(field);
    return encodeURIComponent(asText(value, `${service}.${name} input.${field}`));
  });
  if (method === "GET" || method === "DELETE")
    return { path: path + queryOf(fields, `${service}.${name} input`), init: { method, headers } };
  if (declared === undefined) return { path, init: { method, headers } };
  headers.set("content-type", "application/json");
  const isWhole = path === http.path;
  const body = JSON.stringify(isWhole ? declared : Object.fromEntries(fields));
  return { path, init: { method, headers, body } };
}

function fieldsOf(value: unknown): Map<string, unknown> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return new Map(isObject ? Object.entries(value) : []);
}

function queryOf(fields: ReadonlyMap<string, unknown>, title: string): string {
  const query = new URLSearchParams();
  for (const [field, value] of fields)
    for (const item of Array.isArray(value) ? value : [value])
      query.append(field, asText(item, `${title}.${field}`));
  return query.size === 0 ? "" : `?${query}`;
}

function asText(value: unknown, field: string): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  const message = `${field} is ${JSON.stringify(value)}, which cannot stand in a path or query`;
  throw new DureError("INVALID_ARGUMENT", message, { sent: "no" });
}

function linesFrom(
  runtime: OperationRuntime,
  items: AsyncIterable<unknown>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = items[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const item = await iterator.next();
        if (item.done) controller.close();
        else
          controller.enqueue(
            encoder.encode(`${JSON.stringify(runtime.declaredInput(item.value))}\n`),
          );
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

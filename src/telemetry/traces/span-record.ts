/**
 * What kind of work a span is: `http` a request at a gateway; `server` an operation that is worked on; `client` a call, with all its
 * attempts; `publish` an event that is stored; `consume` one that is handled; `saga` a saga, or a step of one.
 */
export type SpanKind = "http" | "server" | "client" | "publish" | "consume" | "saga";

/** A piece of work that is over, as one node saw it. Plain JSON. */
export interface SpanRecord {
  /** 32 lower-case hex digits: the same on every node that had part in the work. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** The span that this one is part of, here or on another node; absent for a root. */
  readonly parentId?: string;
  /** `products.get`; for `http` the method and the route, `GET /products/:id`; for `consume` and `publish` the topic. */
  readonly name: string;
  readonly kind: SpanKind;
  /** Whose work it is: the service; the node's name for a gateway, or for calls that belong to no service. */
  readonly service: string;
  /** The id of the node that recorded it, as in the registry. */
  readonly node: string;
  /** When it began, in ms since 1970 by the node's own clock, with fractions. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Whether the whole trace is kept by sampling; spans that failed or were slow are kept in any case. */
  readonly isSampled: boolean;
  readonly status: "ok" | "error";
  /** The code it ended with, where it did not end well. Messages are not kept: they may quote what was sent. */
  readonly error?: string;
  /** Of a `client` span the instance that answered, by its slot; of a `server` span the name of the node that called. */
  readonly peer?: string;
  /** Further facts, such as `http.response.status_code`; few and short. */
  readonly attributes?: Readonly<Record<string, string | number>>;
}

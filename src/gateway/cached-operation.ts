/** An operation of the mesh behind the cache: what it answers as HTTP, with the lifetime that its contract gives. */
import { createHash } from "node:crypto";
import { filledTags, type OperationDescription } from "../contract/index.ts";
import type { HeaderList } from "../http/index.ts";
import type { CallFailure } from "../wire/index.ts";
import { type Answer, NoAnswer } from "./answer.ts";
import { AskedOfCache, type CacheTerms } from "./asked-of-cache.ts";
import { ClientSignal } from "./client-signal.ts";
import type { Exchange } from "./exchange.ts";
import { RepeatedAnswer } from "./repeated-answer.ts";

/** How an operation's answers are kept. */
export type CachePolicy = NonNullable<OperationDescription["cache"]>;

/** A call failed. */
export class CallFailed extends NoAnswer {
  readonly failure: CallFailure;

  constructor(status: number, failure: CallFailure) {
    super(status, failure.message);
    this.failure = failure;
  }
}

/** A request for an operation. */
export class OperationRequest extends AskedOfCache {
  readonly #exchange: Exchange;
  readonly #client: ClientSignal;

  constructor(exchange: Exchange, terms: CacheTerms) {
    super(exchange, terms);
    this.#exchange = exchange;
    this.#client = new ClientSignal(exchange);
  }

  /** Who asks is in the audience, or means nothing. */
  get headers(): HeaderList {
    return this.#exchange.headers.filter(([name]) => name !== "authorization");
  }

  get signal(): AbortSignal {
    return this.#client.signal;
  }
}

/** A call's answer with its lifetime, and a validator, so that who has it need not get it again. */
export function operationAnswer(
  { status, body }: { readonly status: number; readonly body: Uint8Array },
  params: string | undefined,
  policy: CachePolicy,
): Answer {
  const tags = filledTags(policy.tags ?? [], JSON.parse(params ?? "{}"));
  const { maxAgeS, staleWhileRevalidateS, staleIfErrorS } = policy;
  const lifetime = [
    `max-age=${maxAgeS}`,
    ...(staleWhileRevalidateS ? [`stale-while-revalidate=${staleWhileRevalidateS}`] : []),
    ...(staleIfErrorS ? [`stale-if-error=${staleIfErrorS}`] : []),
  ];
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  const headers: HeaderList = [
    ...(body.length > 0 ? [["content-type", "application/json"] as const] : []),
    ["cache-control", lifetime.join(", ")],
    ["etag", `"${digest}"`],
    ...(tags.length > 0 ? [["surrogate-key", tags.join(" ")] as const] : []),
  ];
  return { status, headers, body };
}

/**
 * The answer for the client: whoever comes next on the way must not give one principal's answer to others, and must ask each time for what may be
 * purged here.
 */
export function forClient(answer: Answer, policy: CachePolicy): Answer {
  if (answer instanceof RepeatedAnswer) return repeatedForClient(answer, policy);
  if (isToldAsStored(policy)) return answer;
  return { ...answer, headers: toldHeaders(answer, policy) };
}

/** The same for an answer that many get. */
export function repeatedForClient(answer: RepeatedAnswer, policy: CachePolicy): RepeatedAnswer {
  if (isToldAsStored(policy)) return answer;
  // It is made anew each second, so that a policy that takes the place of this one counts soon.
  answer.told ??= new RepeatedAnswer(answer.status, toldHeaders(answer, policy), answer.body);
  return answer.told;
}

function isToldAsStored({ by, tags }: CachePolicy): boolean {
  return by === undefined && !tags;
}

function toldHeaders({ headers }: Answer, { by, tags }: CachePolicy): HeaderList {
  const rule = (value: string) => (tags ? "no-cache" : value);
  const told = headers.map(([name, value]) => {
    if (name !== "cache-control") return [name, value] as const;
    return [name, by ? `private, ${rule(value)}` : rule(value)] as const;
  });
  return by ? [...told, ["vary", "authorization, cookie"]] : told;
}

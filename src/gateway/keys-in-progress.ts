import type { Refusal, Step } from "../http/index.ts";
import { callerName, type ProvenPrincipal } from "./auth/index.ts";

/** What a request with an idempotency key is known by. */
export interface KeyedCall {
  readonly operation: string;
  readonly method: string;
  readonly key: string | undefined;
  readonly caller: ProvenPrincipal | undefined;
}

const inProgress: Refusal = {
  status: 409,
  detail: "a request with this Idempotency-Key is being worked on; ask again for its answer",
  headers: [["retry-after", "1"]],
};
const nothing = () => {};

/**
 * Idempotency keys of the requests that are at work here. The answers are kept where the effects are, in the service's database; here a
 * second request is only spared the wait for the first (draft-ietf-httpapi-idempotency-key-header-07, section 2.6). Each entry belongs
 * to a request in flight, so there are as many at most.
 */
export class KeysInProgress {
  readonly #keys = new Set<string>();

  /** Takes the key until the given function is called; 409 while another request has it. */
  hold({ operation, method, key, caller }: KeyedCall): Step<() => void> {
    if (key === undefined || method === "GET" || method === "HEAD") return { value: nothing };
    const held = JSON.stringify([operation, caller && callerName(caller), key]);
    if (this.#keys.has(held)) return { refusal: inProgress };
    this.#keys.add(held);
    return { value: () => this.#keys.delete(held) };
  }
}

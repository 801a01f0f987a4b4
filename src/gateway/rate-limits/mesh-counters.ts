/**
 * Counting for all gateways of a mesh, exactly and without a server of its own: every gateway hosts this service, and a key is counted at
 * the one that owns it on the ring of their slots.
 *
 * ```
 * gateway-1 --- take("per-member kim") ---> gateway-2: the only one that has this number
 * gateway-3 --- take("per-member kim") ------^
 * ```
 * A gateway that comes or goes moves about its share of the keys; those that move begin anew.
 */
import { z } from "zod";
import { type ClientOf, contract, op, type Service, service } from "../../contract/index.ts";
import { DureError } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { Rate, Verdict } from "./core/gcra.ts";
import { type Counters, LocalCounters } from "./counters.ts";

/** The longest that a request waits to be counted elsewhere, in ms. */
const askMsMax = 250;

const counting = contract("ratelimits", {
  take: op({
    input: z.object({ key: z.string(), intervalMs: z.number(), burst: z.int() }),
    output: z.object({
      isAllowed: z.boolean(),
      remaining: z.int(),
      resetMs: z.number(),
      retryMs: z.number(),
    }),
    partitionBy: ({ key }) => key,
    deadlineMs: askMsMax,
  }),
});

/** What a gateway's node hosts for policies that are shared by the mesh. */
export function rateLimitService(): Service {
  return service(counting, ({ handle }) => {
    const counters = new LocalCounters();
    return handle({ take: ({ key, ...rate }) => counters.take(key, rate) });
  });
}

/** Asks the owners. */
export class MeshCounters implements Counters {
  readonly #client: ClientOf<typeof counting>;

  /** Throws FAILED_PRECONDITION where the node does not take part. */
  constructor(node: MeshNode) {
    if (!node.registry.self.services.some(({ name }) => name === "ratelimits")) {
      const message =
        "gateway.rateLimits: a policy is shared by the mesh, and the gateway's node does not host rateLimitService(); give it to createNode";
      throw new DureError("FAILED_PRECONDITION", message);
    }
    this.#client = node.client(counting);
  }

  take(key: string, rate: Rate): Promise<Verdict> {
    return this.#client.take({ key, ...rate });
  }
}

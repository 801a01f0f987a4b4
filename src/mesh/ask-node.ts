import { Buffer } from "node:buffer";
import { DureError } from "../kit/index.ts";
import type { NodeRecord } from "../registry/index.ts";
import type { OperationRef } from "../wire/index.ts";
import type { Targets } from "./targets.ts";

/** What a node answers itself: from params to JSON. */
export type BuiltIn = (params: Record<string, string>) => string;

/** Which node is asked what. */
export interface NodeQuestion {
  /** As the registry tells of it. */
  readonly node: NodeRecord;
  /** A built-in operation, as `$telemetry.spans`. */
  readonly operation: string;
  readonly params: Readonly<Record<string, string>>;
  /** Time for the answer, in ms. */
  readonly deadlineMs: number;
}

/** Asks nodes one by one, where calls ask a service. */
export class NodeAsker {
  readonly #selfId: string;
  readonly #own: ReadonlyMap<string, BuiltIn>;
  readonly #targets: Targets;
  /** Links number operations by identity; there are as many as built-in operations. */
  readonly #refs = new Map<string, OperationRef>();

  /** @param own what this node answers itself. */
  constructor(selfId: string, own: ReadonlyMap<string, BuiltIn>, targets: Targets) {
    this.#selfId = selfId;
    this.#own = own;
    this.#targets = targets;
  }

  /** Resolves to what the JSON says. Rejects with NOT_FOUND for a node that does not listen, and as any call. */
  async ask({ node, operation, params, deadlineMs }: NodeQuestion): Promise<unknown> {
    if (node.id === this.#selfId) return JSON.parse(this.#own.get(operation)?.(params) ?? "null");
    if (node.port === 0) {
      const message = `node ${node.slot} cannot be asked ${operation}: it does not listen`;
      throw new DureError("NOT_FOUND", message, { sent: "no" });
    }
    const address = { host: node.host, port: node.port };
    const target = this.#targets.of({ nodeId: node.id, record: node, address });
    const client = await target.connect();
    const head = { deadlineMs, params: JSON.stringify(params) };
    const outcome = await client.call(this.#refOf(operation), head, "").outcome;
    if (outcome.ok) return JSON.parse(Buffer.from(outcome.response.body).toString());
    const { code, message, sent } = outcome.failure;
    throw new DureError(code, `node ${node.slot}: ${message}`, { sent });
  }

  #refOf(name: string): OperationRef {
    let ref = this.#refs.get(name);
    if (!ref) {
      const [service = "", operation = ""] = name.split(".");
      ref = { service, operation, contractHash: "" };
      this.#refs.set(name, ref);
    }
    return ref;
  }
}

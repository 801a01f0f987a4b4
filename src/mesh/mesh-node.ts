import type { AnyContract, ClientOf, ContractDescription } from "../contract/index.ts";
import type { Registry } from "../registry/index.ts";
import type { Logger, Metrics, Traces } from "../telemetry/index.ts";
import type { PendingCall } from "../wire/index.ts";
import type { NodeQuestion } from "./ask-node.ts";
import type { CallRequest } from "./client-stack.ts";
import type { PrincipalProofs } from "./principal-proofs.ts";
import type { MessageStream } from "./stream-call.ts";

/** A node that runs. */
export interface MeshNode {
  readonly id: string;
  readonly name: string;
  /** The port it listens on; 0 if it only calls. */
  readonly port: number;
  /** Requests at work here. */
  readonly requestCount: number;
  readonly registry: Registry;
  readonly logger: Logger;
  /** What it counts and measures. */
  readonly metrics: Metrics;
  /** Its spans. */
  readonly traces: Traces;
  /** A client whose calls are roots: own trace, default deadline. */
  client<C extends AnyContract>(contract: C): ClientOf<C>;
  /** `fetch` with services as hosts, `http://products/products/7`, balanced and retried as any call. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** A call as bytes, local or remote; for gateways and tools. */
  call(request: CallRequest): PendingCall;
  /** A call as bytes that is answered by a stream; what goes wrong is thrown to its reader as a `StreamFailure`. */
  openStream(request: CallRequest): MessageStream;
  /** Signs principals that this node has verified, so that other nodes believe it, and judges what was signed. */
  readonly vouching: Pick<PrincipalProofs, "sign" | "announce" | "judge">;
  /** Asks one node what every node answers itself, as `$telemetry.spans`. Rejects with NOT_FOUND if it does not listen, and as any call. */
  ask(question: NodeQuestion): Promise<unknown>;
  /** A contract of the fleet by its hash, once it is known. */
  contractOf(hash: string): ContractDescription | undefined;
  /** Calls `listener` when contracts have become known; gives back how to stop it. */
  onContracts(listener: () => void): () => void;
  /** Leaves in order: no new work, then what is at work ends, at most `deadlineMs` (default 10,000). */
  drain(deadlineMs?: number): Promise<void>;
  /** Stops now. After {@link drain} nothing is lost by it. */
  close(): Promise<void>;
}

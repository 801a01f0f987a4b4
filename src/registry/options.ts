import type { Logger } from "../telemetry/index.ts";
import type { Address, Transport } from "../wire/index.ts";
import type { NodeRecord } from "./record.ts";

/** What a node says of itself; the registry adds incarnation and revision. */
export type SelfRecord = Omit<
  NodeRecord,
  "incarnation" | "revision" | "machine" | "pid" | "startedAt" | "zone" | "weight"
> &
  Partial<Pick<NodeRecord, "zone" | "weight">>;

/** What {@link joinRegistry} needs. */
export interface RegistryOptions {
  readonly self: SelfRecord;
  readonly distributors: readonly Address[];
  readonly token?: string | undefined;
  /** Where the view is kept between runs; nowhere without it. */
  readonly dataDir?: string | undefined;
  readonly transport?: Transport | undefined;
  readonly logger?: Logger | undefined;
  /** Whether that very process answers. Default: a handshake and a PING. */
  readonly probe?: ((record: NodeRecord) => Promise<boolean>) | undefined;
  /** A newer process took this node's id. */
  readonly onReplaced?: (() => void) | undefined;
}

import type { OperationRef } from "../wire/index.ts";
import type { Change } from "./core/directory.ts";
import type { NodeRecord } from "./record.ts";

/** The operations of a Distributor. Bodies are JSON; docs/reference/distributor.md shows them. */
export const distributorRefs = {
  /** A stream that is held open for as long as the registration shall live. Body: a {@link NodeRecord}. */
  register: { service: "distributor", operation: "register", contractHash: "" },
  /** Changes the record registered over the same link. Body: a {@link NodeRecord}. */
  update: { service: "distributor", operation: "update", contractHash: "" },
  /** Says goodbye. Body: `{ id }`. */
  leave: { service: "distributor", operation: "leave", contractHash: "" },
  /** A stream of {@link WatchMessage}. Body: {@link WatchRequest}. */
  watch: { service: "distributor", operation: "watch", contractHash: "" },
  /** The list once. Body: `{ service? }`; answer: `{ nodes }`. */
  lookup: { service: "distributor", operation: "lookup", contractHash: "" },
} as const satisfies Record<string, OperationRef>;

/** Where a watcher left off. */
export interface WatchRequest {
  readonly epoch?: string | undefined;
  readonly seq?: number | undefined;
}

/** What a watcher hears. */
export type WatchMessage =
  | {
      readonly kind: "snapshot";
      readonly epoch: string;
      readonly seq: number;
      readonly nodes: readonly NodeRecord[];
    }
  | {
      readonly kind: "changes";
      readonly epoch: string;
      readonly from: number;
      readonly seq: number;
      readonly changes: readonly Change[];
    };

/** What a registrant hears. */
export type RegisterMessage =
  | { readonly kind: "registered"; readonly host: string }
  /** The id is known with this incarnation; register again with a higher one. */
  | { readonly kind: "outdated"; readonly incarnation: number }
  /** A newer process registered under the same id: this one must stop announcing itself. */
  | { readonly kind: "replaced" };

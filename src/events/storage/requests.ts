import type { ErrorCode } from "../../kit/index.ts";
import type { PackedBatch, StoredBlock } from "../core/packed-events.ts";
import type { DeadLetter, ParkedEvent } from "../types.ts";
import type { GroupChange, GroupEntry, SavedGroup } from "./groups-file.ts";
import type { Appended } from "./log-file.ts";
import type { ReadBounds, Retention } from "./topic-file.ts";

/** What is asked of the file, by name: what goes in, and what comes out. */
export interface StorageCalls {
  append: { in: PackedBatch; out: Appended };
  openGroup: { in: { name: string; topic: string; start: "beginning" | "now" }; out: SavedGroup };
  saveGroup: { in: GroupChange; out: undefined };
  /** Moves a letter back to its group, to be tried again; `body` in place of the data that failed. With `isDropped` nobody gets it. */
  revive: {
    in: { id: number; body?: string | undefined; isDropped?: boolean | undefined };
    out: { letter: DeadLetter; parked?: ParkedEvent } | undefined;
  };
  retain: { in: Retention & { now: number }; out: number };
  /** Whole blocks: the first one may begin before `from`. */
  read: { in: { topic: string; from: number; bounds: ReadBounds }; out: StoredBlock[] };
  deadLetters: {
    in: { group?: string | undefined; after: number; max: number };
    out: DeadLetter[];
  };
  overview: { in: undefined; out: Overview };
}

/** What the log holds. */
export interface Overview {
  readonly incarnation: number;
  readonly path: string;
  readonly topics: readonly {
    readonly name: string;
    readonly first: number;
    readonly next: number;
    readonly bytes: number;
  }[];
  readonly groups: readonly (GroupEntry & { readonly dead: number })[];
}

export type StorageCallName = keyof StorageCalls;

/** These change the file, and share one transaction with all others that wait. */
export const writingCalls: ReadonlySet<StorageCallName> = new Set<StorageCallName>([
  "append",
  "openGroup",
  "saveGroup",
  "revive",
  "retain",
]);

export interface StorageRequest {
  readonly name: StorageCallName;
  readonly input: unknown;
  /** Ms since 1970. */
  readonly at: number;
}

/** An outcome that survives a thread boundary. */
export type StorageAnswer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details?: unknown;
    };

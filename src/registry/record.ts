import { z } from "zod";
import { DureError } from "../kit/index.ts";

/** One service on one node. */
export interface ServiceRecord {
  /** The contract's name. */
  readonly name: string;
  readonly version: string;
  /** Hash of the contract's description; its body is fetched once by this hash. */
  readonly contractHash: string;
}

/** What a node tells the Distributor about itself. The order of two records of one id is (incarnation, revision). */
export interface NodeRecord {
  /** Unique per process. */
  readonly id: string;
  /** Grows with every start of a process under this id. */
  readonly incarnation: number;
  /** Grows with every change of this record within one process. */
  readonly revision: number;
  /** What people call it: usually the service's name. */
  readonly name: string;
  /** A stable label such as `products-1`, which survives a restart of the process. */
  readonly slot: string;
  /** The mesh (project) it belongs to. */
  readonly mesh: string;
  /** The address callers dial: as the node states it, as its way to the Distributor shows it, or as the Distributor saw it. */
  readonly host: string;
  /** The mesh port; 0 for a node that only calls. */
  readonly port: number;
  /** The failure domain it runs in, such as `eu-1a`; callers of the same one prefer it. Empty: none. */
  readonly zone: string;
  /** Its share of the calls, compared with other instances; 1 is usual. */
  readonly weight: number;
  /** Which machine it runs on, so that loopback addresses are only used on the same one. */
  readonly machine: string;
  /** Routes it serves, such as `GET /products/:id`; for people and for programs that are not on the mesh. */
  readonly urls: readonly string[];
  readonly services: readonly ServiceRecord[];
  /** `quarantined`: it runs and gets no calls, because its contracts would break callers. */
  readonly state: "ready" | "draining" | "quarantined";
  /** Of nodes that say for whom calls are made: the certificates by which they do, DER in base64, the newest first. */
  readonly certificates?: readonly string[] | undefined;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** What a node may change of its record while it runs. */
export type RecordPatch = Partial<
  Pick<NodeRecord, "services" | "urls" | "state" | "port" | "certificates">
>;

const recordSchema = z.object({
  id: z.string().min(1).max(200),
  incarnation: z.number().min(0),
  revision: z.int().min(0),
  name: z.string().min(1).max(200),
  slot: z.string().max(200),
  mesh: z.string().max(200),
  host: z.string().max(255),
  port: z.int().min(0).max(65_535),
  zone: z.string().max(200).default(""),
  weight: z.number().positive().max(1_000).default(1),
  machine: z.string().max(200),
  urls: z.array(z.string().max(2_000)).max(1_000),
  services: z
    .array(
      z.object({
        name: z.string().max(200),
        version: z.string().max(100),
        contractHash: z.string().max(100),
      }),
    )
    .max(1_000),
  state: z.enum(["ready", "draining", "quarantined"]),
  certificates: z.array(z.string().max(10_000)).max(2).optional(),
  pid: z.int(),
  startedAt: z.number(),
});

/** Checks what somebody calls a record. Throws INVALID_ARGUMENT naming the field. */
export function parseNodeRecord(value: unknown): NodeRecord {
  const result = recordSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DureError(
    "INVALID_ARGUMENT",
    `not a node record: ${issue?.path.join(".")} ${issue?.message}`,
  );
}

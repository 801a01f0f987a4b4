import { createHash } from "node:crypto";
import type { ContractDescription } from "../contract/index.ts";

/** Names a contract by what it says: SHA-256 over its description with sorted keys, the first 32 hex digits. */
export function contractHash(description: ContractDescription): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(description)))
    .digest("hex")
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}

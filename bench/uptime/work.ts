import { createHash } from "node:crypto";

const rounds = 200;

/** What a handler costs: about half a millisecond of one core, so that the servers are busy and not who asks them. */
export function work(): string {
  let digest = "";
  for (let round = 0; round < rounds; round += 1)
    digest = createHash("sha256").update(digest).digest("hex");
  return digest;
}

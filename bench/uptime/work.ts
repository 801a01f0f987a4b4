import { hash } from "node:crypto";

const rounds = 1_000;

/**
 * What a handler costs: about half a millisecond of one core, so that the servers are busy and not who asks them. It makes next to no
 * garbage: with an object for each round (`createHash`) a collection takes 50 ms, which would hide what is measured.
 */
export function work(): string {
  let digest = "";
  for (let round = 0; round < rounds; round += 1) digest = hash("sha256", digest);
  return digest;
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { contract, op } from "../../../src/index.ts";

export const echo = contract("echo", {
  say: op({
    idempotent: true,
    input: z.object({ text: z.string() }),
    output: z.object({ text: z.string(), by: z.string() }),
  }),
  heal: op({}),
});

/** Starts `echo-node.ts` and waits until it listens. */
export async function startEcho(
  distributorPort: number,
  slot: string,
  kind: string,
): Promise<ChildProcess> {
  const program = new URL("echo-node.ts", import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    ["--conditions=dure-source", program, String(distributorPort), slot, kind],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  await once(child.stdout, "data");
  return child;
}

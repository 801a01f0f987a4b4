/** A worker for the harness tests: says "ready <name>", burns CPU when asked, or dies at once. */
import { workFor } from "../../bench/harness/worker.ts";

const [name] = process.argv.slice(2);
if (name === "die") process.exit(3);
workFor(`ready ${name}`, async ({ burnMs }: { burnMs: number }) => {
  const endsAt = performance.now() + burnMs;
  while (performance.now() < endsAt);
  return "done";
});

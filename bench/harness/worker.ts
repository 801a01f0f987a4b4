import type { WorkerMessage } from "./processes.ts";

/**
 * The child's side of {@link startWorker}: says where it is reached, answers what it is asked, and ends on SIGTERM, after
 * `stop`, or when its parent is gone.
 */
export function workFor(
  address: string,
  answer?: (request: any) => Promise<unknown>,
  stop?: () => Promise<unknown>,
): void {
  const send = (message: WorkerMessage) => process.send?.(message);
  process.on("disconnect", () => process.exit(0));
  process.on("SIGTERM", async () => {
    await stop?.();
    process.exit(0);
  });
  process.on("message", async (request) => {
    send({ kind: "answer", value: await answer?.(request) });
  });
  send({ kind: "ready", address });
}

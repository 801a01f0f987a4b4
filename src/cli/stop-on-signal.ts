import { asError, now } from "../kit/index.ts";

/** A terminal, npm and a wrapper may each pass on one Ctrl-C: signals that come together are one. In ms. */
const togetherMs = 2_000;

/** What to do on signals. */
export interface StopHandlers {
  /** In order: the process ends with 0 when it resolves. */
  stop(): Promise<unknown>;
  /** A second signal, later: the user does not want to wait. */
  hurry?(): void;
}

/** Stops in order on SIGINT, SIGTERM, SIGHUP or when the parent's channel closes, and ends the process. */
export function stopOnSignal(handlers: StopHandlers | StopHandlers["stop"]): void {
  const { stop, hurry } = typeof handlers === "function" ? { stop: handlers } : handlers;
  let firstAt: number | undefined;
  const onSignal = () => {
    if (firstAt !== undefined) {
      if (now() - firstAt < togetherMs) return;
      if (hurry) return hurry();
      process.exit(1);
    }
    firstAt = now();
    stop().then(
      () => process.exit(0),
      (thrown) => {
        console.error(`did not stop cleanly: ${asError(thrown).stack}`);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  // Started with a channel, by scripts/with-install.mjs or a process manager: its end says that nobody passes signals on.
  if (process.connected) process.on("disconnect", onSignal);
}

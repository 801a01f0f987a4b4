import { DureError } from "./error.ts";
import { afterInBackground } from "./scheduler.ts";

/** What `work` comes to, or DEADLINE_EXCEEDED after `msMax`: `what` took too long. The work itself goes on. */
export async function inTime<Value>(
  work: Promise<Value>,
  msMax: number,
  what: string,
): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = afterInBackground(msMax, () =>
    reject(new DureError("DEADLINE_EXCEEDED", `${what} took more than ${msMax} ms`)),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.cancel();
  }
}

/** The event log as a service: one process that stores events and tells consumer groups who works on what. */
import { type Service, service } from "../contract/index.ts";
import { asError, Backoff, every, now, sleep, wallTime } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { packAnswer } from "./core/poll-answer.ts";
import { EventLog } from "./event-log.ts";
import { eventLog } from "./log-contract.ts";
import { addLogReadings } from "./log-metrics.ts";
import type { Storage } from "./storage/storage.ts";
import type { Retention } from "./storage/topic-file.ts";

/** What the log is made with. */
export interface EventLogOptions {
  /** Opens the file. */
  storage(): Promise<Storage>;
  /** Default: 7 days, and 4 GiB for each topic. */
  readonly retention?: Partial<Retention> | undefined;
}

const defaultRetention: Retention = { keepMs: 7 * 24 * 3_600_000, keepBytes: 4 * 2 ** 30 };
const retainEveryMs = 60_000;
/** The service that is the log. Starting it rejects with what the file says: in use, damaged, written by a newer version. */
export function eventLogService({ storage: openStorage, retention }: EventLogOptions): Service {
  return service(eventLog, {
    async setup({ onStop, handle, log: logger, metrics, signal }) {
      const storage = await openStorage();
      onStop(() => storage.close());
      let current = await EventLog.open(storage, logger);
      let log = Promise.resolve(current);
      storage.onTakenOver?.(() => {
        logger.warn("another process has had the event log meanwhile; it is read again");
        log = log.then(async (former) => {
          current = await openAgain(storage, { former, logger, signal });
          return current;
        });
      });
      onStop(async () => (await log).close());
      addLogReadings(metrics, () => current.lags());
      logger.info(`event log ready: ${storage.durability}`, { path: current.path });
      // The wall clock may be set; how long this process has run may not.
      const startedAt = wallTime() - now();
      const keep = { ...defaultRetention, ...retention };
      const timer = every(retainEveryMs, () => {
        storage
          .call("retain", { ...keep, now: startedAt + now() })
          .catch((error) =>
            logger.error("old events could not be dropped", { reason: (error as Error).message }),
          );
      });
      onStop(() => timer.cancel());
      return handle({
        append: async (batch) => (await log).append(batch),
        delay: async (delayed) => (await log).delay(delayed),
        poll: async (input, ctx) =>
          packAnswer(await (await log).poll(input, AbortSignal.any([ctx.signal, signal]))),
        renew: async (input) => (await log).renew(input),
        parked: async (input) => (await log).parked(input),
        commit: async (input) => (await log).commit(input),
        overview: async () => (await log).overview(),
        deadLetters: async (input) => ({ letters: await storage.call("deadLetters", input) }),
        drop: async (input, ctx) => {
          if (!(await (await log).drop(input))) ctx.fail("NoSuchLetter");
        },
        replay: async (input, ctx) => (await (await log).replay(input)) ?? ctx.fail("NoSuchLetter"),
        async *tail(input, ctx) {
          yield* (await log).tail(input, AbortSignal.any([ctx.signal, signal]));
        },
      });
    },
  });
}

/** Tries until the storage is there again. */
async function openAgain(
  storage: Storage,
  { former, logger, signal }: { former: EventLog; logger: Logger; signal: AbortSignal },
): Promise<EventLog> {
  former.close();
  let isTold = false;
  const backoff = new Backoff({ baseMs: 100, capMs: 5_000 });
  while (!signal.aborted) {
    try {
      return await EventLog.open(storage, logger);
    } catch (thrown) {
      const reason = asError(thrown).message;
      if (!isTold)
        logger.warn("the event log cannot be read again yet; it is tried on", { reason });
      isTold = true;
      await sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
  }
  return former;
}

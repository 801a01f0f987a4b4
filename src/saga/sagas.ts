import {
  type EventDefinition,
  eventOf,
  type SagaSummary,
  type SetupContext,
} from "../contract/index.ts";
import type { SqlDatabase, SqlRunner } from "../events/index.ts";
import { asError, DureError, every, now, random, sleep, wallTime } from "../kit/index.ts";
import { errorFromText } from "./recorded-error.ts";
import type { Saga, StepContext } from "./saga.ts";
import { SagaRun, type StepTry } from "./saga-run.ts";
import { type SagaRow, SagaStore } from "./saga-store.ts";
import { summaryOf } from "./saga-summary.ts";
import type { SagaHandlers, SagaOutcome, SagaPlace, Sagas } from "./types.ts";

/** The part of a service's setup that sagas work with. */
export type SagaHost = Pick<SetupContext<any, any>, "within" | "log" | "signal" | "onStop" | "on">;

const leaseMs = 10_000;
const pollMs = 500;
const watchMs = 20;
const concurrency = 32;
const listMax = 200;
const cleanEveryMs = 3_600_000;

/** Makes the tables if they are missing and goes on with what was left; every instance of the service may. It ends with the service. */
export async function openSagas(
  host: SagaHost,
  database: SqlDatabase,
  definitions: readonly Saga[],
): Promise<Sagas> {
  const sagas = new RunningSagas(host, database, definitions);
  await sagas.open();
  return sagas;
}

class RunningSagas implements Sagas {
  readonly #host: SagaHost;
  readonly #store: SagaStore;
  readonly #definitions: ReadonlyMap<string, Saga>;
  readonly #owner = `${wallTime().toString(36)}${Math.floor(random() * 2 ** 40).toString(36)}`;
  readonly #running = new Map<string, Promise<void>>();
  readonly handlers: SagaHandlers = {
    sagas: async ({ state, id }) => ({
      items: id === undefined ? await this.list(state) : await this.#listOne(id, state),
    }),
    retrySaga: ({ id }) => this.retry(String(id)),
    abandonSaga: ({ id }) => this.abandon(String(id)),
  };
  #wake = new AbortController();

  constructor(host: SagaHost, database: SqlDatabase, definitions: readonly Saga[]) {
    this.#host = host;
    this.#store = new SagaStore(database, leaseMs);
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
  }

  async open(): Promise<void> {
    await this.#store.open();
    const events = new Set(
      [...this.#definitions.values()].flatMap((definition) => definition.events),
    );
    for (const event of events) this.#listen(event);
    const clean = every(
      cleanEveryMs,
      () =>
        void this.#store.clean().catch((error: Error) =>
          this.#host.log.warn("old events of sagas could not be dropped", {
            reason: error.message,
          }),
        ),
    );
    const looping = this.#loop();
    this.#host.onStop(async () => {
      clean.cancel();
      this.#wake.abort();
      await looping;
      await Promise.all(this.#running.values());
    });
  }

  async start<Input>(
    transaction: SqlRunner,
    definition: Saga<Input, any>,
    place: string | SagaPlace,
    input: Input,
  ): Promise<boolean> {
    if (!this.#definitions.has(definition.name)) {
      const message = `saga ${definition.name} is not among those that openSagas was given`;
      throw new DureError("INVALID_ARGUMENT", message);
    }
    const { name } = definition;
    const { id, ...trace } = typeof place === "string" ? { id: place } : place;
    const text = JSON.stringify(input ?? null);
    // Whoever runs the steps, and whenever: they are parts of this span.
    const isNew = await this.#host.within(
      { name, ...trace },
      ({ traceparent, tracestate = null }) =>
        this.#store.start(transaction, { id, name, input: text, traceparent, tracestate }),
    );
    this.#wake.abort();
    return isNew;
  }

  async outcome<Output>(
    definition: Saga<any, Output>,
    id: string,
    waitMs: number,
  ): Promise<SagaOutcome<Output> | undefined> {
    const until = now() + waitMs;
    for (;;) {
      const row = await this.#store.find(id);
      if (!row || row.name !== definition.name) return undefined;
      if (row.state === "done")
        return { state: "done", output: JSON.parse(row.output ?? "null") as Output };
      if (row.state === "failed" || row.state === "abandoned")
        return { state: row.state, error: errorFromText(row.error ?? "{}") };
      if (row.state === "stuck" || now() >= until) return { state: row.state };
      const pause = sleep(Math.min(watchMs, Math.max(1, until - now())));
      await Promise.race([this.#running.get(id) ?? pause, pause]);
      this.#wake.abort();
    }
  }

  async list(state?: SagaRow["state"]): Promise<SagaSummary[]> {
    const rows = await this.#store.list(state, listMax);
    return Promise.all(rows.map((row) => this.#summaryOf(row)));
  }

  async #listOne(id: string, state?: SagaRow["state"]): Promise<SagaSummary[]> {
    const row = await this.#store.find(id);
    const isMeant = row && (state === undefined || row.state === state);
    return isMeant ? [await this.#summaryOf(row)] : [];
  }

  async #summaryOf(row: SagaRow): Promise<SagaSummary> {
    return summaryOf(row, await this.#store.steps(row.id));
  }

  async retry(id: string): Promise<void> {
    const row = await this.#store.find(id);
    const steps = await this.#store.steps(id);
    // It was being undone if something has failed for good, or is undone already.
    const isUndoing = steps.some(
      ({ state }) => state === "compensated" || state === "unknown" || state === "refused",
    );
    await this.#unstick(id, row, isUndoing ? "compensating" : "running");
    this.#wake.abort();
  }

  async abandon(id: string): Promise<void> {
    await this.#unstick(id, await this.#store.find(id), "abandoned");
  }

  async #unstick(id: string, row: SagaRow | undefined, state: SagaRow["state"]): Promise<void> {
    if (await this.#store.unstick(id, state)) return;
    const is = row ? `is ${row.state}` : "does not exist";
    throw new DureError(
      "FAILED_PRECONDITION",
      `saga ${id} ${is}; only one that is stuck can be retried or abandoned`,
    );
  }

  #listen(event: EventDefinition): void {
    const runtime = eventOf(event);
    this.#host.on(event, async (data, ctx) => {
      const key = runtime.keyOf(data) ?? "";
      await this.#store.keepEvent({
        topic: runtime.name,
        key,
        id: ctx.idempotencyKey ?? "",
        body: JSON.stringify(data),
      });
      this.#wake.abort();
    });
  }

  async #loop(): Promise<void> {
    const { signal, log } = this.#host;
    let isTroubled = false;
    while (!signal.aborted) {
      try {
        const free = concurrency - this.#running.size;
        const rows = free > 0 ? await this.#store.claim(this.#owner, free) : [];
        for (const row of rows) this.#begin(row);
        isTroubled = false;
        if (rows.length === 0) await this.#idle();
      } catch (thrown) {
        if (!isTroubled)
          log.warn("sagas wait: the database cannot be used", { reason: asError(thrown).message });
        isTroubled = true;
        await sleep(pollMs, signal).catch(() => undefined);
      }
    }
  }

  async #idle(): Promise<void> {
    const woken = this.#wake.signal;
    const any = AbortSignal.any([this.#host.signal, woken]);
    await sleep(pollMs, any).catch(() => undefined);
    if (!woken.aborted) return;
    this.#wake = new AbortController();
    // What was started in a transaction has most likely been committed by then.
    await sleep(2, this.#host.signal).catch(() => undefined);
  }

  #begin(row: SagaRow): void {
    const work = this.#work(row)
      .catch((error) =>
        this.#host.log.error("a saga could not be run; it is tried again", {
          saga: row.name,
          id: row.id,
          reason: asError(error).message,
        }),
      )
      .finally(() => {
        this.#running.delete(row.id);
        this.#wake.abort();
      });
    this.#running.set(row.id, work);
  }

  #inStep<Output>(
    row: SagaRow,
    { name, key, signal, timeoutMs }: StepTry,
    run: (ctx: StepContext) => Output,
  ): Promise<Awaited<Output>> {
    const work = {
      name: `${row.name}.${name}`,
      traceparent: row.traceparent ?? undefined,
      tracestate: row.tracestate ?? undefined,
      signal,
      deadlineMs: timeoutMs,
    };
    return this.#host.within(work, (ctx) =>
      run({
        key,
        signal,
        client: (contract) => ctx.client(contract),
        fetch: (input, init) => ctx.fetch(input, init),
        log: ctx.log.child({ saga: row.name, sagaId: row.id }),
      }),
    );
  }

  async #work(row: SagaRow): Promise<void> {
    const definition = this.#definitions.get(row.name);
    if (!definition) {
      const message = `no saga "${row.name}" is known here; bring its code back, or abandon it`;
      return this.#store.release(row, {
        state: "stuck",
        error: JSON.stringify({ code: "FAILED_PRECONDITION", message }),
      });
    }
    const lost = new AbortController();
    const renewing = every(leaseMs / 3, () => {
      this.#store.renew(row).then(
        (isOwn) => isOwn || lost.abort(new Error("another instance has it")),
        () => undefined,
      );
    });
    const { log, signal } = this.#host;
    try {
      const steps = await this.#store.steps(row.id);
      const run = new SagaRun({
        store: this.#store,
        row,
        steps,
        definition,
        signal: AbortSignal.any([signal, lost.signal]),
        within: (step, runStep) => this.#inStep(row, step, runStep),
      });
      const change = await run.execute();
      if (!change) {
        // The service stops: whoever takes it next need not wait for the lease.
        if (!lost.signal.aborted) await this.#store.release(row, {});
        return;
      }
      if (change.state === "stuck")
        log.error("a saga is stuck; see: dure sagas", {
          saga: row.name,
          id: row.id,
          error: change.error,
        });
      await this.#store.release(row, change);
    } finally {
      renewing.cancel();
    }
  }
}

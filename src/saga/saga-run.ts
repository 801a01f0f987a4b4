/**
 * One run of a saga: its function from the beginning, with the steps that are done answered from what is written down, until it ends,
 * has to wait, or has to be undone. Whatever interrupts it leaves the function where it is: it is never resumed, only run again.
 */
import { type EventDefinition, eventOf } from "../contract/index.ts";
import { after, asError, DureError, random, wallTime } from "../kit/index.ts";
import {
  compensationAttemptsMax,
  isRefusal,
  retryDelayMs,
  toCompensate,
} from "./core/decisions.ts";
import { errorFromText, errorToText } from "./recorded-error.ts";
import type { Saga, SagaContext, StepContext, StepOptions, WaitOptions } from "./saga.ts";
import type { SagaChange, SagaRow, SagaStore, StepRow } from "./saga-store.ts";

/** What a run works with. */
export interface SagaRunOptions {
  readonly store: SagaStore;
  readonly row: SagaRow;
  readonly steps: readonly StepRow[];
  readonly definition: Saga;
  /** Aborts when the service stops or the saga has gone to another instance. */
  readonly signal: AbortSignal;
  /** Runs a try of a step, or of its undoing, as a part of the saga's trace. */
  within<Output>(step: StepTry, run: (ctx: StepContext) => Output): Promise<Awaited<Output>>;
}

/** A try of a step. */
export interface StepTry {
  /** The step's name; with `.undo` for its compensation. */
  readonly name: string;
  /** The same for every try. */
  readonly key: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const stepTimeoutMs = 10_000;
const attemptsMax = 8;

/** Why a run does not go on now. */
type Interruption =
  | { readonly kind: "change"; readonly change: SagaChange }
  /** Another instance has it. */
  | { readonly kind: "lost" }
  /** While it is undone: what is written down ends here. */
  | { readonly kind: "end of record" };

type Compensation = (ctx: StepContext) => Promise<unknown>;

export class SagaRun implements SagaContext {
  readonly #options: SagaRunOptions;
  readonly #recorded: Map<number, StepRow>;
  readonly #compensations = new Map<number, Compensation>();
  readonly #working = new Set<Promise<unknown>>();
  readonly #interrupted = Promise.withResolvers<Interruption>();
  readonly #isReplay: boolean;
  #position = 0;

  constructor(options: SagaRunOptions) {
    this.#options = options;
    this.#recorded = new Map(options.steps.map((step) => [step.position, step]));
    this.#isReplay = options.row.state === "compensating";
  }

  get id(): string {
    return this.#options.row.id;
  }

  /** Runs it as far as it gets now. Resolves to how it is to be given back; undefined if another instance has it. */
  async execute(): Promise<SagaChange | undefined> {
    const { definition, row } = this.#options;
    const running = definition.run(this, JSON.parse(row.input)).then(
      (output) => ({ kind: "done" as const, output }),
      (thrown) => ({ kind: "thrown" as const, error: asError(thrown) }),
    );
    const end = await Promise.race([running, this.#interrupted.promise]);
    await Promise.allSettled([...this.#working]);
    if (end.kind === "lost") return undefined;
    if (end.kind === "change") return end.change;
    if (this.#isReplay) return this.#undo();
    const left = this.#recorded.get(this.#position);
    if (end.kind === "done" && left)
      return stuck(`step ${left.position} was "${left.name}", and the code ends before it`);
    if (end.kind === "done") return { state: "done", output: JSON.stringify(end.output ?? null) };
    if (end.kind === "thrown")
      return { state: "compensating", error: errorToText(end.error), attempts: 0 };
    return undefined;
  }

  step<Output>(name: string, options: StepOptions<Output>): Promise<Output> {
    const position = this.#position++;
    const recorded = this.#recorded.get(position);
    const { compensate } = options;
    if (compensate) {
      this.#compensations.set(position, async (ctx) => {
        const output = this.#recorded.get(position)?.output;
        return compensate(output ? (JSON.parse(output) as Output) : undefined, ctx);
      });
    }
    return (
      this.#recall(position, name, recorded) ?? this.#track(this.#work(position, name, options))
    );
  }

  waitFor<Data>(name: string, event: EventDefinition<Data>, options: WaitOptions): Promise<Data> {
    const position = this.#position++;
    return (
      this.#recall(position, name, this.#recorded.get(position)) ??
      this.#track(this.#wait(position, name, { event, ...options }))
    );
  }

  /** What is written down of a step; undefined if it has to be worked on. */
  #recall<Output>(
    position: number,
    name: string,
    recorded: StepRow | undefined,
  ): Promise<Output> | undefined {
    if (!recorded) return this.#isReplay ? this.#interrupt({ kind: "end of record" }) : undefined;
    if (recorded.name !== name) {
      return this.#interrupt({
        kind: "change",
        change: stuck(
          `step ${position} was "${recorded.name}" and is "${name}" now; bring the former code back, or abandon it`,
        ),
      });
    }
    if (recorded.state === "done" || (recorded.state === "compensated" && recorded.output !== null))
      return Promise.resolve(JSON.parse(recorded.output ?? "null") as Output);
    if (recorded.error !== null && recorded.state !== "started")
      return Promise.reject(errorFromText(recorded.error));
    return this.#isReplay ? this.#interrupt({ kind: "end of record" }) : undefined;
  }

  async #work<Output>(
    position: number,
    name: string,
    options: StepOptions<Output>,
  ): Promise<Output> {
    const { attempts = 0 } = this.#recorded.get(position) ?? {};
    const step: StepRow = {
      position,
      name,
      state: "started",
      output: null,
      error: null,
      attempts,
      awaits: null,
      deadline: 0,
    };
    if (!(await this.#save(step))) return this.#interrupt({ kind: "lost" });
    try {
      const { timeoutMs = stepTimeoutMs } = options;
      const output = await this.#timed({ name, key: `${this.id}:${name}`, timeoutMs }, (ctx) =>
        options.run(ctx),
      );
      const done = { ...step, state: "done", attempts: attempts + 1 } as const;
      if (!(await this.#save({ ...done, output: JSON.stringify(output ?? null) })))
        return this.#interrupt({ kind: "lost" });
      return output;
    } catch (thrown) {
      if (this.#options.signal.aborted) return this.#interrupt({ kind: "lost" });
      return this.#fail(
        { ...step, attempts: attempts + 1 },
        asError(thrown),
        options.attempts ?? attemptsMax,
      );
    }
  }

  async #fail<Output>(step: StepRow, error: Error, most: number): Promise<Output> {
    const text = errorToText(error);
    const isOver = isRefusal(error) || step.attempts >= most;
    const state = isRefusal(error) ? "refused" : isOver ? "unknown" : "started";
    if (!(await this.#save({ ...step, state, error: text })))
      return this.#interrupt({ kind: "lost" });
    if (isOver) throw error;
    const due = Math.floor(wallTime() + retryDelayMs(step.attempts, random));
    return this.#interrupt({ kind: "change", change: { due } });
  }

  async #wait<Data>(
    position: number,
    name: string,
    { event: definition, key, timeoutMs }: WaitOptions & { readonly event: EventDefinition<Data> },
  ): Promise<Data> {
    const event = eventOf(definition);
    const { store, row } = this.#options;
    const deadline = this.#recorded.get(position)?.deadline ?? Math.floor(wallTime() + timeoutMs);
    const step: StepRow = {
      position,
      name,
      state: "started",
      output: null,
      error: null,
      attempts: 0,
      awaits: `${event.name} ${key}`,
      deadline,
    };
    if (!(await this.#save(step))) return this.#interrupt({ kind: "lost" });
    const body = await store.findEvent(event.name, key, row.createdAt);
    if (body !== undefined) {
      if (!(await this.#save({ ...step, state: "done", output: body })))
        return this.#interrupt({ kind: "lost" });
      return JSON.parse(body) as Data;
    }
    if (wallTime() < deadline)
      return this.#interrupt({ kind: "change", change: { due: deadline } });
    const error = new DureError(
      "DEADLINE_EXCEEDED",
      `${this.#options.definition.name} ${this.id}: ${event.name} for ${key} did not come in time`,
    );
    if (!(await this.#save({ ...step, state: "refused", error: errorToText(error) })))
      return this.#interrupt({ kind: "lost" });
    throw error;
  }

  /** Undoes what was done, last step first. */
  async #undo(): Promise<SagaChange | undefined> {
    const { row, signal } = this.#options;
    for (const step of toCompensate([...this.#recorded.values()])) {
      try {
        const compensation = this.#compensations.get(step.position);
        const { name } = step;
        const undoing = {
          name: `${name}.undo`,
          key: `${this.id}:${name}`,
          timeoutMs: stepTimeoutMs,
        };
        if (compensation) await this.#timed(undoing, compensation);
      } catch (thrown) {
        if (signal.aborted) return undefined;
        const attempts = row.attempts + 1;
        const { message } = asError(thrown);
        if (attempts >= compensationAttemptsMax)
          return { ...stuck(`step "${step.name}" cannot be undone: ${message}`), attempts };
        return { due: Math.floor(wallTime() + retryDelayMs(attempts, random)), attempts };
      }
      if (!(await this.#save({ ...step, state: "compensated" }))) return undefined;
    }
    return { state: "failed" };
  }

  async #timed<Output>(
    step: Omit<StepTry, "signal">,
    run: (ctx: StepContext) => Promise<Output> | Output,
  ): Promise<Output> {
    const { timeoutMs } = step;
    const late = new AbortController();
    const message = `no outcome within ${timeoutMs} ms`;
    const timer = after(timeoutMs, () =>
      late.abort(new DureError("DEADLINE_EXCEEDED", message, { sent: "unknown" })),
    );
    const signal = AbortSignal.any([this.#options.signal, late.signal]);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([aborted, this.#options.within({ ...step, signal }, run)]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      timer.cancel();
    }
  }

  async #save(step: StepRow): Promise<boolean> {
    const isSaved = await this.#options.store.saveStep(this.#options.row, step);
    if (isSaved) this.#recorded.set(step.position, step);
    return isSaved;
  }

  /** Leaves the function where it is, for good. */
  #interrupt<Output>(why: Interruption): Promise<Output> {
    this.#interrupted.resolve(why);
    return new Promise(() => {});
  }

  /** What is at work must be over before another run may begin. */
  #track<Output>(work: Promise<Output>): Promise<Output> {
    const over = Promise.race([work.catch(() => undefined), this.#interrupted.promise]);
    this.#working.add(over);
    void over.finally(() => this.#working.delete(over));
    return work;
  }
}

function stuck(message: string): SagaChange {
  return { state: "stuck", error: JSON.stringify({ code: "FAILED_PRECONDITION", message }) };
}

import type { CallContext, EventDefinition } from "../contract/index.ts";

/** How one step of a saga is done and undone. */
export interface StepOptions<Output> {
  /** Does it. `key` is the same each time it is tried: pass it on as the idempotency key. */
  run(ctx: StepContext): Promise<Output> | Output;
  /**
   * Undoes it. Called in reverse order when a later step has failed for good, and for this one too when it is not known whether it was
   * done: then `output` is undefined. It must bar a late `run` of the same key.
   */
  compensate?(output: Output | undefined, ctx: StepContext): Promise<unknown> | unknown;
  /** Time for one try, in ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** Tries, before the saga gives the step up. Default 8. */
  readonly attempts?: number;
}

/** What a step works with. */
export interface StepContext extends Pick<CallContext, "client" | "fetch" | "log"> {
  /** The saga's id and the step's name: the same for every try. */
  readonly key: string;
  readonly signal: AbortSignal;
}

/** What a saga's function works with. Everything that it does beside computing goes through here. */
export interface SagaContext {
  readonly id: string;
  /** Does a step once, however often the saga is resumed. Rejects with the step's error once it has failed for good. */
  step<Output>(name: string, options: StepOptions<Output>): Promise<Output>;
  /** Waits for an event with the key. Rejects with DEADLINE_EXCEEDED after `timeoutMs`. The saga must list the event. */
  waitFor<Data>(name: string, event: EventDefinition<Data>, options: WaitOptions): Promise<Data>;
}

/** Which event is waited for. */
export interface WaitOptions {
  /** The event's key. */
  readonly key: string;
  readonly timeoutMs: number;
}

/** What {@link saga} takes beside the name. */
export interface SagaOptions {
  /** Events that it may wait for. */
  readonly events?: readonly EventDefinition[];
}

/** A saga: a function whose progress is written down step by step. */
export interface Saga<Input = any, Output = any> {
  readonly name: string;
  readonly events: readonly EventDefinition[];
  readonly run: (saga: SagaContext, input: Input) => Promise<Output>;
}

/**
 * Defines a saga. The function is run again from its beginning whenever it is resumed; steps that are done give their output at once.
 * So it must take the same steps in the same order for the same input: time, randomness and calls belong into steps. If it rejects,
 * what it did is undone. Input and outputs are plain JSON.
 */
export function saga<Input, Output>(
  name: string,
  run: (saga: SagaContext, input: Input) => Promise<Output>,
  { events = [] }: SagaOptions = {},
): Saga<Input, Output> {
  return { name, run, events };
}

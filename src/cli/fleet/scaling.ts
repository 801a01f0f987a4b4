/**
 * How many instances of each kind there are. Owns: the numbers, the automatic ones among them. Asks the supervisor to add and to
 * remove, one change after the other.
 */
import { availableParallelism } from "node:os";
import { asError, DureError, didYouMean, every, now } from "../../kit/index.ts";
import {
  initialScale,
  type ScaleRange,
  type ScaleReport,
  type ScaleState,
  type Supervisor,
  scale,
} from "../../supervisor/index.ts";

/** A process that starts takes a core; those that serve keep at least half of them. */
const startsAtOnce = Math.max(1, Math.floor(availableParallelism() / 2));
/** As many as the configuration allows. */
const instancesMax = 64;
/** The automatic numbers are looked at so often, in ms: as often as processes tell what they are at. */
const lookMs = 1_000;

/** A kind of process of which there may be more or fewer. */
export interface ScalableKind {
  readonly name: string;
  /** Where its number is automatic. */
  readonly range?: ScaleRange;
}

/** Whom {@link Scaling} asks and tells. */
export interface ScalingOptions {
  readonly supervisor: Supervisor;
  readonly kinds: readonly ScalableKind[];
  /** Adds the instance `products-4` of `products`; resolves when it is ready. */
  add(kind: string, number: number): Promise<void>;
  say(text: string): void;
  /** Then no number is changed. */
  isReloading(): boolean;
}

export class Scaling {
  readonly #options: ScalingOptions;
  readonly #states = new Map<string, ScaleState>();
  /** Changes that are at work or wait for their turn. */
  #changeCount = 0;
  #lastChange: Promise<void> = Promise.resolve();

  constructor(options: ScalingOptions) {
    this.#options = options;
  }

  /** Whether instances are being added or removed. */
  get isAtWork(): boolean {
    return this.#changeCount > 0;
  }

  /** Begins to look after the automatic numbers. */
  start(): void {
    const automatic = this.#options.kinds.filter(({ range }) => range !== undefined);
    if (automatic.length === 0) return;
    every(lookMs, () => {
      for (const { name, range } of automatic) this.#look(name, range as ScaleRange);
    });
  }

  /**
   * Brings kinds to the numbers asked for, once a change that is at work is through. Rejects with INVALID_ARGUMENT for an unknown
   * kind, and for a number that is automatic or none; with ABORTED during a reload.
   */
  async set(counts: Readonly<Record<string, number>>): Promise<ScaleReport> {
    for (const [kind, count] of Object.entries(counts)) this.#check(kind, count);
    if (this.#options.isReloading()) {
      const message = "a reload is at work; nothing was scaled. Try again when it is through";
      throw new DureError("ABORTED", message);
    }
    return this.#inTurn(async () => {
      const failures: ScaleReport["failures"][number][] = [];
      for (const [kind, count] of Object.entries(counts)) {
        failures.push(...(await this.#bring(kind, count)));
      }
      return { failures };
    });
  }

  #check(kind: string, count: number): void {
    const { kinds } = this.#options;
    const known = kinds.find(({ name }) => name === kind);
    const refuse = (message: string) => new DureError("INVALID_ARGUMENT", message);
    if (!known) {
      const names = kinds.map(({ name }) => name);
      const hint = didYouMean(kind, names);
      const help = hint ? `did you mean "${hint}"?` : `there is: ${names.join(", ")}`;
      throw refuse(`no processes are called "${kind}" (${help})`);
    }
    if (known.range) {
      const { min, max } = known.range;
      throw refuse(
        `${kind} has its number from its load, ${min} to ${max}; change processes.${kind}.instances`,
      );
    }
    if (!Number.isInteger(count) || count < 1 || count > instancesMax) {
      throw refuse(`${kind}=${count}: it must be a whole number from 1 to ${instancesMax}`);
    }
  }

  #look(kind: string, range: ScaleRange): void {
    const { supervisor, say } = this.#options;
    const members = this.#membersOf(kind);
    if (members.length === 0 || supervisor.isStopping || this.#options.isReloading()) return;
    if (this.isAtWork) return;
    const concurrency = members.reduce((sum, { vitals }) => sum + (vitals?.concurrency ?? 0), 0);
    const sample = { at: now(), concurrency, current: members.length };
    const next = scale(this.#states.get(kind) ?? initialScale, sample, range);
    this.#states.set(kind, next.state);
    if (next.wanted === members.length) return;
    say(
      `${kind}: ${members.length} -> ${next.wanted} instances for ${concurrency.toFixed(1)} requests at work`,
    );
    this.#inTurn(() => this.#bring(kind, next.wanted)).catch((thrown) =>
      say(`${kind} was not scaled: ${asError(thrown).message}`),
    );
  }

  async #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#changeCount += 1;
    const change = this.#lastChange.then(work);
    this.#lastChange = change.then(
      () => {},
      () => {},
    );
    try {
      return await change;
    } finally {
      this.#changeCount -= 1;
    }
  }

  /** Those of the highest numbers go; gives back what did not become ready. */
  async #bring(kind: string, count: number): Promise<ScaleReport["failures"][number][]> {
    const { supervisor, add } = this.#options;
    const there = this.#membersOf(kind).length;
    const failures: ScaleReport["failures"][number][] = [];
    const missing = Array.from(
      { length: Math.max(0, count - there) },
      (_, index) => there + index + 1,
    );
    while (missing.length > 0 && !supervisor.isStopping) {
      const starts = missing.splice(0, startsAtOnce).map((number) =>
        add(kind, number).catch((thrown) => {
          failures.push({ name: `${kind}-${number}`, reason: asError(thrown).message });
        }),
      );
      await Promise.all(starts);
    }
    const removed = Array.from({ length: Math.max(0, there - count) }, (_, index) =>
      supervisor.remove(`${kind}-${there - index}`),
    );
    await Promise.all(removed);
    return failures;
  }

  #membersOf(kind: string) {
    const isMember = ({ name }: { name: string }) => name.replace(/-\d+$/, "") === kind;
    return this.#options.supervisor.processes.filter(isMember);
  }
}

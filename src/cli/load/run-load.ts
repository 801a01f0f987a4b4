import { Agent, request } from "node:http";
import { afterInBackground, asError, now, sleep } from "../../kit/index.ts";

/** What is sent. */
export interface LoadPlan {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests a second. */
  readonly rps: number;
  readonly seconds: number;
  readonly connections: number;
  readonly timeoutMs: number;
}

/** How it went. */
export interface LoadReport {
  readonly sent: number;
  readonly failed: number;
  /** How often each reason was met, at most {@link reasonsMax} of them. */
  readonly failures: ReadonlyMap<string, number>;
  /** Of answered requests, from when each was due; undefined without any. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly maxMs: number | undefined;
  /** Requests that found no free connection when they were due. */
  readonly late: number;
}

const reasonsMax = 16;
/** Each answer's time is kept until the end, 8 bytes each. */
export const requestsMax = 5_000_000;
/** Requests are sent in groups this far apart, in ms: timers are no finer. */
const tickMs = 1;

/**
 * Sends requests at a constant rate over keep-alive connections and waits for the last answer. An open loop: a slow answer does
 * not hold back what is due after it (G. Tene, "How NOT to Measure Latency": otherwise the waiting of the others goes unseen).
 */
export async function runLoad(plan: LoadPlan, signal: AbortSignal): Promise<LoadReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.connections, scheduling: "fifo" });
  const run = new LoadRun(plan, agent);
  const total = plan.rps * plan.seconds;
  const startedAt = now();
  const pending = new Set<Promise<void>>();
  for (let sent = 0; sent < total && !signal.aborted; ) {
    const dueCount = Math.min(total, Math.floor(((now() - startedAt) / 1_000) * plan.rps) + 1);
    for (; sent < dueCount; sent += 1) {
      const one = run.send(startedAt + (sent / plan.rps) * 1_000);
      pending.add(one);
      void one.then(() => pending.delete(one));
    }
    await sleep(tickMs);
  }
  await Promise.all(pending);
  agent.destroy();
  return run.report();
}

class LoadRun {
  readonly #plan: LoadPlan;
  readonly #agent: Agent;
  readonly #durationsMs: number[] = [];
  readonly #failures = new Map<string, number>();
  #sent = 0;
  #failed = 0;
  #late = 0;
  #open = 0;

  constructor(plan: LoadPlan, agent: Agent) {
    this.#plan = plan;
    this.#agent = agent;
  }

  /** Resolves when the answer is read to its end, or is not coming. */
  async send(dueAt: number): Promise<void> {
    this.#sent += 1;
    if (this.#open >= this.#plan.connections) this.#late += 1;
    this.#open += 1;
    try {
      const status = await this.#exchange();
      if (status >= 400) this.#fail(`answered ${status}`);
      this.#durationsMs.push(now() - dueAt);
    } catch (thrown) {
      this.#fail(asError(thrown).message);
    } finally {
      this.#open -= 1;
    }
  }

  #exchange(): Promise<number> {
    const { url, headers, timeoutMs } = this.#plan;
    return new Promise((resolve, reject) => {
      const sent = request(url, { agent: this.#agent, headers }, (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode ?? 0));
        answer.on("error", reject);
      });
      const timer = afterInBackground(timeoutMs, () =>
        sent.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      );
      sent.on("error", reject);
      sent.on("close", () => timer.cancel());
      sent.end();
    });
  }

  #fail(reason: string): void {
    this.#failed += 1;
    const known = this.#failures.has(reason) || this.#failures.size < reasonsMax - 1;
    const name = known ? reason : "for other reasons";
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
  }

  report(): LoadReport {
    const sorted = this.#durationsMs.sort((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return {
      sent: this.#sent,
      failed: this.#failed,
      failures: this.#failures,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: sorted.at(-1),
      late: this.#late,
    };
  }
}

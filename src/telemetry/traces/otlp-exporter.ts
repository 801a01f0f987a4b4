/**
 * Sends a node's spans to a tracing system that speaks OTLP over HTTP. It reads them from the ring of spans that are kept, as a collector
 * does, so that recording costs nothing more. That ring is the queue: while the backend is down it holds the newest 4,096, what is
 * overwritten is counted, and nobody else notices.
 */
import { Buffer } from "node:buffer";
import { afterInBackground, asError, Backoff, inTime, sleep } from "../../kit/index.ts";
import type { Logger } from "../logs/logger.ts";
import type { Counter, Metrics } from "../metrics/metrics.ts";
import { otlpBody } from "./otlp.ts";
import type { Traces } from "./traces.ts";

/** What an exporter is made with. */
export interface OtlpExporterOptions {
  /** As `http://localhost:4318`; a name and password in it are sent as basic authentication. */
  readonly url: string;
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** How often what is new is sent, in ms. */
const everyMs = 1_000;
/** Spans in one request at most. */
const batchMax = 512;
/** Time for one request, in ms. */
const requestMs = 10_000;
/** Time for the last spans when the node closes, in ms. */
const lastMs = 2_000;
/** After a failure. */
const againMs = { baseMs: 1_000, capMs: 30_000 };
/** The answers after which the same is sent again (OTLP/HTTP, "Retryable Response Codes"). */
const retryable = new Set([429, 502, 503, 504]);

const definition = {
  name: "dure_otlp_spans_total",
  help: "spans for the OTLP backend, by what became of them: sent, refused by it, or overwritten while it was down",
  labels: ["outcome"],
};

/** See the head of this file. */
export class OtlpExporter {
  readonly #options: OtlpExporterOptions;
  readonly #endpoint: string;
  readonly #headers: Record<string, string>;
  readonly #counter: Counter;
  readonly #stop = new AbortController();
  readonly #exporting: Promise<void>;
  readonly #backoff = new Backoff(againMs);
  #after = 0;
  /** The one that is under way. */
  #request: AbortController | undefined;
  #isTroubled = false;

  constructor(options: OtlpExporterOptions) {
    const { pathname, username, password, href } = new URL(options.url);
    const bare = new URL(href);
    bare.username = "";
    bare.password = "";
    if (!pathname.endsWith("/v1/traces"))
      bare.pathname = `${pathname.replace(/\/$/, "")}/v1/traces`;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#endpoint = bare.href;
    this.#headers = {
      "content-type": "application/json",
      ...(username === "" ? {} : { authorization: `Basic ${base64(credentials)}` }),
      ...options.headers,
    };
    this.#options = options;
    this.#counter = options.metrics.counter(definition);
    this.#exporting = this.#export();
  }

  /** Sends what is left, as far as that takes no longer than 2 s. */
  async close(): Promise<void> {
    this.#stop.abort();
    const sending = this.#exporting.then(() => this.#isTroubled || this.#sendAll());
    await inTime(sending, lastMs, "OTLP").catch(() => this.#request?.abort());
  }

  async #export(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const isSent = await this.#sendAll();
      if (isSent) this.#backoff.reset();
      await sleep(isSent ? everyMs : this.#backoff.nextMs(), signal).catch(() => undefined);
    }
  }

  /** Whether all that there was is sent, or will never be. */
  async #sendAll(): Promise<boolean> {
    for (;;) {
      const query = { after: this.#after, limit: batchMax };
      const { records, next, dropped } = this.#options.traces.spans(query);
      if (dropped > 0) this.#counter.add(["overwritten"], dropped);
      // What was counted as lost is not counted again with the next question.
      this.#after += dropped;
      if (records.length === 0) return true;
      const outcome = await this.#send(otlpBody(records));
      if (outcome === "again") return false;
      this.#counter.add([outcome], records.length);
      this.#after = next;
    }
  }

  async #send(body: string): Promise<"sent" | "refused" | "again"> {
    const late = new AbortController();
    this.#request = late;
    const timer = afterInBackground(requestMs, () => late.abort(new Error("no answer in time")));
    try {
      const answer = await fetch(this.#endpoint, {
        method: "POST",
        headers: this.#headers,
        body,
        signal: late.signal,
      });
      await answer.arrayBuffer();
      if (answer.ok) {
        this.#isTroubled = false;
        return "sent";
      }
      this.#tell(`it answers ${answer.status}`);
      return retryable.has(answer.status) ? "again" : "refused";
    } catch (thrown) {
      const { cause, message } = asError(thrown);
      this.#tell(cause instanceof Error ? cause.message : message);
      return "again";
    } finally {
      timer.cancel();
    }
  }

  /** Once, not with every attempt. */
  #tell(reason: string): void {
    if (!this.#isTroubled) {
      const { origin } = new URL(this.#endpoint);
      this.#options.logger.warn("spans cannot be sent; calls go on", { to: origin, reason });
    }
    this.#isTroubled = true;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

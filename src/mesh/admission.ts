import type { WireFailure } from "../wire/index.ts";
import { AdaptiveLimit, defaultAdaptiveLimit, type EndedRequest } from "./core/adaptive-limit.ts";
import { ControlledDelay, defaultControlledDelay } from "./core/controlled-delay.ts";
import type { StackRequest } from "./server-stack.ts";

const defaultPriority = 3;
/** What each step of priority leaves free for those above it: at the limit, 0 has 15 % more room than the usual 3. */
const reservedPerStep = 0.05;

/** Whether a node takes a request on, by what has waited in front of it and by how many are at work. */
export class Admission {
  readonly #limit = new AdaptiveLimit(defaultAdaptiveLimit);
  readonly #delay = new ControlledDelay(defaultControlledDelay);

  /** Requests at once. */
  get limit(): number {
    return this.#limit.limit;
  }

  /** Why a request is refused; it has not been begun. */
  refusalOf(request: StackRequest, now: number, inFlight: number): WireFailure | undefined {
    const { service, operation } = request.ref;
    const priority = request.head.priority ?? defaultPriority;
    const waitedMs = request.queuedMs + (now - request.receivedAt);
    const { deadlineMs } = request.head;
    if (!this.#delay.admits(now, { waitedMs, deadlineMs, priority })) {
      const why = `requests wait longer than this node can make up for (this one ${Math.round(waitedMs)} ms)`;
      return refusal(`${service}.${operation}: overloaded: ${why}`);
    }
    if (inFlight >= this.#limit.limit * (1 - priority * reservedPerStep)) {
      const why = `${inFlight} requests are at work, more only make each slower`;
      return refusal(`${service}.${operation}: overloaded: ${why}`);
    }
    return undefined;
  }

  /** A request ended. */
  onEnd(now: number, ended: EndedRequest, inFlight: number): void {
    this.#limit.onEnd(now, ended, inFlight);
  }
}

function refusal(message: string): WireFailure {
  return { code: "RESOURCE_EXHAUSTED", message, isStarted: false };
}

import type { Sent } from "../../kit/index.ts";
import { NoAnswer } from "../answer.ts";

/** No answer came from an upstream that can be passed on. */
export class UpstreamFailure extends NoAnswer {
  declare readonly status: 502 | 503 | 504;
  /** Whether the request may have been begun. */
  readonly sent: Exclude<Sent, "answered">;

  /** @param status 502: it cannot be reached, or says what HTTP does not allow; 503: too much waits for it; 504: it takes too long. */
  constructor(status: 502 | 503 | 504, message: string, sent: "no" | "unknown") {
    super(status, message);
    this.sent = sent;
  }
}

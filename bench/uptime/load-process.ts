/** The process that sends the load, so that what it costs is not the measured servers' loss. Asked with a {@link LoadQuestion}. */
import {
  closedLoopRate,
  type HttpRequest,
  type HttpTarget,
  type LoadReport,
  sendSteadily,
} from "../harness/http-load.ts";
import { workFor } from "../harness/worker.ts";

/** What the process can be asked. Answers: a number, nothing, and a {@link LoadReport}. */
export type LoadQuestion =
  | { readonly kind: "closed-loop"; readonly at: Address; readonly forMs: number }
  | { readonly kind: "start"; readonly at: Address; readonly perSecond: number }
  | { readonly kind: "stop" };

/** Where a load goes. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const connections = 64;
/** Every fifth request is a write. */
const writeEvery = 5;

let sentBefore = 0;
let running: { stop(): Promise<LoadReport> } | undefined;

workFor("", async (question: LoadQuestion) => {
  if (question.kind === "closed-loop") return closedLoopRate(targetAt(question.at), question.forMs);
  if (question.kind === "start") {
    const stopping = new AbortController();
    const { perSecond } = question;
    const report = sendSteadily({ ...targetAt(question.at), perSecond, signal: stopping.signal });
    running = {
      stop() {
        stopping.abort();
        return report;
      },
    };
    return undefined;
  }
  const report = await running?.stop();
  running = undefined;
  return report;
});

/** No id is sent twice, so that what a service began twice can be told. */
function targetAt({ host, port }: Address): HttpTarget {
  return { host, port, connections, request: () => requestOf(sentBefore++, `${host}:${port}`) };
}

function requestOf(number: number, authority: string): HttpRequest {
  const isWrite = number % writeEvery === 0;
  if (!isWrite) {
    const bytes = `GET /orders/r${number} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`;
    return { kind: "read", bytes };
  }
  const body = JSON.stringify({ id: `w${number}` });
  const head = `POST /orders HTTP/1.1\r\nhost: ${authority}\r\ncontent-type: application/json`;
  return { kind: "write", bytes: `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}` };
}

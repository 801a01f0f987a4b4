import { gatewayProblem, type HeaderList, type Problem, type Refusal } from "../http/index.ts";
import type { Exchange } from "./exchange.ts";

/** Answers with the refusal as a problem document. */
export function refuse(exchange: Exchange, { status, detail, headers, errors }: Refusal): void {
  const problem = gatewayProblem(status, detail, placeOf(exchange));
  sendProblem(exchange, errors ? { ...problem, errors } : problem, headers);
}

/** Answers with a problem document. */
export function sendProblem(exchange: Exchange, problem: Problem, headers: HeaderList = []): void {
  exchange.answer(
    problem.status,
    [["content-type", "application/problem+json"], ...headers],
    JSON.stringify(problem),
  );
}

/** Where a problem arose. */
export function placeOf(exchange: Exchange): { requestId: string; path: string } {
  return { requestId: exchange.requestId, path: exchange.target.path };
}

/** http1: HTTP/1.1 and HTTP/1.0, our own on sockets. */
export { AnswerHeads, isEngineField, refuseBadField } from "./answer-head.ts";
export { Connection } from "./connection.ts";
export type { HeadRefusal } from "./core/head-piece.ts";
export { ParsedHead } from "./core/parsed-head.ts";
export { Patience } from "./core/patience.ts";
export { judgeHead } from "./core/request-head.ts";
export { ReceivedHead } from "./received-head.ts";
export { ReceivedRequest } from "./received-request.ts";

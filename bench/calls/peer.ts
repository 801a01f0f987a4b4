import type { Answer, Question } from "./messages.ts";

/** One contestant. `serve` runs in the callee process and `connect` in the caller process. */
export interface CallPeer {
  /** Starts answering; resolves to the address that `connect` gets. */
  serve(): Promise<string>;
  /** Resolves to the function that is measured. */
  connect(address: string): Promise<(question: Question) => Promise<Answer>>;
}

/** The contestants in the order of the table; `file` stands beside this one. */
export const callPeers = [
  { name: "bare echo", file: "bare-echo.ts", packages: [] },
  { name: "bare echo, a write per 8 KiB", file: "bare-echo-early.ts", packages: [] },
  { name: "bare echo, a write per call", file: "bare-echo-unbatched.ts", packages: [] },
  { name: "Moleculer TCP", file: "moleculer.ts", packages: ["moleculer"] },
  { name: "NestJS TCP", file: "nest.ts", packages: ["@nestjs/microservices"] },
  { name: "grpc-js", file: "grpc.ts", packages: ["@grpc/grpc-js"] },
  { name: "undici to node:http", file: "undici.ts", packages: ["undici"] },
  { name: "Dure over TLS", file: "dure-tls.ts", packages: [] },
  { name: "Dure without telemetry", file: "dure-untold.ts", packages: [] },
  { name: "Dure", file: "dure.ts", packages: [] },
] as const;

import type { Answer, Handlers, Question } from "./messages.ts";

/** What a callee is started with. */
export interface CalleeOptions {
  readonly name: string;
  /** Where processes find each other: a registry's address, or a word that no other fleet on this machine uses. */
  readonly meeting: string;
  readonly handlers: Handlers;
}

/** A callee that serves. */
export interface RunningCallee {
  readonly port: number;
  /** The platform's own way to stop in order. */
  stop(): Promise<unknown>;
}

/** What a caller is started with. */
export interface CallerOptions {
  readonly meeting: string;
  readonly callees: readonly { readonly name: string; readonly port: number }[];
}

/** The calls that are measured. */
export interface Caller {
  /** May be repeated without harm; the platform is told so if it asks. */
  read(question: Question): Promise<Answer>;
  /** May not. */
  write(question: Question): Promise<Answer>;
}

/** One platform. Every function runs in a process of its own. */
export interface FailurePeer {
  /** Starts what the others need to find each other; resolves to its address. Only where `hasRegistry`. */
  startRegistry?(): Promise<string>;
  serve(options: CalleeOptions): Promise<RunningCallee>;
  connect(options: CallerOptions): Promise<Caller>;
}

/** A column of the matrix. */
export interface FailureColumn {
  readonly name: string;
  /** Beside this file. */
  readonly file: string;
  /** Whose version is shown. */
  readonly package?: string;
  /** How processes find each other where no registry can die. */
  readonly withoutRegistry?: string;
}

/** The contestants in the order of the table. */
export const failurePeers: readonly FailureColumn[] = [
  { name: "Dure", file: "dure.ts" },
  {
    name: "Moleculer",
    file: "moleculer.ts",
    package: "moleculer",
    withoutRegistry: "nodes gossip",
  },
  {
    name: "Moleculer, all on",
    file: "moleculer-all-on.ts",
    package: "moleculer",
    withoutRegistry: "nodes gossip",
  },
  {
    name: "NestJS",
    file: "nest.ts",
    package: "@nestjs/microservices",
    withoutRegistry: "addresses are fixed",
  },
  { name: "cote", file: "cote.ts", package: "cote", withoutRegistry: "nodes broadcast" },
];

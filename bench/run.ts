/**
 * The side-by-side benchmarks: `npm run bench -- calls`, `edge`, `events`, `failures` and `uptime`. docs/reference/benchmarks.md says how they
 * measure.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benchCalls, callsTables } from "./calls/calls.ts";
import { benchSweep, parseBytes, sweepPlot, sweepTables } from "./calls/sweep.ts";
import { benchConsole, consoleTable } from "./console/console.ts";
import { benchCosts, costsTable } from "./costs/costs.ts";
import { edgeParts, isEdgePart } from "./edge/parts.ts";
import { benchEvents } from "./events/events.ts";
import { eventsTables } from "./events/tables.ts";
import { benchFailures } from "./failures/failures.ts";
import { failureTables } from "./failures/tables.ts";
import { watchOthers } from "./harness/cpu.ts";
import {
  describeMachine,
  installPeers,
  machineLine,
  requireLinux,
  requirePrograms,
} from "./harness/tools.ts";
import { uptimeTables } from "./uptime/tables.ts";
import { benchUptime } from "./uptime/uptime.ts";

const usage = `npm run bench -- calls|console|costs|edge|events|failures|uptime [--json] [--rounds N] [--only "peer"]...

  calls     one process calls another: Dure beside a bare echo, Moleculer, NestJS, gRPC and HTTP
  console   the console's pages in a browser (Chromium) with a small and a large fleet; --rounds are minutes
  costs     what each feature of a call costs by itself
  edge      HTTP through a gateway to a service: Dure beside nginx, HAProxy, moleculer-web and the Node proxies
  events    events stored, taken and from end to end: Dure's log beside NATS JetStream and Redis Streams
  failures  a callee freezes, dies, slows down, errs: what becomes of the calls of Dure, Moleculer, NestJS and cote
  uptime    requests at a steady rate through reloads, scaling and killed processes: dure up, and dure cluster beside PM2 and node:cluster

  --part P    of edge: proxy (the default), cache, credentials, connections (10,000 of them), or routes (one more beside 1,000)
  --json      one JSON object for machines instead of tables
  --payload L  calls with messages of these sizes, as 1k,10k,100k: 1 to 1,024 in flight, 1 to 16 instances, beside the bare echo
  --svg FILE   draws what --payload measured
  --share S    uptime: of what a system can do, so much is asked of it (default 0.65)
  --stored N  events in the log that is measured beside an empty one (default 1,000,000; 0 for none)
  --rounds N  how often every peer takes its turn (calls and costs 15, calls with --payload 3, edge and events 3, failures and uptime 1; at most 50); the figures are medians
  --only P    only the peer (or the failure) with this name; may be repeated`;

const roundsMax = 50;
const sweepRounds = 3;

/** Flags that some benchmark reads. */
interface Options {
  readonly stored: number;
  readonly part: string;
  readonly share: number;
}

const benches = {
  calls: {
    rounds: 15,
    programs: [],
    async run(rounds: number, only: string[]) {
      const rows = await benchCalls(rounds, only);
      return { rows, text: callsTables(rows) };
    },
  },
  costs: {
    rounds: 15,
    programs: [],
    async run(rounds: number) {
      const rows = benchCosts(rounds);
      return { rows, text: costsTable(rows) };
    },
  },
  console: {
    rounds: 10,
    programs: [],
    async run(minutes: number, only: string[]) {
      const rows = await benchConsole(minutes, only);
      return { rows, text: consoleTable(rows) };
    },
  },
  edge: {
    rounds: 3,
    programs: ["wrk", "nginx", "haproxy"],
    run: (rounds: number, only: string[], { part }: Options) => {
      if (!isEdgePart(part))
        throw new Error(`--part ${part}: one of ${Object.keys(edgeParts).join(", ")}`);
      return edgeParts[part](rounds, only);
    },
  },
  events: {
    rounds: 3,
    programs: ["nats-server", "redis-server"],
    async run(rounds: number, only: string[], { stored }: Options) {
      const rows = await benchEvents(rounds, only, stored);
      return { rows, text: eventsTables(rows) };
    },
  },
  failures: {
    rounds: 1,
    programs: [],
    async run(rounds: number, only: string[]) {
      const rows = await benchFailures(rounds, only);
      return { rows, text: failureTables(rows) };
    },
  },
  uptime: {
    rounds: 1,
    programs: ["wrk"],
    async run(rounds: number, only: string[], { share }: Options) {
      const result = await benchUptime(rounds, only, share);
      return { rows: [...result.rows, ...result.cores], text: uptimeTables(result) };
    },
  },
} as const;

async function runSweep(rounds: number, payload: string, svgFile: string | undefined) {
  const rows = await benchSweep(rounds, payload.split(",").map(parseBytes));
  if (svgFile !== undefined) writeFileSync(svgFile, sweepPlot(rows));
  return { rows, text: sweepTables(rows) };
}

function storedOf(text: string): number {
  const stored = Number(text);
  if (Number.isInteger(stored) && stored >= 0) return stored;
  throw new Error(`--stored ${text}: a whole number`);
}

function shareOf(text: string): number {
  const share = Number(text);
  if (share > 0 && share < 1) return share;
  throw new Error(`--share ${text}: a number between 0 and 1`);
}

function isBench(name: string | undefined): name is keyof typeof benches {
  return name !== undefined && Object.hasOwn(benches, name);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string" },
      payload: { type: "string" },
      svg: { type: "string" },
      stored: { type: "string", default: "1000000" },
      share: { type: "string", default: "0.65" },
      part: { type: "string", default: "proxy" },
      only: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  const [name] = positionals;
  if (values.help) return console.log(usage);
  if (!isBench(name)) throw new Error(usage);
  const bench = benches[name];
  const payload = name === "calls" ? values.payload : undefined;
  const rounds = Number(values.rounds ?? (payload === undefined ? bench.rounds : sweepRounds));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax) {
    throw new Error(`--rounds ${values.rounds}: a whole number from 1 to ${roundsMax}`);
  }
  requireLinux();
  requirePrograms(bench.programs);
  installPeers();
  const machine = describeMachine();
  const shareOfOthers = watchOthers();
  const { rows, text } =
    payload === undefined
      ? await bench.run(rounds, values.only, {
          stored: storedOf(values.stored),
          part: values.part,
          share: shareOf(values.share),
        })
      : await runSweep(rounds, payload, values.svg);
  const othersCpuShare = shareOfOthers();
  if (rows.length === 0) throw new Error(`no peer is named ${values.only.join(" or ")}`);
  if (values.json)
    console.log(JSON.stringify({ bench: name, rounds, machine, othersCpuShare, rows }, null, 2));
  else {
    const busy = `other processes used ${Math.round(othersCpuShare * 100)} % of the CPU time`;
    const taken = rounds === 1 ? "one round" : `medians of ${rounds} rounds`;
    console.log(`${machineLine(machine)}; ${taken}; ${busy}\n\n${text}`);
  }
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);

/**
 * The side-by-side benchmarks: `npm run bench -- calls` and `npm run bench -- edge`. docs/reference/benchmarks.md says how
 * they measure.
 */
import { parseArgs } from "node:util";
import { benchCalls, callsTables } from "./calls/calls.ts";
import { benchEdge, edgeTable } from "./edge/edge.ts";
import { watchOthers } from "./harness/cpu.ts";
import {
  describeMachine,
  installPeers,
  machineLine,
  requireLinux,
  requirePrograms,
} from "./harness/tools.ts";

const usage = `npm run bench -- calls|edge [--json] [--rounds N] [--only "peer"]...

  calls   one process calls another: Dure beside a bare echo, Moleculer, NestJS, gRPC and HTTP
  edge    HTTP through a gateway to a service: Dure beside nginx, HAProxy, moleculer-web and the Node proxies

  --json      one JSON object for machines instead of tables
  --rounds N  how often every peer takes its turn (calls 5, edge 3; at most 50); the figures are medians over rounds
  --only P    only the peer with this name; may be repeated`;

const roundsMax = 50;
const benches = {
  calls: {
    rounds: 5,
    programs: [],
    async run(rounds: number, only: string[]) {
      const rows = await benchCalls(rounds, only);
      return { rows, text: callsTables(rows) };
    },
  },
  edge: {
    rounds: 3,
    programs: ["wrk", "nginx", "haproxy"],
    async run(rounds: number, only: string[]) {
      const rows = await benchEdge(rounds, only);
      return { rows, text: edgeTable(rows) };
    },
  },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  const [name] = positionals;
  if (values.help) return console.log(usage);
  if (name !== "calls" && name !== "edge") throw new Error(usage);
  const bench = benches[name];
  const rounds = Number(values.rounds ?? bench.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax) {
    throw new Error(`--rounds ${values.rounds}: a whole number from 1 to ${roundsMax}`);
  }
  requireLinux();
  requirePrograms(bench.programs);
  installPeers();
  const machine = describeMachine();
  const shareOfOthers = watchOthers();
  const { rows, text } = await bench.run(rounds, values.only);
  const othersCpuShare = shareOfOthers();
  if (rows.length === 0) throw new Error(`no peer is named ${values.only.join(" or ")}`);
  if (values.json)
    console.log(JSON.stringify({ bench: name, rounds, machine, othersCpuShare, rows }, null, 2));
  else {
    const busy = `other processes used ${Math.round(othersCpuShare * 100)} % of the CPU time`;
    console.log(`${machineLine(machine)}; medians of ${rounds} rounds; ${busy}\n\n${text}`);
  }
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);

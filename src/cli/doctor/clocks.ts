/** How far the clocks of the other machines are from this one's. */
import { formatHostPort } from "../../config/index.ts";
import type { NodeRecord } from "../../registry/index.ts";
import { Client, type ClientOptions } from "../../wire/index.ts";
import { askClock, askDistributor, type ClockReading, newestOf } from "../ask-distributor.ts";
import type { Project } from "../project.ts";
import { newIdentity, reachOf } from "../reach.ts";
import { type Finding, finding } from "./finding.ts";

/** What the gateway allows to the times in a token, as `clockToleranceS` has it by default. In ms. */
const badMs = 60_000;
/** NTP holds clocks within tens of ms (RFC 5905, section 1): with more than this none is at work. In ms. */
const doubtfulMs = 1_000;
/** A fleet has more nodes than machines, and machines have the clocks. */
const askedMax = 100;

interface Reading extends ClockReading {
  readonly whose: string;
}

/** Compares the clocks of the configured Distributors, and of the nodes they know, with this one's. Who cannot be asked is left out. */
export async function checkClocks(project: Project): Promise<Finding[]> {
  const { distributors } = project.config;
  if (distributors.length === 0) return [];
  const readings = await readAll(project).catch(() => []);
  const wrong = readings.filter((reading) => leastMs(reading) > doubtfulMs);
  if (wrong.length > 0 || readings.length === 0) return wrong.map(findingOf);
  const most = Math.max(...readings.map(({ aheadMs }) => Math.abs(aheadMs)));
  return [finding("clocks", "good", `${readings.length} others within ${Math.ceil(most)} ms`)];
}

async function readAll(project: Project): Promise<Reading[]> {
  const reach = reachOf(project);
  const common = {
    identity: newIdentity(reach),
    token: reach.token(),
    transport: await reach.transport(),
  };
  const clientOf = (address: ClientOptions["address"]) => new Client({ address, ...common });
  const answers = await settled(
    reach.distributors.map(async (address) => {
      const answer = await askDistributor(clientOf(address));
      return { ...answer, whose: `Distributor ${formatHostPort(address)}` };
    }),
  );
  const nodes = onePerMachineFirst(newestOf(answers.map((answer) => answer.nodes)));
  const ofNodes = await settled(
    nodes.slice(0, askedMax).map(async ({ slot, host, port }) => {
      return { ...(await askClock(clientOf({ host, port }))), whose: `node ${slot}` };
    }),
  );
  return [...answers, ...ofNodes].filter(({ aheadMs }) => Number.isFinite(aheadMs));
}

function onePerMachineFirst(nodes: readonly NodeRecord[]): NodeRecord[] {
  const listening = nodes.filter(({ port }) => port > 0);
  const first = new Map(listening.map((node) => [node.machine, node]));
  const isFirst = (node: NodeRecord) => first.get(node.machine) === node;
  return [...first.values(), ...listening.filter((node) => !isFirst(node))];
}

async function settled<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

/** What it differs by at least. */
function leastMs({ aheadMs, uncertainMs }: Reading): number {
  return Math.abs(aheadMs) - uncertainMs;
}

function findingOf(reading: Reading): Finding {
  const { whose, aheadMs } = reading;
  const seconds = `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s`;
  const told = `${seconds} ${aheadMs > 0 ? "ahead of" : "behind"} this machine's`;
  const isBad = leastMs(reading) > badMs;
  const harm = isBad ? "tokens are refused, and traces" : "traces and logs";
  const remedy =
    "keep both right with NTP: chronyc tracking, or timedatectl, tells if it is at work";
  const text = `${told}; ${harm} are out of order; ${remedy}`;
  return finding(`clock of ${whose}`, isBad ? "bad" : "doubtful", text);
}

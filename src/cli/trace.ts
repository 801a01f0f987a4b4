import { type Command, InvalidArgumentError } from "commander";
import type { CollectedSpan } from "../console/index.ts";
import { now, sleep } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { addProjectFlags, addSettingFlags, type ProjectFlags } from "./project.ts";
import { withNode } from "./reach.ts";
import { print, printJson, table } from "./terminal.ts";

/** A Distributor tells who is there within so long, in ms. */
const viewMsMax = 3_000;
const lookAgainMs = 10;

interface TraceFlags extends ProjectFlags {
  readonly json?: boolean;
}

/** `dure trace ID`: where the time of one request went. */
export function defineTrace(program: Command): void {
  const command = program
    .command("trace")
    .description("ask all nodes of the running mesh for one trace: its spans and its log lines")
    .argument("<id>", "32 hex digits, from a log line, a traceparent or the console", idOf)
    .option("--json", "print one JSON object");
  addProjectFlags(addSettingFlags(command, ["distributors"]))
    .addHelpText("after", examples)
    .action(trace);
}

async function trace(id: string, flags: TraceFlags): Promise<void> {
  // Most commands need no SQLite, and do not wait for it to be loaded.
  const { askTrace } = await import("../console/index.ts");
  const { found, slots } = await withNode(flags, async (node) => {
    await synced(node);
    const slotsById = node.registry.nodes().map(({ record }) => [record.id, record.slot] as const);
    return { found: await askTrace(node, id), slots: new Map(slotsById) };
  });
  if (flags.json) return printJson(found);
  const { trace: whole, logs, silent } = found;
  if (!whole && logs.length === 0) {
    const message = `no node holds trace ${id}; nodes hold their last 16,384 spans, the console holds those that failed, were slow or are sampled for a day`;
    throw new CommandError(message, exitCodes.failure);
  }
  if (whole) {
    const spans = whole.spans.map((span) => rowOf(span, whole.startMs, slots));
    await print(table(["START", "TOOK", "SPAN", "SERVICE", "NODE", ""], spans));
  }
  for (const { at, level, service, text, fields } of logs) {
    const { operation: _, ...further } = fields;
    const told = Object.keys(further).length === 0 ? "" : ` ${JSON.stringify(further)}`;
    await print(`${new Date(at).toISOString()} ${level.padEnd(5)} ${service}: ${text}${told}`);
  }
  if (silent.length > 0) await print(`did not answer: ${silent.join(", ")}`);
}

function rowOf(span: CollectedSpan, startMs: number, slots: ReadonlyMap<string, string>): string[] {
  const { depth, kind, name, service, node, error = "", skewMs } = span;
  const skew = skewMs === undefined ? "" : `clock corrected by ${skewMs.toFixed(1)} ms`;
  return [
    `+${(span.startMs - startMs).toFixed(1)} ms`,
    `${span.durationMs.toFixed(1)} ms`,
    `${"  ".repeat(depth)}${kind} ${name}`,
    service,
    slots.get(node) ?? node,
    [error, skew].filter(Boolean).join("; "),
  ];
}

async function synced({ registry }: MeshNode): Promise<void> {
  const until = now() + viewMsMax;
  while (!registry.isSynced() && now() < until) await sleep(lookAgainMs);
}

function idOf(text: string): string {
  const id = /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-.*)?$/.exec(text.toLowerCase())?.[1];
  if (id) return id;
  throw new InvalidArgumentError("It must be 32 hex digits, or a traceparent.");
}

const examples = `
Examples:
  $ dure trace 4bf92f3577b34da6a3ce929d0e0e4736
  $ dure logs --trace 4bf92f3577b34da6a3ce929d0e0e4736      the same lines, from the files`;

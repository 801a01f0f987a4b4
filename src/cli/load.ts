import { type Command, InvalidArgumentError } from "commander";
import { exitCodes, usageError } from "./exit-code.ts";
import { type LoadPlan, type LoadReport, requestsMax, runLoad } from "./load/run-load.ts";
import { type DataFlag, dataFolderOf, fleetOf } from "./running-fleet.ts";
import { print } from "./terminal.ts";

/** `dure load`: requests at a constant rate, to see what a reload or a killed process costs. */
export function defineLoad(program: Command): void {
  program
    .command("load")
    .description(
      "send GET requests at a constant rate to the running fleet, and tell how they went",
    )
    .argument("<path>", "path at the gateway, such as /hello/Kim, or a whole http:// URL")
    .option("--rps <n>", "requests a second", wholeNumber(1, 20_000), 100)
    .option("--seconds <n>", "for how long", wholeNumber(1, 3_600), 10)
    .option("--connections <n>", "keep-alive connections", wholeNumber(1, 1_000), 16)
    .option("--header <line...>", 'a header, such as "authorization: Bearer ..."; may be repeated')
    .option(
      "--timeout-ms <ms>",
      "an answer that takes longer is a failure",
      wholeNumber(1, 60_000),
      10_000,
    )
    .option("--data <folder>", "state folder of the fleet (DURE_DATA; default: .dure)")
    .addHelpText("after", examples)
    .action(load);
}

interface LoadFlags extends DataFlag {
  readonly rps: number;
  readonly seconds: number;
  readonly connections: number;
  readonly header?: readonly string[];
  readonly timeoutMs: number;
}

async function load(path: string, flags: LoadFlags): Promise<void> {
  const { rps, seconds, connections, timeoutMs } = flags;
  if (rps * seconds > requestsMax) {
    throw usageError(
      `${rps} requests a second for ${seconds} s are more than ${requestsMax}; lower --rps or --seconds`,
    );
  }
  const plan: LoadPlan = {
    url: await urlOf(path, flags),
    headers: headersOf(flags.header ?? []),
    rps,
    seconds,
    connections,
    timeoutMs,
  };
  const stopper = new AbortController();
  const stop = () => stopper.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const report = await runLoad(plan, stopper.signal);
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  await print(summary(report));
  if (report.failed > 0) process.exitCode = exitCodes.failure;
}

async function urlOf(path: string, flags: LoadFlags): Promise<URL> {
  if (/^http:\/\//.test(path) && URL.canParse(path)) return new URL(path);
  if (!path.startsWith("/")) {
    throw usageError(`"${path}" is neither a path such as /hello/Kim nor a URL with http://`);
  }
  const { gateway } = await fleetOf(dataFolderOf(flags));
  return new URL(path, gateway);
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line) => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*(.*)$/i.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw usageError(`"${line}" is no header; write it as "name: value"`);
    }
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}

function summary(report: LoadReport): string {
  const { sent, failed, failures, p50Ms, p99Ms, maxMs, late } = report;
  const reasons = [...failures].map(([reason, count]) => `  ${count} ${reason}`);
  const waited =
    late > 0 ? `   ${late} sent late: this machine or the connections were too few` : "";
  return [
    `${sent} requests   ${failed} failed   p50 ${text(p50Ms)}   p99 ${text(p99Ms)}   max ${text(maxMs)}${waited}`,
    ...reasons,
  ].join("\n");
}

function text(ms: number | undefined): string {
  return ms === undefined ? "-" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function wholeNumber(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

const examples = `
Examples:
  $ dure load /hello/Kim --rps 200 --seconds 20
  $ dure load /purchases --header "authorization: Bearer ..."

Each request is due at its own time, whether or not the ones before are answered; its duration counts from then, so that waiting for a
connection is not left out. An answer of 400 and above, a broken connection and no answer in time are failures; then the exit code is 1.`;

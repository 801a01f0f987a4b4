import { freePort } from "../harness/free-port.ts";
import { type Program, startProgram, startWorker, type Worker } from "../harness/processes.ts";

/** An edge that runs, with the service behind it. */
export interface RunningEdge {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Everything that works for a request: the edge, which is the first, the service and what they cannot run without. wrk is not among them. */
  readonly programs: readonly Program[];
}

/** One contestant. `folder`: an empty one for generated files. */
export interface EdgePeer {
  readonly name: string;
  /** The npm package whose version is shown, or the command that says it. */
  readonly version:
    | { readonly package: string }
    | { readonly command: readonly string[] }
    | undefined;
  start(folder: string): Promise<RunningEdge>;
}

/** Starts a module of this folder in a process of its own. */
export function startModule(file: string, ...args: string[]): Promise<Worker> {
  return startWorker(new URL(file, import.meta.url), args);
}

/** The same bare node:http server behind every HTTP proxy, a new process for each of them. */
export function startService(): Promise<Worker> {
  return startModule("./http-service.ts");
}

/** A Node proxy in front of the bare server. */
export async function startNodeProxy(file: string): Promise<RunningEdge> {
  const service = await startService();
  const edge = await startModule(file, service.address);
  return { url: edge.address, programs: [edge, service] };
}

/** A proxy that is not Node in front of the bare server; `configure` writes its files and gives its arguments. */
export async function startProxy(
  command: string,
  configure: (port: number, upstreamPort: number) => string[],
): Promise<RunningEdge> {
  const service = await startService();
  const port = await freePort();
  const edge = await startProgram(
    command,
    configure(port, Number(new URL(service.address).port)),
    port,
  );
  return { url: `http://127.0.0.1:${port}`, programs: [edge, service] };
}

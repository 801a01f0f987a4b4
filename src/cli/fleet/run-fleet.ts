/**
 * Runs a fleet's processes until a signal ends them. Owns: the supervisor, the control server, this process's exit code.
 * Prints what the processes write, what becomes of them, and one line that starts with `ready`.
 */
import { formatHostPort } from "../../config/index.ts";
import { asError, DureError, now } from "../../kit/index.ts";
import {
  type FleetFile,
  type ManagedProcess,
  openFleetControl,
  type ProcessPhase,
  type ReloadReport,
  type ReloadRequest,
  type RestartPolicy,
  SharedListener,
  type Slot,
  type SlotSpec,
  Supervisor,
} from "../../supervisor/index.ts";
import { type MetricsEndpoint, openMetricsEndpoint } from "../../telemetry/index.ts";
import { type CommandError, exitCodes } from "../exit-code.ts";
import type { EnvAnswer, EnvQuestion, HostSpec, HostTold } from "../host/spec.ts";
import { entryFile } from "../package-info.ts";
import { portAdvice } from "../port-taken.ts";
import type { Project } from "../project.ts";
import { stopOnSignal } from "../stop-on-signal.ts";
import { childEnvironment, inheritedArguments } from "./child-environment.ts";
import { consoleUrl } from "./console-place.ts";
import { describePhase } from "./describe-phase.ts";
import { giveUpReason } from "./give-up.ts";
import { FleetOutput } from "./output.ts";
import { distributorsOf, gatewayUrl, type PlanInput } from "./plan.ts";
import { describeReload, namedProcesses } from "./reload.ts";
import { type ScalableKind, Scaling } from "./scaling.ts";

/** A process of a fleet; see `SlotSpec`. */
export interface FleetProcess
  extends Pick<SlotSpec, "name" | "stopRank" | "reload" | "drainMs" | "memoryBytesMax"> {
  /** What all instances of it are called together: `products`. */
  readonly kind: string;
  /** Whether a reload that names nothing takes it in. */
  readonly isReloaded: boolean;
  /** Made anew for each start, so that a change of the configuration counts. */
  spec(): HostSpec;
}

/** What a fleet is made of. */
export interface FleetOptions {
  readonly mode: FleetFile["mode"];
  readonly input: PlanInput;
  /** Its processes to begin with, in order. */
  readonly names: readonly string[];
  /** What a name stands for. */
  place(name: string): FleetProcess;
  /** Of what there may be more or fewer. */
  readonly kinds: readonly ScalableKind[];
  readonly policy?: Partial<RestartPolicy>;
  /** The project as it is now: its environment is asked for at each start of a process. */
  project(): Project;
  /** Reads the project anew, for a reload; rejects, with all problems, for one that cannot run. Absent where files are watched. */
  refresh?(): Promise<void>;
  /** The gateways' address, whose socket this process holds for them; absent where the gateway does it itself. */
  readonly edge?: { readonly host: string; readonly port: number };
  /** The line that starts with `ready`. */
  readyLine(startedInMs: number): string;
  /** Whether a fleet that cannot start is given up; otherwise it waits for a change of the files. */
  readonly isGivenUp: boolean;
  /** In the background nobody reads along; what is said is in the log files. */
  readonly isQuietOnceReady: boolean;
}

/** Starts a fleet; see {@link Fleet.start}. */
export class Fleet {
  readonly output: FleetOutput;
  readonly #options: FleetOptions;
  readonly #supervisor: Supervisor;
  readonly #scaling: Scaling;
  readonly #edge: SharedListener | undefined;
  readonly #startedAt = now();
  #processes: readonly FleetProcess[] = [];
  #control: { close(): Promise<void> } | undefined;
  #metrics: MetricsEndpoint | undefined;
  /** Whoever opens it is signed in, so it is shown once and kept nowhere. */
  #consoleUrl: string | undefined;
  #isReady = false;
  #isCovered = false;
  #isReloading = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    const { mode, input, names } = options;
    const files = { ...input.config.logFiles, dataFolder: input.dataFolder };
    this.output = new FleetOutput({ names, ...(mode === "up" ? { files } : {}) });
    this.#supervisor = new Supervisor({
      ...(options.policy ? { policy: options.policy } : {}),
      listener: {
        onLine: (process, line) => this.output.line(process.name, line),
        onPhase: (process, phase) => this.#onPhase(process, phase),
        onTold: (process, details) => this.#onTold(process, details as HostTold),
        onAsked: (_, question) => this.#answer(question as EnvQuestion),
      },
    });
    for (const name of options.names) this.#add(name);
    this.#edge = options.edge && new SharedListener(options.edge);
    this.#scaling = new Scaling({
      supervisor: this.#supervisor,
      kinds: options.kinds,
      add: (kind, number) => this.#add(`${kind}-${number}`).start(),
      say: (text) => this.output.plain(text),
      isReloading: () => this.#isReloading,
    });
  }

  #add(name: string): Slot {
    const { place, input } = this.#options;
    const added = place(name);
    this.#processes = [...this.#processes.filter((each) => each.name !== name), added];
    const { kind, isReloaded: _, ...slot } = added;
    const listener = kind === "gateway" ? () => this.#edge?.handle : undefined;
    const args = [...inheritedArguments(), entryFile(), "host", name];
    const environment = childEnvironment(process.env, input.dataFolder);
    return this.#supervisor.add({ ...slot, file: process.execPath, args, environment, listener });
  }

  /** Takes the data folder and starts the processes; a signal ends them and this process. */
  async start(): Promise<void> {
    const { input, mode } = this.#options;
    this.#control = await openFleetControl({
      dataFolder: input.dataFolder,
      fleet: {
        mode,
        mesh: input.config.name,
        distributors: distributorsOf(input).map(formatHostPort),
        gateway: gatewayUrl(input),
        console:
          input.consolePort === undefined ? undefined : consoleUrl(input.config, input.consolePort),
        tokenFile: this.#options.project().token().file,
        certs: this.#options.project().certs,
      },
      operations: {
        ps: () => this.#supervisor.list(),
        metrics: () => this.#supervisor.metrics(),
        reload: (request) => this.#reload(request),
        scale: (request) => this.#scaling.set(request.counts),
      },
    });
    await this.#openMetrics();
    stopOnSignal({ stop: () => this.#stop(), hurry: () => this.#supervisor.kill() });
    process.on("SIGUSR2", () => {
      this.#reload({ names: [], batch: 1 }).catch((thrown) =>
        this.output.plain(`nothing was reloaded: ${asError(thrown).message}`),
      );
    });
    // Whoever reads the output has gone away; there is nobody left to run for.
    process.stdout.on("error", () => void this.#end(exitCodes.failure));
    await this.#listen();
    this.#supervisor.start();
    this.#scaling.start();
  }

  /** Ends a process in order and starts it anew. */
  restart(name: string): void {
    this.#supervisor.processes.find((process) => process.name === name)?.restart();
  }

  async #reload({ names, batch }: ReloadRequest): Promise<ReloadReport> {
    const { refresh } = this.#options;
    if (!refresh) {
      const message =
        "dure dev starts anew by itself when a file changes; dure reload is for dure up";
      throw new DureError("FAILED_PRECONDITION", message);
    }
    const chosen = namedProcesses(this.#processes, names);
    const other = this.#isReloading
      ? "another reload is at work"
      : this.#scaling.isAtWork && "instances are being added or removed";
    if (other) {
      const message = `${other}; nothing was reloaded. Try again when that is through`;
      throw new DureError("ABORTED", message);
    }
    this.#isReloading = true;
    try {
      await refresh();
      const report = await this.#supervisor.reload(chosen, batch);
      for (const line of describeReload(report)) this.output.plain(line);
      return report;
    } finally {
      this.#isReloading = false;
    }
  }

  async #openMetrics(): Promise<void> {
    const { port, host = "127.0.0.1" } = this.#options.input.config.metrics;
    if (port === undefined) return;
    const read = () => this.#supervisor.metrics();
    this.#metrics = await portAdvice("metrics.port", host, port, () =>
      openMetricsEndpoint({ port, host, read }),
    );
    this.output.plain(
      `metrics: http://${formatHostPort({ host, port: this.#metrics.port })}/metrics`,
    );
  }

  #onPhase(process: ManagedProcess, phase: ProcessPhase): void {
    const { isGivenUp } = this.#options;
    const text = describePhase(process, phase, {
      isStopping: this.#supervisor.isStopping,
      isGivenUp: isGivenUp && !this.#isReady,
      isWatched: this.#options.mode === "dev",
    });
    if (text) this.output.note(process.name, text);
    if (this.#supervisor.isStopping) return;
    if (phase === "ready") this.#checkReady();
    if (!this.#isReady && isGivenUp) {
      const reason = giveUpReason(this.#supervisor.processes);
      if (reason) void this.#giveUp(reason);
    }
  }

  #onTold(process: ManagedProcess, told: HostTold): void {
    if (told.kind === "line") return this.output.note(process.name, told.text);
    if (told.kind === "console") {
      this.#consoleUrl = told.url;
      return;
    }
    this.#isCovered = true;
    this.#checkReady();
  }

  #checkReady(): void {
    if (this.#isReady || !this.#isCovered) return;
    if (!this.#supervisor.processes.every(({ phase }) => phase === "ready")) return;
    this.#isReady = true;
    if (this.#consoleUrl) this.output.unkept(`console: ${this.#consoleUrl}`);
    this.output.plain(this.#options.readyLine(now() - this.#startedAt));
    if (this.#options.isQuietOnceReady) this.output.hush();
  }

  #answer({ keys }: EnvQuestion): EnvAnswer {
    const project = this.#options.project();
    const found = Object.entries(keys).map(
      ([service, names]) => [service, project.serviceEnv(service, names)] as const,
    );
    return {
      found: Object.fromEntries(
        found.map(([service, { values, origins }]) => [service, { values, origins }]),
      ),
      problems: found.flatMap(([, { problems }]) => problems),
    };
  }

  async #giveUp(reason: CommandError): Promise<void> {
    if (this.#supervisor.isStopping) return;
    await this.#stop();
    // Last, so that it is not buried under what the others said when they ended.
    console.error(reason.message);
    process.exit(reason.exitCode);
  }

  async #end(exitCode: number): Promise<void> {
    if (this.#supervisor.isStopping) return;
    await this.#stop();
    process.exit(exitCode);
  }

  async #listen(): Promise<void> {
    const { edge } = this.#options;
    if (!edge) return;
    try {
      await portAdvice("gateway.port", edge.host, edge.port, async () => this.#edge?.listen());
    } catch (thrown) {
      await this.#control?.close();
      throw thrown;
    }
  }

  async #stop(): Promise<void> {
    this.#edge?.close();
    const running = this.#supervisor.list().filter(({ pid }) => pid !== null).length;
    await this.#supervisor.stop();
    await this.#metrics?.close();
    await this.#control?.close().catch((thrown) => console.error(asError(thrown).message));
    const killed = this.#supervisor.processes.filter(({ isForced }) => isForced).length;
    const how = killed > 0 ? `, ${killed} of them killed because they did not end in time` : "";
    this.output.plain(`stopped ${running} of ${running} processes${how}`);
    await this.output.close();
  }
}

/** Clones of one program behind one port. Owns: the supervisor, the port, the control server, this process's exit code. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { asError, DureError } from "../../kit/index.ts";
import {
  type ManagedProcess,
  openFleetControl,
  type ProcessPhase,
  type Recognizer,
  type ReloadReport,
  type ReloadRequest,
  SharedListener,
  SharedPort,
  Supervisor,
} from "../../supervisor/index.ts";
import { exitCodeOf, explain } from "../exit-code.ts";
import { describePhase } from "../fleet/describe-phase.ts";
import { giveUpReason } from "../fleet/give-up.ts";
import { FleetOutput } from "../fleet/output.ts";
import { describeReload } from "../fleet/reload.ts";
import { programEnvironment } from "../program-environment.ts";
import { stopOnSignal } from "../stop-on-signal.ts";
import { MeshPlace } from "./mesh-place.ts";
import type { CloneSpec, ListenAnswer, ListenQuestion } from "./messages.ts";
import type { Offer } from "./offer.ts";
import { cookieNameOf, recognizerFor, type Stickiness } from "./sticky.ts";

/** What is cloned, and how often. */
export interface ClusterOptions {
  /** `app`: clones are called `app-1`, `app-2`. */
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  readonly instances: number;
  /** Undefined: connections go to the clones in turn. */
  readonly sticky: Stickiness | undefined;
  readonly dataFolder: string;
  /** Undefined: others of the mesh do not find it. */
  readonly offer: Offer | undefined;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #names: readonly string[];
  readonly #output: FleetOutput;
  readonly #supervisor: Supervisor;
  readonly #recognizer: Recognizer | undefined;
  readonly #place: MeshPlace | undefined;
  #port: SharedPort | SharedListener | undefined;
  #listening: Promise<ListenAnswer> | undefined;
  #control: { close(): Promise<void> } | undefined;
  #isReady = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { name, instances, sticky, offer } = options;
    this.#place = offer && new MeshPlace(offer, (thrown) => this.#giveUp(thrown));
    // Calls of the mesh come from this machine, each with its client's address.
    const local = offer ? loopback : [];
    this.#recognizer =
      sticky &&
      recognizerFor({ ...sticky, trustedProxies: [...sticky.trustedProxies, ...local] }, name);
    this.#names = Array.from({ length: instances }, (_, index) => `${name}-${index + 1}`);
    this.#output = new FleetOutput({ names: this.#names });
    this.#supervisor = new Supervisor({
      listener: {
        onLine: (process, line) => this.#output.line(process.name, line),
        onPhase: (process, phase) => this.#onPhase(process, phase),
        onTold: () => {},
        onAsked: (process, question) => this.#listen(process, question as ListenQuestion),
      },
    });
  }

  /** Takes the data folder and starts the clones; a signal ends them and this process. */
  async start(): Promise<void> {
    const { dataFolder, name, offer } = this.#options;
    const reach = offer?.reach ?? { mesh: name, distributors: [] };
    this.#control = await openFleetControl({
      dataFolder,
      fleet: { mode: "up", gateway: `the cluster of ${name}`, ...reach },
      operations: {
        ps: () => this.#supervisor.list(),
        reload: (request) => this.#reload(request),
        scale: () => {
          throw new DureError("UNIMPLEMENTED", "a cluster has as many clones as -i says");
        },
        metrics: () => this.#supervisor.metrics(),
      },
    });
    stopOnSignal({ stop: () => this.#stop(), hurry: () => this.#supervisor.kill() });
    process.on("SIGUSR2", () => {
      this.#reload({ names: [], batch: 1 }).catch((thrown) =>
        this.#output.plain(`nothing was reloaded: ${asError(thrown).message}`),
      );
    });
    this.#addClones((await this.#place?.open()) ?? {});
    this.#supervisor.start();
  }

  #addClones(ofMesh: Readonly<Record<string, string>>): void {
    const { name, file, args, sticky, dataFolder } = this.#options;
    const cookieName = sticky?.by === "cookie" ? cookieNameOf(name) : undefined;
    const inherited = this.#place ? programEnvironment(dataFolder) : process.env;
    const environment = Object.fromEntries(
      Object.entries(inherited).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value]],
      ),
    );
    for (const place of this.#names) {
      this.#supervisor.add({
        name: place,
        file: process.execPath,
        args: [...process.execArgv, "--import", preloadFile(), file, ...args],
        environment: { ...environment, ...ofMesh, DURE_INSTANCE: place },
        spec: (): CloneSpec =>
          cookieName === undefined ? {} : { cookie: { name: cookieName, value: place } },
        stopRank: 0,
        reload: "overlap",
      });
    }
  }

  /** The first clone that listens says where; the others get the same. */
  async #listen(clone: ManagedProcess, question: ListenQuestion): Promise<ListenAnswer> {
    this.#listening ??= this.#open(question);
    const answer = await this.#listening;
    if (this.#port instanceof SharedListener && this.#port.handle)
      clone.listenAt(this.#port.handle);
    return answer;
  }

  async #open(question: ListenQuestion): Promise<ListenAnswer> {
    const { host, port, isPlainHttp } = question;
    if (this.#recognizer?.readsHead && !isPlainHttp) {
      const message = `${this.#options.name} is to be sticky, and its first server does not speak plain HTTP/1.1; let a proxy in front end TLS, or use --sticky address without --trusted-proxies`;
      return { code: "ENOTSUP", message };
    }
    const misplaced = this.#place?.misfitOf(question);
    if (misplaced !== undefined) return { code: "EADDRNOTAVAIL", message: misplaced };
    const takers = () => this.#supervisor.processes.filter(({ phase }) => phase === "ready");
    const recognizer = this.#recognizer;
    this.#port = recognizer
      ? new SharedPort({ host, port, takers, recognizer })
      : new SharedListener({ host, port });
    try {
      const listening = await this.#port.listen();
      this.#place?.found({ host, port: listening });
      return { port: listening };
    } catch (thrown) {
      const { message, cause } = asError(thrown);
      return { code: (cause as NodeJS.ErrnoException | undefined)?.code ?? "UNAVAILABLE", message };
    }
  }

  async #reload({ names, batch }: ReloadRequest): Promise<ReloadReport> {
    const { name } = this.#options;
    const isAll = names.length === 0 || names.includes(name);
    const report = await this.#supervisor.reload(isAll ? this.#names : names, batch);
    for (const line of describeReload(report)) this.#output.plain(line);
    return report;
  }

  #onPhase(managed: ManagedProcess, phase: ProcessPhase): void {
    const { isStopping, processes } = this.#supervisor;
    const moment = { isStopping, isGivenUp: !this.#isReady, isWatched: false };
    const text = describePhase(managed, phase, moment);
    if (text) this.#output.note(managed.name, text);
    if (isStopping) return;
    if (phase === "ready" && this.#port instanceof SharedPort) this.#port.offer();
    this.#place?.follow(processes.some((each) => each.phase === "ready"));
    if (this.#isReady) return;
    if (processes.every((each) => each.phase === "ready")) {
      this.#isReady = true;
      const { name, instances } = this.#options;
      this.#output.plain(
        `ready: ${name} on port ${managed.port}   (${instances} processes${this.#joining()}; Ctrl-C stops them)`,
      );
    } else {
      const reason = giveUpReason(processes);
      if (reason) this.#giveUp(reason);
    }
  }

  #joining(): string {
    const { offer } = this.#options;
    return offer ? `, joining ${offer.reach.distributors.join(", ")}` : "";
  }

  #giveUp(thrown: unknown): void {
    void this.#stop().then(() => {
      console.error(explain(thrown));
      process.exit(exitCodeOf(thrown));
    });
  }

  async #stop(): Promise<void> {
    await this.#place?.leave();
    this.#port?.close();
    await this.#supervisor.stop();
    await this.#place?.close();
    await this.#control?.close();
    this.#output.plain(`stopped ${this.#names.length} of ${this.#names.length} processes`);
  }
}

const loopback = ["127.0.0.0/8", "::1"];

/** TypeScript in a clone of the repository, JavaScript in the package. */
function preloadFile(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(here), here.endsWith(".ts") ? "preload.ts" : "preload.js");
}

import { createServer } from "node:net";
import type { MeshNode } from "../mesh/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { AppClient } from "./app-client.ts";
import { AppProcess } from "./app-process.ts";
import { OfferedProgram } from "./offered-program.ts";
import type { SidecarOptions } from "./options.ts";

/** A program in the mesh. */
export interface Sidecar {
  /** The node that stands for it. */
  readonly node: MeshNode;
  /** Leaves in order: no new calls, those at work end (within `drainMs`, default 10,000), then the program is asked to stop. */
  close(drainMs?: number): Promise<void>;
}

/**
 * Starts a program and takes it into the mesh once it is healthy; takes it out while it is down, and starts it again. Rejects with
 * INVALID_ARGUMENT for routes that are none, and with what {@link createNode} rejects with.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const running = new RunningSidecar(options);
  await running.start();
  return running;
}

class RunningSidecar implements Sidecar {
  readonly #options: SidecarOptions;
  readonly #logger: Logger;
  readonly #offered: OfferedProgram;
  #process: AppProcess | undefined;
  #isClosing = false;

  constructor(options: SidecarOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    const { command, cwd, environment, appPort, healthPath, onLine, ...offer } = options;
    this.#offered = new OfferedProgram(offer);
  }

  get node(): MeshNode {
    return this.#offered.node as MeshNode;
  }

  async start(): Promise<void> {
    const { appPort, healthPath, command, cwd, environment } = this.#options;
    const port = appPort ?? (await freePort());
    const app = new AppClient({ host: "127.0.0.1", port, healthPath });
    const ownEnvironment = await this.#offered.open();
    await new Promise<void>((resolve, reject) => {
      this.#process = new AppProcess({
        command,
        cwd,
        environment: { ...environment, ...ownEnvironment, PORT: String(port) },
        isHealthy: () => app.isHealthy(),
        onLine: (line) => this.#options.onLine?.(line),
        onUp: () => void this.#onUp(app).then(resolve, reject),
        onDown: (why) => this.#onDown(why),
      });
      this.#process.start();
    });
  }

  async close(drainMs?: number): Promise<void> {
    this.#isClosing = true;
    await this.#offered.drain(drainMs);
    await this.#process?.stop();
    await this.#offered.close();
  }

  #onUp(app: AppClient): Promise<void> {
    if (this.#offered.node) this.#logger.info("the program is back");
    return this.#offered.up(app);
  }

  #onDown(why: string): void {
    if (this.#isClosing) return;
    this.#logger.error("the program is down and is started again", { why });
    this.#offered.down();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

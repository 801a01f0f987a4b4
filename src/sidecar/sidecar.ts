import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { type AnyContract, type CallContext, operationsOf, service } from "../contract/index.ts";
import { type CallParent, createNode, type MeshNode } from "../mesh/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { AppClient } from "./app-client.ts";
import { AppProcess } from "./app-process.ts";
import { CallPort } from "./call-port.ts";
import type { SidecarOptions } from "./options.ts";
import { contractOfUrls } from "./url-contract.ts";

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
  readonly #contract: AnyContract;
  readonly #token = randomBytes(24).toString("base64url");
  /** The requests that the program is serving; as many as the node lets in. */
  readonly #serving = new Map<string, CallParent>();
  readonly #callPort: CallPort;
  #app: AppClient | undefined;
  #process: AppProcess | undefined;
  #node: MeshNode | undefined;
  #isClosing = false;

  constructor(options: SidecarOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#contract = contractOfUrls(options.name, options.urls, options.publicUrls ?? []);
    this.#callPort = new CallPort({
      token: this.#token,
      node: () => this.#node,
      requestOf: (handle) => this.#serving.get(handle),
    });
  }

  get node(): MeshNode {
    return this.#node as MeshNode;
  }

  async start(): Promise<void> {
    const { appPort, healthPath, command, cwd, environment } = this.#options;
    const port = appPort ?? (await freePort());
    const app = new AppClient({ port, healthPath });
    this.#app = app;
    const callPort = await this.#callPort.listen();
    await new Promise<void>((resolve, reject) => {
      this.#process = new AppProcess({
        command,
        cwd,
        environment: {
          ...environment,
          PORT: String(port),
          DURE_URL: `http://127.0.0.1:${callPort}`,
          DURE_REQUEST_TOKEN: this.#token,
        },
        isHealthy: () => app.isHealthy(),
        onLine: (line) => this.#options.onLine?.(line),
        onUp: () => void this.#onUp().then(resolve, reject),
        onDown: (why) => this.#onDown(why),
      });
      this.#process.start();
    });
  }

  async close(drainMs?: number): Promise<void> {
    this.#isClosing = true;
    await this.#node?.drain(drainMs);
    await this.#process?.stop();
    await this.#node?.close();
    this.#callPort.close();
    this.#app?.close();
  }

  async #onUp(): Promise<void> {
    if (this.#node) {
      this.#logger.info("the program is back");
      return this.#node.registry.update({ state: "ready" });
    }
    const { urls, publicUrls, command, cwd, environment, appPort, healthPath, onLine, ...node } =
      this.#options;
    this.#node = await createNode({ ...node, services: [this.#service()] });
  }

  #onDown(why: string): void {
    if (this.#isClosing) return;
    this.#logger.error("the program is down and is started again", { why });
    // Callers find it gone at once, and the node with its links stays for its return.
    this.#node?.registry.update({ state: "draining" });
  }

  #service() {
    const forward = (request: Request, ctx: CallContext) => this.#forward(request, ctx);
    const handlers = [...operationsOf(this.#contract).keys()].map((name) => [name, forward]);
    return service(this.#contract, ({ handle }) => handle(Object.fromEntries(handlers)));
  }

  async #forward(request: Request, ctx: CallContext): Promise<Response> {
    const handle = randomBytes(12).toString("base64url");
    this.#serving.set(handle, ctx as unknown as CallParent);
    try {
      return await (this.#app as AppClient).forward(request, ctx, handle);
    } finally {
      this.#serving.delete(handle);
    }
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

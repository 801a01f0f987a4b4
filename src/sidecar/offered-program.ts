/**
 * The place of a program in the mesh: its routes as a service, calls to it as plain HTTP, and a port of its own for calls to others.
 * Who runs the program, in however many processes, says when it can be called. Owns the node and the call port.
 */
import { randomBytes } from "node:crypto";
import { type AnyContract, type CallContext, operationsOf, service } from "../contract/index.ts";
import { type CallParent, createNode, type MeshNode } from "../mesh/index.ts";
import type { AppClient } from "./app-client.ts";
import { CallPort } from "./call-port.ts";
import type { OfferOptions } from "./options.ts";
import { contractOfUrls } from "./url-contract.ts";

/** A program that others of the mesh can call. */
export class OfferedProgram {
  readonly #options: OfferOptions;
  readonly #contract: AnyContract;
  readonly #token = randomBytes(24).toString("base64url");
  /** The requests that the program is serving; as many as the node lets in. */
  readonly #serving = new Map<string, CallParent>();
  readonly #callPort: CallPort;
  #starting: Promise<void> | undefined;
  #node: MeshNode | undefined;
  #client: AppClient | undefined;
  #isUp = false;
  #isLeaving = false;

  /** Throws INVALID_ARGUMENT for routes that are none. */
  constructor(options: OfferOptions) {
    this.#options = options;
    this.#contract = contractOfUrls(options.name, options.urls, options.publicUrls ?? []);
    this.#callPort = new CallPort({
      token: this.#token,
      node: () => this.#node,
      requestOf: (handle) => this.#serving.get(handle),
    });
  }

  /** The node that stands for it; undefined until it was up once. */
  get node(): MeshNode | undefined {
    return this.#node;
  }

  /** Opens the port for its calls; gives what the program finds of it in its environment. */
  async open(): Promise<Readonly<Record<"DURE_URL" | "DURE_REQUEST_TOKEN", string>>> {
    const port = await this.#callPort.listen();
    return { DURE_URL: `http://127.0.0.1:${port}`, DURE_REQUEST_TOKEN: this.#token };
  }

  /** It can be called: joins the mesh, or comes back to it. Rejects with what {@link createNode} rejects with. */
  async up(client: AppClient): Promise<void> {
    this.#client = client;
    this.#isUp = true;
    this.#starting ??= this.#start();
    await this.#starting;
    this.#tell();
  }

  /** It cannot be called. Callers find it gone at once, and the node with its links stays for its return. */
  down(): void {
    this.#isUp = false;
    this.#tell();
  }

  /** Leaves the mesh in order: no new calls, and those at work end, within `drainMs` (default 10,000). */
  async drain(drainMs?: number): Promise<void> {
    this.#isLeaving = true;
    await this.#node?.drain(drainMs);
  }

  /** After {@link drain}, and once the program has ended. */
  async close(): Promise<void> {
    await this.#node?.close();
    this.#callPort.close();
    this.#client?.close();
  }

  async #start(): Promise<void> {
    const { urls, publicUrls, ...node } = this.#options;
    this.#node = await createNode({ ...node, services: [this.#service()] });
  }

  #tell(): void {
    const registry = this.#node?.registry;
    const state = this.#isUp ? "ready" : "draining";
    if (registry && !this.#isLeaving && registry.self.state !== state) registry.update({ state });
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
      return await (this.#client as AppClient).forward(request, ctx, handle);
    } finally {
      this.#serving.delete(handle);
    }
  }
}

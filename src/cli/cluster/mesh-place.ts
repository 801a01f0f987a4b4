import type { HostPort } from "../../config/index.ts";
import { AppClient, OfferedProgram } from "../../sidecar/index.ts";
import type { ListenQuestion } from "./messages.ts";
import type { Offer } from "./offer.ts";

/** Addresses that mean every address of the machine. */
const everywhere = ["0.0.0.0", "::"];

/** The place of a cluster in the mesh: there while a clone is ready. */
export class MeshPlace {
  readonly #program: OfferedProgram;
  readonly #onFailed: (thrown: unknown) => void;
  #client: AppClient | undefined;

  /** @param onFailed told why it cannot join. */
  constructor({ options }: Offer, onFailed: (thrown: unknown) => void) {
    this.#program = new OfferedProgram(options);
    this.#onFailed = onFailed;
  }

  /** Opens the port for the clones' calls; gives what they find of it in their environment. */
  open(): Promise<Readonly<Record<string, string>>> {
    return this.#program.open();
  }

  /** Why calls cannot be handed to a program that listens so. */
  misfitOf({ host, isPlainHttp }: ListenQuestion): string | undefined {
    if (!isPlainHttp) return "its first server does not speak plain HTTP/1.1, as --urls needs it";
    if (everywhere.includes(host) || host === "localhost" || host === "::1") return undefined;
    if (host.startsWith("127.")) return undefined;
    return `it listens on ${host} alone; with --urls it must listen on 127.0.0.1, or on every address`;
  }

  /** The clones listen there. */
  found({ host, port }: HostPort): void {
    const here = everywhere.includes(host) ? "127.0.0.1" : host;
    this.#client = new AppClient({ host: here, port, healthPath: undefined });
  }

  /** @param isUp whether a clone is ready now. */
  follow(isUp: boolean): void {
    if (!isUp) this.#program.down();
    else if (this.#client) this.#program.up(this.#client).catch(this.#onFailed);
  }

  /** No new calls, and those at work end. */
  leave(): Promise<void> {
    return this.#program.drain();
  }

  /** After {@link leave}, and once the clones have ended. */
  close(): Promise<void> {
    return this.#program.close();
  }
}

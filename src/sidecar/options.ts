import type { NodeOptions } from "../mesh/index.ts";

/** What a program offers, and where the mesh is. */
export interface OfferOptions extends Omit<NodeOptions, "services" | "env" | "provide"> {
  /** What the program offers, as `GET /reviews/:id`. */
  readonly urls: readonly string[];
  /** Those of them that anybody may call over HTTP; the others need an authenticated principal. Default: none. */
  readonly publicUrls?: readonly string[] | undefined;
}

/** What {@link startSidecar} takes: what is offered, and what the program is. */
export interface SidecarOptions extends OfferOptions {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Its working directory. Default: this process's. */
  readonly cwd?: string | undefined;
  /** Its environment, beside `PORT`, `DURE_URL` and `DURE_REQUEST_TOKEN`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The port on loopback that it listens on, told to it as `PORT`. Default: any free one. */
  readonly appPort?: number | undefined;
  /** A path that answers with 200 to 399 once it is healthy. Default: none; then it is healthy once it accepts connections. */
  readonly healthPath?: string | undefined;
  /** A line that it wrote. */
  onLine?(line: string): void;
}

import { formatHostPort } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { advertisedHost } from "../registry/index.ts";

/** Tells the registry where a gateway answers, for proxies before it and whoever looks for it. */
export class Announcement {
  readonly #registry: MeshNode["registry"];
  #url: string | undefined;

  constructor({ registry }: MeshNode) {
    this.#registry = registry;
  }

  /** `host`: what it listens on; nothing is told where no other machine could reach that. */
  begin(
    scheme: "http" | "https",
    { host, port }: { readonly host: string; readonly port: number },
  ) {
    const { self } = this.#registry;
    const reachable = advertisedHost(host, self.host);
    if (reachable === "") return;
    this.#url = `${scheme}://${formatHostPort({ host: reachable, port })}`;
    this.#registry.update({ urls: [...self.urls, this.#url] });
  }

  end(): void {
    const { self } = this.#registry;
    this.#registry.update({ urls: self.urls.filter((url) => url !== this.#url) });
  }
}

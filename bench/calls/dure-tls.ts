/** Dure with mutual TLS on its links. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesOf, initAuthority } from "../../src/certs/index.ts";
import { createTlsTransport } from "../../src/wire/index.ts";
import { startDistributor, startNode } from "../dure/fleet.ts";
import { products } from "../dure/products.ts";
import type { CallPeer } from "./peer.ts";

const transportOf = (folder: string, name: string) => createTlsTransport(filesOf(folder, name));

const peer: CallPeer = {
  async serve() {
    const folder = mkdtempSync(join(tmpdir(), "dure-bench-"));
    const authority = await initAuthority(folder, "bench");
    for (const name of ["distributor", "products", "caller"])
      await authority.issue({ name, services: [name] });
    const port = await startDistributor(await transportOf(folder, "distributor"));
    await startNode("products", port, { transport: await transportOf(folder, "products") });
    return `${port} ${folder}`;
  },
  async connect(address) {
    const [port = "", folder = ""] = address.split(" ");
    const node = await startNode("caller", port, {
      transport: await transportOf(folder, "caller"),
    });
    const client = node.client(products);
    return (question) => client.get(question);
  },
};
export default peer;

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { filesOf, initAuthority } from "../../src/certs/index.ts";
import { contract, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { createTlsTransport } from "../../src/wire/index.ts";
import { until } from "../support/until.ts";

const vault = contract("vault", { open: op({ allow: ["store"] }), knock: op({}) });
const vaultService = service(vault, ({ handle }) => handle({ open: () => {}, knock: () => {} }));
const relay = contract("relay", { ask: op({}) });
const relayService = service(relay, ({ handle }) =>
  handle({ ask: (_, ctx) => ctx.client(vault).open() }),
);

test("an operation says who may call it, and only proved names count", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dure-certs-"));
  const authority = await initAuthority(folder, "test");
  for (const name of ["distributor", "vault", "store", "reviews", "relay"])
    await authority.issue({ name });
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const tls = async (name: string) => {
    const transport = await createTlsTransport(filesOf(folder, name));
    closers.push(() => transport.close());
    return transport;
  };
  const distributor = await createDistributor({
    mesh: "test",
    port: 0,
    transport: await tls("distributor"),
  });
  closers.push(() => distributor.close());
  const join2 = async (
    name: string,
    services = [] as (typeof vaultService)[],
  ): Promise<MeshNode> => {
    const node = await createNode({
      name,
      mesh: "test",
      services,
      transport: await tls(name),
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
    });
    closers.push(() => node.close());
    return node;
  };
  await join2("vault", [vaultService]);
  await join2("relay", [relayService]);
  const store = await join2("store");
  const reviews = await join2("reviews");
  await until("the relay is known", () => reviews.registry.instancesOf("relay").length === 1);
  await store.client(vault).open();
  await assert.rejects(reviews.client(vault).open(), {
    code: "PERMISSION_DENIED",
    message: /vault\.open may be called by store, not by reviews/,
  });
  await reviews.client(vault).knock();
  await assert.rejects(store.client(relay).ask(), { code: "PERMISSION_DENIED" });
});

test("without anything that proves names, such an operation is not started, and the message says what to do", async () => {
  await assert.rejects(
    createNode({ name: "vault", mesh: "test", services: [vaultService], distributors: [] }),
    {
      code: "FAILED_PRECONDITION",
      message: /nothing proves who calls: make certificates with dure certs/,
    },
  );
});

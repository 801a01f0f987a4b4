/** Calls that are tried in a mesh with certificates, where not everybody may say for whom a call is made. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { z } from "zod";
import { filesOf, initAuthority } from "../../src/certs/index.ts";
import { createConsole } from "../../src/console/index.ts";
import { contract, op, type Service, service } from "../../src/index.ts";
import { createNode } from "../../src/mesh/index.ts";
import { createDistributor } from "../../src/registry/index.ts";
import { createTlsTransport } from "../../src/wire/index.ts";
import { until } from "../support/until.ts";
import { secret, signedIn } from "./support/small-mesh.ts";

const Caller = z.object({ subject: z.string().nullable() });
const vault = contract("vault", {
  look: op({ output: Caller }),
  open: op({ scopes: ["vault:open"], output: Caller }),
});
const vaultService = service(vault, ({ handle }) => {
  const tell = (_: unknown, { principal }: { principal: { subject: string } | undefined }) => ({
    subject: principal?.subject ?? null,
  });
  return handle({ look: tell, open: tell });
});

let folder = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "dure-console-certs-"));
  const authority = await initAuthority(folder, "test");
  for (const name of ["distributor", "vault", "console"]) await authority.issue({ name });
});
after(() => rmSync(folder, { recursive: true }));

/** A vault and a console, signed in. @param principals whose certificates may say for whom a call is made. */
async function startVault(t: TestContext, principals?: readonly string[]) {
  const closers: (() => unknown)[] = [];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const tls = async (name: string) => {
    const transport = await createTlsTransport(filesOf(folder, name));
    closers.push(() => transport.close());
    return transport;
  };
  const transport = await tls("distributor");
  const distributor = await createDistributor({ mesh: "test", port: 0, transport });
  closers.push(() => distributor.close());
  const join = async (name: string, services: Service[]) => {
    const node = await createNode({
      ...{ name, mesh: "test", services, principals, transport: await tls(name) },
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
    });
    closers.push(() => node.close());
    return node;
  };
  await join("vault", [vaultService]);
  const node = await join("console", []);
  const { url, close } = await createConsole({ node, secret, port: 0 });
  closers.push(close);
  const client = await signedIn(url, true);
  await until("the console knows the vault's contract", async () => {
    const { items } = await client.contracts();
    return items.some(({ operations }) => operations.length === 2);
  });
  return client;
}

test("where the mesh does not believe the console, a call is made for nobody, and one that asks for scopes says what to do", async (t) => {
  const client = await startVault(t);
  const looked = await client.tryCall({ service: "vault", operation: "look" });
  assert.deepEqual([looked.answers, looked.isForNobody], [[{ subject: null }], true]);
  const opened = await client.tryCall({ service: "vault", operation: "open" }).result();
  assert.ok(!opened.ok);
  assert.equal(opened.error.code, "FAILED_PRECONDITION");
  assert.match(
    opened.error.message,
    /vault\.open asks for the scopes vault:open, but .* signed by console, and only gateway may; add "console" to security\.principals/,
  );
});

test("where the mesh does, it is made for whoever is signed in", async (t) => {
  const client = await startVault(t, ["gateway", "console"]);
  for (const operation of ["look", "open"]) {
    const { answers, isForNobody } = await client.tryCall({ service: "vault", operation });
    assert.match((answers[0] as z.infer<typeof Caller>).subject ?? "", /^console:tester /);
    assert.equal(isForNobody, false);
  }
});

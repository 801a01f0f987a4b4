/** A small mesh, its nodes and links real, with a console on it: a store with sagas, books, a log, and somebody who calls. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { consoleContract } from "../../../src/console/console-contract.ts";
import { createConsole, type FleetPort, signInUrl } from "../../../src/console/index.ts";
import { eventLogService, memoryStorage, meshEvents } from "../../../src/events/index.ts";
import { httpClient } from "../../../src/http-client/index.ts";
import {
  contract,
  event,
  op,
  raw,
  type Service,
  sagaOperations,
  service,
  stream,
} from "../../../src/index.ts";
import { createNode, type MeshNode } from "../../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../../src/registry/index.ts";
import { openSagas, type Sagas, saga } from "../../../src/saga/index.ts";
import { sqliteDatabase, type TestDatabase } from "../../events/support/databases.ts";

export const books = contract("books", {
  get: op({
    http: "GET /books/:id",
    auth: "public",
    summary: "One <b>book</b>",
    input: z.object({ id: z.int() }),
    output: z.object({ id: z.int(), title: z.string() }),
    errors: { NoSuchBook: { status: 404, data: z.object({ id: z.int() }) } },
  }),
  add: op({
    scopes: ["books:write"],
    input: z.object({ title: z.string() }),
    output: z.object({ by: z.string() }),
  }),
  count: op({ output: stream(z.object({ n: z.int() })) }),
  page: raw({ http: "GET /books/:id/page", auth: "public" }),
  broken: op({}),
  added: event(z.object({ title: z.string() })),
});
const store = contract("store", {
  ...sagaOperations(),
  buy: op({ input: z.object({ id: z.string() }) }),
});

/** Data that a page must never take for markup. */
export const evil = `<img src=x onerror="alert(1)">`;

export const secret = "a secret of the test";

/** A console and what is around it. */
export interface SmallMesh {
  readonly distributor: Distributor;
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** As the supervisor would tell. */
  readonly asked: string[];
  /** A node that calls, named `caller`. */
  readonly caller: MeshNode;
  readonly store: { readonly sagas: Sagas; readonly database: TestDatabase };
  start(name: string, services: Service[], events?: boolean): Promise<MeshNode>;
  /** A typed client that is signed in. */
  client(canOperate?: boolean): Promise<ConsoleClient>;
}

export type ConsoleClient = ReturnType<typeof httpClient<typeof consoleContract>>;

/** How the shipping of a purchase goes. */
export const shipping = { isRenamed: false, isBroken: true, failures: 0 };

export const purchase = saga("purchase", async (s, { id }: { id: string }) => {
  await s.step("pay", { run: () => `paid ${id}` });
  // A change of the code that does not fit what is written down makes a saga stuck.
  await s.step(shipping.isRenamed ? `send ${evil}` : "ship", {
    run: () => {
      if (!shipping.isBroken) return;
      shipping.failures += 1;
      throw new Error("no ship today");
    },
    attempts: 50,
  });
});

/** Starts it all; the test's end closes it. */
export async function startSmallMesh(context: {
  after(close: () => unknown): void;
}): Promise<SmallMesh> {
  const folder = mkdtempSync(join(tmpdir(), "dure-console-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  context.after(async () => {
    for (const close of closing.reverse()) await close();
  });
  const distributor = await createDistributor({ mesh: "test", port: 0 });
  closing.push(() => distributor.close());
  const start = async (name: string, services: Service[], events = false) => {
    const node = await createNode({
      ...{ name, mesh: "test", services },
      slot: `${name}-1`,
      isObservable: true,
      distributors: [{ host: "127.0.0.1", port: distributor.port }],
      ...(events ? { events: meshEvents() } : {}),
    });
    closing.push(() => node.close());
    return node;
  };
  await start("eventlog", [eventLogService({ storage: async () => memoryStorage() })], true);
  const database = sqliteDatabase(join(folder, "store.db"));
  closing.push(() => database.close());
  let sagas: Sagas | undefined;
  const storeService = service(store, {
    async setup(host) {
      sagas = await openSagas(host, database, [purchase]);
      return host.handle({ ...sagas.handlers, buy: async () => {} });
    },
  });
  await start("store", [storeService], true);
  await start("books", [bookService], true);
  const caller = await start("caller", []);
  const node = await start("console", []);
  const asked: string[] = [];
  const running = await createConsole({
    ...{ node, secret, port: 0, dataFolder: folder, fleet: supervisor(asked) },
    version: "1.2.3",
    routes: [{ path: "/old/*", upstream: "http://127.0.0.1:9", auth: "public" }],
  });
  closing.push(() => running.close());
  const { url, port } = running;
  return {
    ...{ distributor, url, port, folder, asked, caller, start },
    store: { sagas: sagas as unknown as Sagas, database },
    client: (canOperate = true) => signedIn(url, canOperate),
  };
}

/** Signs in as a browser would. */
export async function signedIn(url: string, canOperate: boolean): Promise<ConsoleClient> {
  const found = new URL(signInUrl(url, secret, { who: `tester ${evil}`, canOperate }));
  const token = found.searchParams.get("token") ?? "";
  const { bearer } = await httpClient(consoleContract, { baseUrl: url }).signIn({ token });
  return httpClient(consoleContract, { baseUrl: url, token: () => bearer });
}

const bookService = service(books, {
  setup({ on, handle }) {
    on(
      books.added,
      ({ title }) => {
        if (title.startsWith("bad")) throw new Error(`cannot index ${title}`);
      },
      { group: "index" },
    );
    return handle({
      get: ({ id }, ctx) =>
        id === 404 ? ctx.fail("NoSuchBook", { id }) : { id, title: `${evil} ${id}` },
      add: async ({ title }, ctx) => {
        await ctx.publish(books.added, { title });
        return { by: ctx.principal?.subject ?? "" };
      },
      count: async function* () {
        for (let n = 1; ; n += 1) yield { n };
      },
      page: () => new Response("a page"),
      broken: () => {
        throw new Error("it broke");
      },
    });
  },
});

function supervisor(asked: string[]): FleetPort {
  return {
    ps: async () => [
      {
        ...{ name: "books-1", pid: 7, port: 4000, state: "ready", restarts: 2, uptimeMs: 5 },
        ...{ memoryBytes: 1, cpuShare: 0.5, lastExit: evil },
      },
    ],
    async reload(names) {
      asked.push(`reload ${names.join()}`);
      return { reloaded: names, failures: [], untouched: [] };
    },
    async scale(kind, count) {
      asked.push(`scale ${kind} ${count}`);
      return { failures: [{ name: `${kind}-${count}`, reason: "no room" }] };
    },
  };
}

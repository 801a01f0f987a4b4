/**
 * Publishers, groups of several members and a log in a process of its own, while members crash and come back, handlers fail and the
 * log is killed with SIGKILL. What happened is recorded, and the checker of histories has to find nothing wrong with it. DURE_TEST_SEED
 * chooses what is done; when, real processes decide.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { meshEvents } from "../../src/events/index.ts";
import { contract, event, op, service } from "../../src/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";
import { generator } from "../wire/support/mutations.ts";
import { type Happening, problemsOf } from "./support/history.ts";

const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
const random = generator(seed);
const chaosMs = 9_000;
const keyCount = 24;
const groups = { search: 3, mail: 2 };
const program = fileURLToPath(new URL("support/log-node.ts", import.meta.url));

const Step = z.object({ key: z.string(), n: z.int() });
const steps = contract("steps", {
  take: op({ input: Step }),
  taken: event(Step, { key: ({ key }) => key }),
});

const history: Happening[] = [];
const folder = mkdtempSync(join(tmpdir(), "dure-history-"));
const nodes = new Set<MeshNode>();
let distributor: Distributor;
let log: ChildProcess;

before(async () => {
  distributor = await createDistributor({ mesh: "history", port: 0 });
  log = await startLog();
});
after(async () => {
  await Promise.all([...nodes].map((node) => node.close()));
  log.kill("SIGKILL");
  await distributor.close();
  rmSync(folder, { recursive: true });
});

async function startLog(): Promise<ChildProcess> {
  const args = [
    "--conditions=dure-source",
    "--no-warnings",
    program,
    `${distributor.port}`,
    folder,
  ];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function joinMesh(name: string, services: Parameters<typeof createNode>[0]["services"]) {
  const node = await createNode({
    name,
    mesh: "history",
    distributors: [{ host: "127.0.0.1", port: distributor.port }],
    services,
    events: meshEvents(),
    logger: silentLogger,
  });
  nodes.add(node);
  return node;
}

let memberCount = 0;

/** A member of a group; once it has crashed, what still runs of it does nothing. */
async function startMember(group: string) {
  memberCount += 1;
  const by = `${group}-${memberCount}`;
  let hasCrashed = false;
  const record = (kind: "delivered" | "handled" | "failed", id: string) => {
    if (!hasCrashed) history.push({ kind, id, group, by });
  };
  const node = await joinMesh(by, [
    service(contract(by, {}), {
      setup({ on, handle }) {
        const work = async ({ key, n }: z.infer<typeof Step>) => {
          const id = `${key}.${n}`;
          record("delivered", id);
          if (random(3) === 0) await pause(random(20));
          // What has crashed says nothing any more, also while its node is still on its way down.
          if (hasCrashed) await new Promise(() => {});
          const isBad = random(25) === 0;
          record(isBad ? "failed" : "handled", id);
          if (isBad) throw new Error("not this time");
        };
        on(steps.taken, work, { group });
        return handle({});
      },
    }),
  ]);
  return {
    async crash() {
      hasCrashed = true;
      nodes.delete(node);
      history.push({ kind: "crashed", who: by });
      await node.close();
    },
    async leave() {
      nodes.delete(node);
      await node.drain();
      await node.close();
    },
  };
}

/** Publishes the events of its keys one after another, and goes on where one was not stored. */
async function publish(keys: readonly string[], isOver: () => boolean): Promise<void> {
  const node = await joinMesh(`publisher-${keys[0]}`, [
    service(steps, ({ handle }) => handle({ take: (step, ctx) => ctx.publish(steps.taken, step) })),
  ]);
  const client = node.client(steps);
  await Promise.all(
    keys.map(async (key) => {
      for (let n = 0; !isOver(); n += 1) {
        const id = `${key}.${n}`;
        history.push({ kind: "published", id, key });
        const result = await client.take({ key, n }, { deadlineMs: 4_000 }).result();
        if (result.ok) history.push({ kind: "acknowledged", id });
        await pause(random(60));
      }
    }),
  );
}

async function killLog(): Promise<void> {
  log.kill("SIGKILL");
  await once(log, "exit");
  history.push({ kind: "crashed", who: "log" });
  await pause(random(500));
  log = await startLog();
}

test(`crashing members, failing handlers and a killed log lose nothing and reorder nothing (DURE_TEST_SEED=${seed})`, async (t) => {
  const members = new Map<string, Awaited<ReturnType<typeof startMember>>[]>();
  for (const [group, count] of Object.entries(groups))
    members.set(group, await Promise.all(Array.from({ length: count }, () => startMember(group))));
  let isOver = false;
  const keys = Array.from({ length: keyCount }, (_, index) => `k${index}`);
  const publishing = [0, 1, 2].map((rest) =>
    publish(
      keys.filter((_, index) => index % 3 === rest),
      () => isOver,
    ),
  );
  const endsAt = performance.now() + chaosMs;
  const counts = { crashes: 0, kills: 0, left: 0 };
  while (performance.now() < endsAt) {
    await pause(300 + random(1_200));
    const group = Object.keys(groups)[random(2)] as string;
    const own = members.get(group) ?? [];
    switch (random(4)) {
      case 0:
        counts.kills += 1;
        await killLog();
        break;
      case 1:
        counts.left += 1;
        await own.shift()?.leave();
        own.push(await startMember(group));
        break;
      default:
        counts.crashes += 1;
        await own.shift()?.crash();
        own.push(await startMember(group));
    }
  }
  isOver = true;
  await Promise.all(publishing);
  const isHandled = () => {
    const handled = new Set(
      history.flatMap((each) => (each.kind === "handled" ? [`${each.group} ${each.id}`] : [])),
    );
    return history.every(
      (each) =>
        each.kind !== "acknowledged" ||
        Object.keys(groups).every((group) => handled.has(`${group} ${each.id}`)),
    );
  };
  await until("all have come", isHandled).catch(() => undefined);
  await pause(300);
  const of = (kind: Happening["kind"]) => history.filter((each) => each.kind === kind).length;
  t.diagnostic(
    `${of("published")} published, ${of("acknowledged")} acknowledged, ${of("delivered")} delivered, ${of("failed")} failed, ${JSON.stringify(counts)}`,
  );
  assert.ok(of("acknowledged") > 50);
  assert.deepEqual(problemsOf(history, Object.keys(groups)), []);
});

/**
 * Three machines with addresses of their own, `dure up` on each, a token and certificates; their cables lose, delay and are cut.
 * DURE_TEST_SEED says which frames are lost.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createHosts, type Host, type Hosts } from "../../bench/harness/hosts.ts";
import { dure, mainFile, type Running, root, start, temporaryFolder } from "../cli/support.ts";
import { until } from "../support/until.ts";

const config = join(root, "test/faults/fixture/machines.config.ts");
const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
const laneCount = 8;

interface Machine {
  readonly host: Host;
  readonly dataFolder: string;
  readonly base: string;
  fleet: Running;
  start(): Running;
}

/** The first machine runs the Distributor, the others join it. Each has the certificates of its own nodes and no authority's key. */
async function startMachines(context: TestContext, network: Hosts): Promise<Machine[]> {
  const folder = temporaryFolder(context);
  const authority = join(folder, "authority");
  const named = ["--config", config];
  const issue = async (...args: string[]) => {
    const { code, stderr } = await dure(context, ["certs", ...args, "--dir", authority, ...named]);
    assert.equal(code, 0, stderr);
  };
  await issue("init");
  for (const name of ["distributor", "marks", "dure"]) await issue("issue", name);
  await issue("issue", "gateway", "--service", "ratelimits");
  const [first] = network.hosts as [Host];
  const machines = network.hosts.map((host): Machine => {
    const dataFolder = join(folder, host.name, ".dure");
    const certs = join(folder, host.name, "certs");
    mkdirSync(join(folder, host.name));
    cpSync(authority, certs, { recursive: true });
    rmSync(join(certs, "ca-key.pem"));
    const join_ = host === first ? [] : ["--join", `${first.address}:9100`];
    // Those that join find out themselves by which address the others reach them.
    const listens = host === first ? host.address : "0.0.0.0";
    const run = () =>
      start(context, ["up", ...named, "--host", listens, ...join_], {
        command: host.on([process.execPath, "--conditions=dure-source", mainFile]),
        environment: {
          DURE_DATA: dataFolder,
          DURE_CERTS: certs,
          DURE_TOKEN: "one token for three machines",
          DURE_DISTRIBUTOR_PORT: "9100",
          PORT: "8080",
        },
      });
    const base = `http://${host.address}:8080`;
    return { host, dataFolder, base, fleet: run(), start: run };
  });
  for (const { fleet } of machines) await fleet.ready();
  return machines;
}

let nextId = 0;

async function ask(base: string, kind: "find" | "make"): Promise<string> {
  nextId += 1;
  const id = `m${nextId}`;
  const response =
    kind === "find"
      ? await fetch(`${base}/marks/${id}`)
      : await fetch(`${base}/marks`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ id }),
        });
  const text = await response.text();
  if (!response.ok) throw new Error(`${kind} ${id}: ${response.status} ${text}`);
  return JSON.parse(text).machine;
}

/** Asks all the time, in lanes; every failure is kept with its lane. */
function load(base: string, kind: "find" | "make") {
  let isOver = false;
  let made = 0;
  const failures: { lane: number; why: string }[] = [];
  const lanes = Array.from({ length: laneCount }, async (_, lane) => {
    while (!isOver) {
      await ask(base, kind).catch((thrown) => failures.push({ lane, why: String(thrown) }));
      made += 1;
    }
  });
  return {
    failures,
    async more(count: number) {
      const goal = made + count;
      await until(`${count} more of ${kind} are through`, () => made >= goal, 60_000);
    },
    async stop() {
      isOver = true;
      await Promise.all(lanes);
      return failures;
    },
  };
}

function seenFrom({ base }: Machine, machines: readonly Machine[]) {
  return until(
    `${base} reaches ${machines.map(({ host }) => host.name).join(", ")}`,
    async () => {
      const seen = new Set<string>();
      for (let call = 0; call < 30; call += 1) seen.add(await ask(base, "find").catch(() => ""));
      return machines.every(({ host }) => seen.has(host.name));
    },
    60_000,
  );
}

test(`three machines, one mesh (seed ${seed})`, async (context) => {
  const network = await createHosts(3, seed);
  context.after(() => network.close());
  const machines = await startMachines(context, network);
  const [first, second, third] = machines as [Machine, Machine, Machine];

  await context.test("each one's gateway spreads calls over all of them", async () => {
    for (const machine of machines) await seenFrom(machine, machines);
  });

  await context.test("on a cable that delays and loses frames nothing fails", async () => {
    await second.host.cable({ delayMs: [5, 40], loss: 0.02 });
    const reads = load(first.base, "find");
    const writes = load(first.base, "make");
    await Promise.all([reads.more(300), writes.more(300)]);
    assert.deepEqual([...(await reads.stop()), ...(await writes.stop())], []);
    await second.host.cable({});
  });

  await context.test("a machine that is cut off costs what was in flight on it", async () => {
    const reads = load(first.base, "find");
    const writes = load(first.base, "make");
    await Promise.all([reads.more(50), writes.more(50)]);
    await third.host.cable({ isCut: true });
    await Promise.all([reads.more(400), writes.more(400)]);
    assert.deepEqual(await reads.stop(), []);
    const lost = await writes.stop();
    const lanes = new Set(lost.map(({ lane }) => lane));
    assert.equal(lost.length, lanes.size, `a lane lost more than one: ${JSON.stringify(lost)}`);
  });

  await context.test("it goes on alone meanwhile, and is back when its cable is", async () => {
    await third.host.cable({});
    await seenFrom(first, [third]);
    await seenFrom(third, machines);
  });

  await context.test(
    "a machine that loses its power is left, and joins again when it has it",
    async () => {
      const reads = load(first.base, "find");
      await reads.more(50);
      await second.host.cable({ isCut: true });
      second.fleet.signal("SIGKILL", "group");
      await second.fleet.ended;
      await reads.more(400);
      assert.deepEqual(await reads.stop(), []);
      await second.host.cable({});
      second.fleet = second.start();
      await second.fleet.ready();
      await seenFrom(first, machines);
      await seenFrom(second, machines);
    },
  );

  await context.test(
    "without the machine of the Distributor the others serve each other",
    async () => {
      await first.host.cable({ isCut: true });
      const reads = load(second.base, "find");
      await reads.more(500);
      assert.deepEqual(await reads.stop(), []);
      await seenFrom(second, [second, third]);
      await first.host.cable({});
      for (const machine of machines) await seenFrom(machine, machines);
    },
  );

  const made = machines
    .map(({ dataFolder }) => join(dataFolder, "marks"))
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n"));
  assert.equal(new Set(made).size, made.length, "something was made twice");
  for (const { fleet } of machines) fleet.signal("SIGINT");
  for (const { fleet } of machines) assert.equal((await fleet.ended).code, 0, fleet.stdout());
});

/**
 * A fleet of twenty nodes in memory under virtual time, with everything going wrong from a seed: nodes crash and come back, freeze,
 * lose their connections, are cut off from each other; Distributors die. DURE_TEST_SEED replays a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract, op, service } from "../../src/index.ts";
import { sleep } from "../../src/kit/index.ts";
import { createNode, type MeshNode } from "../../src/mesh/index.ts";
import { createDistributor, type Distributor } from "../../src/registry/index.ts";
import { type VirtualTime, virtualTime } from "../../src/testing/index.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../../src/wire/index.ts";

const seed = Number(process.env.DURE_TEST_SEED ?? Date.now() % 1_000_000);
const chaosMs = 60_000;
const calmMs = 20_000;
const callEveryMs = 15;
/** Deadlines are kept by a timing wheel of 8 ms. */
const toleranceMs = 20;

const Asked = z.object({ id: z.string() });
const front = contract("front", {
  read: op({ input: Asked, output: Asked, idempotent: true }),
  write: op({ input: Asked, output: Asked }),
});
const back = contract("back", {
  read: op({ input: Asked, output: Asked, idempotent: true }),
  write: op({ input: Asked, output: Asked }),
});
type Kind = "read" | "write";

interface Made {
  readonly kind: Kind;
  readonly id: string;
  readonly at: number;
  readonly deadlineMs: number;
  endedAt?: number;
  code?: string;
}

class Fleet {
  readonly time: VirtualTime;
  readonly network: MemoryNetwork;
  readonly executions = new Map<string, number>();
  readonly calls: Made[] = [];
  readonly #distributors = new Map<number, { host: string; running: Distributor }>();
  readonly #nodes = new Map<string, { host: string; node: MeshNode; start: () => Promise<void> }>();
  readonly #down = new Set<string>();
  #incarnation = 0;

  constructor(time: VirtualTime) {
    this.time = time;
    this.network = createMemoryNetwork({ latencyMs: () => 0.2 + time.random() * 3 });
  }

  get serviceSlots(): string[] {
    return [...this.#nodes.keys()].filter((slot) => !slot.startsWith("caller"));
  }

  hostOf(slot: string): string {
    return this.#nodes.get(slot)?.host ?? "";
  }

  portOf(slot: string): number {
    return this.#nodes.get(slot)?.node.port ?? 0;
  }

  async startDistributor(port: number): Promise<void> {
    this.#incarnation += 1;
    const host = `distributor-${port}#${this.#incarnation}`;
    const running = await createDistributor({
      mesh: "chaos",
      port,
      transport: this.network.at(host),
    });
    this.#distributors.set(port, { host, running });
  }

  async crashDistributor(port: number, downMs: number): Promise<void> {
    const found = this.#distributors.get(port);
    // Down already.
    if (!found) return;
    this.#distributors.delete(port);
    this.network.crash(found.host);
    await found.running.close();
    await sleep(downMs);
    await this.startDistributor(port);
  }

  async startNode(slot: string, kind: "front" | "back" | "caller"): Promise<void> {
    const start = async () => {
      this.#incarnation += 1;
      const host = `${slot}#${this.#incarnation}`;
      const starting = createNode({
        name: kind,
        slot,
        mesh: "chaos",
        distributors: [9101, 9102].map((port) => ({ host: "127.0.0.1", port })),
        transport: this.network.at(host),
        services: kind === "caller" ? [] : [kind === "front" ? this.#front() : this.#back()],
      });
      this.#nodes.set(slot, { host, node: await starting, start });
    };
    await start();
  }

  /** Ends it as a machine ends that loses its power; it comes back as another node. */
  async crashNode(slot: string, downMs: number): Promise<void> {
    const found = this.#nodes.get(slot);
    if (!found || this.#down.has(slot)) return;
    this.#down.add(slot);
    this.network.crash(found.host);
    await found.node.close();
    await sleep(downMs);
    await found.start();
    this.#down.delete(slot);
  }

  call(slot: string, kind: Kind): void {
    const { node } = this.#nodes.get(slot) as { node: MeshNode };
    const deadlineMs = 200 + Math.floor(this.time.random() * 2_000);
    const made: Made = {
      kind,
      id: `${kind}-${this.calls.length}`,
      at: this.time.now(),
      deadlineMs,
    };
    this.calls.push(made);
    const end = (code?: string) => {
      made.endedAt = this.time.now();
      if (code !== undefined) made.code = code;
    };
    node
      .client(front)
      [kind]({ id: made.id }, { deadlineMs })
      .then(
        () => end(),
        (error) => end(error.code),
      );
  }

  async close(): Promise<void> {
    const all = [...this.#nodes.values()].map(({ node }) => node.close());
    const distributors = [...this.#distributors.values()].map(({ running }) => running.close());
    await Promise.all([...all, ...distributors]);
  }

  #front() {
    return service(front, ({ handle }) =>
      handle({
        read: async (input, ctx) => {
          this.#count("front", input.id);
          await sleep(this.time.random() * 20);
          return ctx.client(back).read(input);
        },
        write: async (input, ctx) => {
          this.#count("front", input.id);
          return ctx.client(back).write(input);
        },
      }),
    );
  }

  #back() {
    const work = async (input: { id: string }) => {
      this.#count("back", input.id);
      await sleep(this.time.random() * 20);
      return input;
    };
    return service(back, ({ handle }) => handle({ read: work, write: work }));
  }

  #count(where: string, id: string): void {
    const key = `${where} ${id}`;
    this.executions.set(key, (this.executions.get(key) ?? 0) + 1);
  }
}

/** One fault, drawn by chance; resolves when it is over. */
async function strike(fleet: Fleet): Promise<void> {
  const { time, network } = fleet;
  const slots = fleet.serviceSlots;
  const slot = slots[Math.floor(time.random() * slots.length)] as string;
  const lastsMs = 200 + time.random() * 6_000;
  const draw = time.random();
  if (draw < 0.3) return fleet.crashNode(slot, lastsMs);
  if (draw < 0.5) {
    const port = fleet.portOf(slot);
    network.blackhole(port);
    await sleep(lastsMs);
    return network.heal(port);
  }
  if (draw < 0.7) return network.reset(fleet.portOf(slot));
  if (draw < 0.9) {
    const group = new Set(
      slots.filter(() => time.random() < 0.4).map((each) => fleet.hostOf(each)),
    );
    network.partition((one, other) => group.has(one) !== group.has(other));
    await sleep(lastsMs);
    return network.partition(undefined);
  }
  await fleet.crashDistributor(time.random() < 0.5 ? 9101 : 9102, lastsMs);
}

test(`a fleet of 20 under faults keeps its promises (DURE_TEST_SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const time = virtualTime(seed);
  try {
    const fleet = new Fleet(time);
    const up = Promise.all([
      fleet.startDistributor(9101),
      fleet.startDistributor(9102),
      ...Array.from({ length: 6 }, (_, index) => fleet.startNode(`front-${index}`, "front")),
      ...Array.from({ length: 8 }, (_, index) => fleet.startNode(`back-${index}`, "back")),
      ...Array.from({ length: 4 }, (_, index) => fleet.startNode(`caller-${index}`, "caller")),
    ]);
    await time.advance(3_000);
    await up;

    let faults = 0;
    const running: Promise<void>[] = [];
    const end = time.now() + chaosMs;
    while (time.now() < end) {
      if (faults < (time.now() - 3_000) / 1_500) {
        faults += 1;
        running.push(strike(fleet));
      }
      for (let caller = 0; caller < 4; caller += 1)
        fleet.call(`caller-${caller}`, time.random() < 0.5 ? "read" : "write");
      await time.advance(callEveryMs);
    }
    await time.advance(calmMs);
    await Promise.all(running);

    const late = fleet.calls.filter(
      ({ endedAt, at, deadlineMs }) =>
        endedAt === undefined || endedAt - at > deadlineMs + toleranceMs,
    );
    assert.deepEqual(late, [], "no call outlives its deadline");
    const twice = [...fleet.executions].filter(
      ([key, count]) => key.includes("write") && count > 1,
    );
    assert.deepEqual(twice, [], "no call is executed twice unless it is idempotent");
    const answeredWithoutWork = fleet.calls.filter(
      ({ code, id }) => code === undefined && !fleet.executions.has(`back ${id}`),
    );
    assert.deepEqual(answeredWithoutWork, []);

    const reads = fleet.calls.filter(({ kind }) => kind === "read");
    const executed = (where: string) =>
      reads.reduce((sum, { id }) => sum + (fleet.executions.get(`${where} ${id}`) ?? 0), 0);
    // 20 % of the calls, one a second and ten saved up, for each that makes calls: four callers, six fronts.
    const seconds = (chaosMs + calmMs) / 1_000;
    const allowed = (made: number, callers: number) => made * 1.2 + callers * (seconds + 10);
    assert.ok(executed("front") <= allowed(reads.length, 4), `front ${executed("front")}`);
    assert.ok(
      executed("back") <= allowed(executed("front"), 6 + faults),
      `back ${executed("back")}`,
    );

    const before = fleet.calls.length;
    for (let round = 0; round < 50; round += 1) {
      for (let caller = 0; caller < 4; caller += 1) fleet.call(`caller-${caller}`, "read");
      await time.advance(callEveryMs);
    }
    await time.advance(5_000);
    const failed = fleet.calls.slice(before).filter(({ code }) => code !== undefined);
    assert.deepEqual(failed, [], "all is well once nothing goes wrong any more");

    const count = (code: string | undefined) =>
      fleet.calls.filter((call) => call.code === code).length;
    const codes = [...new Set(fleet.calls.map(({ code }) => code))];
    t.diagnostic(
      `${fleet.calls.length} calls, ${faults} faults: ${codes.map((code) => `${code ?? "ok"} ${count(code)}`).join(", ")}`,
    );
    const closing = fleet.close();
    await time.advance(15_000);
    await closing;
  } finally {
    time.uninstall();
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { exposition, Metrics, openMetricsEndpoint } from "../../src/telemetry/index.ts";

const textOf = (metrics: Metrics, labels: Record<string, string> = {}) =>
  exposition([{ labels, families: metrics.read() }]);

test("counters count by their labels, gauges are read when somebody looks", () => {
  const metrics = new Metrics();
  const seen = metrics.counter({ name: "seen_total", help: "seen", labels: ["kind"] });
  let depth = 1;
  metrics.gauge({ name: "depth", help: "depth" }, () => [[[], depth]]);
  seen.add(["a"]);
  seen.add(["a"], 2);
  seen.add(["b"]);
  depth = 7;
  assert.equal(
    textOf(metrics),
    `# HELP seen_total seen
# TYPE seen_total counter
seen_total{kind="a"} 3
seen_total{kind="b"} 1
# HELP depth depth
# TYPE depth gauge
depth 7
`,
  );
});

test("a metric that is defined twice is one; without a series it is not told", () => {
  const metrics = new Metrics();
  const definition = { name: "tries_total", help: "tries" };
  assert.equal(textOf(metrics), "");
  metrics.counter(definition).add([]);
  metrics.counter(definition).add([]);
  assert.match(textOf(metrics), /^tries_total 2$/m);
});

test("an endpoint that cannot read them says why, and goes on", async (t) => {
  let isBroken = true;
  const read = () => {
    if (isBroken) throw new Error("a gauge threw");
    return "seen_total 1\n";
  };
  const endpoint = await openMetricsEndpoint({ port: 0, read });
  t.after(() => endpoint.close());
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${endpoint.port}${path}`);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await ask("/metrics"), [500, "the metrics could not be read: a gauge threw\n"]);
  isBroken = false;
  assert.equal((await ask("//"))[0], 404);
  assert.deepEqual(await ask("/metrics?"), [200, "seen_total 1\n"]);
});

test("durations are counted up to each bound, and all of them once", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (seconds) => {
      const metrics = new Metrics();
      const histogram = metrics.durations({ name: "took_seconds", help: "took" }).of([]);
      for (const each of seconds) histogram.observe(each);
      const [family] = metrics.read();
      for (const [suffix, { le }, value] of family?.samples ?? []) {
        if (suffix === "_bucket")
          assert.equal(value, seconds.filter((each) => le === "+Inf" || each <= Number(le)).length);
        if (suffix === "_count") assert.equal(value, seconds.length);
        if (suffix === "_sum")
          assert.ok(Math.abs(value - seconds.reduce((a, b) => a + b, 0)) < 1e-6);
      }
    }),
  );
});

test("labels that grow without end are counted together", () => {
  const metrics = new Metrics();
  const seen = metrics.counter({ name: "seen_total", help: "seen", labels: ["who"] });
  for (let index = 0; index < 5_000; index += 1) seen.add([`guest-${index}`]);
  const samples = metrics.read()[0]?.samples ?? [];
  assert.equal(samples.length, 1_001);
  assert.deepEqual(samples.at(-1), ["", { who: "other" }, 4_000]);
});

test("what several processes tell stands together by metric, each line with its process", () => {
  const families = (count: number) => {
    const metrics = new Metrics();
    metrics.counter({ name: "a_total", help: "a" }).add([], count);
    metrics.counter({ name: "b_total", help: "b" }).add([], count);
    return metrics.read();
  };
  const sources = [1, 2].map((n) => ({ labels: { process: `p-${n}` }, families: families(n) }));
  assert.equal(
    exposition(sources),
    `# HELP a_total a
# TYPE a_total counter
a_total{process="p-1"} 1
a_total{process="p-2"} 2
# HELP b_total b
# TYPE b_total counter
b_total{process="p-1"} 1
b_total{process="p-2"} 2
`,
  );
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { addProcessMetrics, exposition, Metrics } from "../../src/telemetry/index.ts";

/** Reads text with the parser of Prometheus' own Python client and prints what it found. */
const parse = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([
  {"name": f.name, "type": f.type, "help": f.documentation,
   "samples": [[s.name, s.labels, str(s.value)] for s in f.samples]}
  for f in text_string_to_metric_families(sys.stdin.read())]))
`;

interface Parsed {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly (readonly [string, Record<string, string>, string])[];
}

function parsed(text: string): Map<string, Parsed> {
  const { stdout, stderr, status } = spawnSync("/usr/bin/python3", ["-c", parse], {
    input: text,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return new Map((JSON.parse(stdout) as Parsed[]).map((family) => [family.name, family]));
}

const awkward = 'a "quoted" \\ back\\n slash\nand a line, {with} = braces é 한';

test("Prometheus' own parser reads back what was counted, whatever the labels hold", () => {
  const sources = ["one", "two"].map((process) => {
    const metrics = new Metrics();
    metrics.counter({ name: "odd_total", help: awkward, labels: ["what"] }).add([awkward], 3);
    const took = metrics.durations({ name: "took_seconds", help: "took", labels: ["op"] });
    for (const seconds of [0.0001, 0.004, 0.3, 70]) took.of([awkward]).observe(seconds);
    metrics.gauge({ name: "odd_values", help: "odd", labels: ["n"] }, () =>
      [Number.NaN, Number.POSITIVE_INFINITY, -1e21, 0.1].map((value, n) => [[String(n)], value]),
    );
    addProcessMetrics(metrics)();
    return { labels: { process }, families: metrics.read() };
  });
  const families = parsed(exposition(sources));

  const odd = families.get("odd");
  assert.equal(odd?.type, "counter");
  assert.equal(odd?.help, awkward);
  assert.deepEqual(
    odd?.samples,
    ["one", "two"].map((process) => ["odd_total", { process, what: awkward }, "3.0"]),
  );

  const took = families.get("took_seconds");
  assert.equal(took?.type, "histogram");
  const bucketOf = (le: string) =>
    took?.samples.find(([, labels]) => labels.process === "two" && labels.le === le)?.[2];
  assert.deepEqual(["0.0005", "0.005", "0.25", "0.5", "10", "+Inf"].map(bucketOf), [
    "1.0",
    "2.0",
    "2.0",
    "3.0",
    "3.0",
    "4.0",
  ]);

  const values = families.get("odd_values")?.samples.map(([, , value]) => value);
  assert.deepEqual(values?.slice(0, 4), ["nan", "inf", "-1e+21", "0.1"]);
  for (const name of ["process_cpu_seconds", "process_resident_memory_bytes"])
    assert.equal(families.get(name)?.samples.length, 2);
});

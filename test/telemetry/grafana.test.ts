import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const dashboard = JSON.parse(read("docs/grafana/dure.json"));

/** Metrics with their labels. Another test holds this page against the code. */
const metrics = new Map(
  [...read("docs/reference/metrics.md").matchAll(/^\| `([a-z_]+)` \|([^|]*)\|/gm)].map(
    ([, name = "", labels = ""]) => [
      name,
      new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label)),
    ],
  ),
);
/** The supervisor adds the first; the second is a histogram's own. */
const further = new Set(["process", "le"]);
const functions = new Set(
  "sum max min count rate histogram_quantile vector time label_values by or".split(" "),
);

const panels: any[] = dashboard.panels.flatMap((panel: any) => [panel, ...(panel.panels ?? [])]);
const queries: { where: string; expr: string }[] = [
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }: { expr: string }) => ({ where: title, expr })),
  ),
  ...dashboard.templating.list.flatMap(({ name, definition }: any) =>
    definition ? [{ where: `variable ${name}`, expr: definition }] : [],
  ),
];

const familyOf = (name: string) =>
  metrics.has(name) ? name : name.replace(/_(bucket|count|sum)$/, "");

test("every query of the dashboard names metrics and labels that exist", () => {
  assert.ok(queries.length > 30);
  for (const { where, expr } of queries) {
    const bare = expr.replace(/"[^"]*"/g, '""').replace(/\[[^\]]*\]/g, "");
    const selected = [...bare.matchAll(/\{([^}]*)\}/g)].flatMap(([, inner = ""]) =>
      [...inner.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
    );
    const grouped = [...bare.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
      list.split(/,\s*/),
    );
    const outside = bare
      .replace(/\{[^}]*\}/g, "")
      .replace(/\bby \([^)]*\)/g, "")
      .replace(/label_values\((\w+), (\w+)\)/, (_, metric: string, label: string) => {
        grouped.push(label);
        return metric;
      });
    const words = [...outside.matchAll(/[a-z_]+/g)].map(([word]) => word);
    const named = words.filter((word) => !functions.has(word));
    assert.ok(named.length > 0, `${where}: ${expr}`);
    const labels = new Set(further);
    for (const name of named) {
      const own = metrics.get(familyOf(name));
      assert.ok(own, `${where}: there is no metric ${name}`);
      for (const label of own) labels.add(label);
    }
    for (const label of [...selected, ...grouped])
      assert.ok(labels.has(label), `${where}: ${named.join(", ")} has no label ${label}`);
  }
});

test("every metric is shown somewhere in the dashboard", () => {
  const shown = new Set(
    queries.flatMap(({ expr }) => [...expr.matchAll(/[a-z_]+/g)].map(([word]) => familyOf(word))),
  );
  assert.deepEqual(
    [...metrics.keys()].filter((name) => !shown.has(name)),
    [],
  );
});

test("legends and titles stand for themselves, and ids are unique", () => {
  const ids = panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { title } of panels) assert.match(title, /\S/);
});

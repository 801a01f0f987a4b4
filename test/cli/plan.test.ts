import assert from "node:assert/strict";
import { test } from "node:test";
import { childEnvironment } from "../../src/cli/fleet/child-environment.ts";
import { distributorsOf, gatewayUrl, type PlanInput, planUp } from "../../src/cli/fleet/plan.ts";
import { resolveConfig } from "../../src/config/index.ts";

function input(more: object = {}): PlanInput {
  const load = () => Promise.reject(new Error("never loaded here"));
  const config = resolveConfig({
    config: { name: "shop", services: { products: load, stock: load }, ...more },
    fileName: "dure.config.ts",
    profile: undefined,
    environment: {},
    flags: {},
  });
  const hasOwn = config.distributors.length === 0;
  return {
    config,
    configPath: "/shop/dure.config.ts",
    dataFolder: "/shop/.dure",
    token: "t",

    certs: undefined,
    gatewayPort: 8_080,
    distributorPort: hasOwn ? 9_100 : undefined,
    consolePort: undefined,
  };
}

test("each instance is a process with its number; the edge stops first, the registry last", () => {
  const planned = planUp(input({ processes: { core: { services: ["products"], instances: 2 } } }));
  assert.deepEqual(
    planned.map(({ spec, stopRank }) => [spec.name, stopRank]),
    [
      ["distributor", 3],
      ["core-1", 1],
      ["core-2", 1],
      ["stock-1", 1],
      ["gateway", 0],
    ],
  );
});

test("events bring the log, on the machine that runs the Distributor", () => {
  const withEvents = planUp(input({ events: { keepDays: 1 } }));
  const log = withEvents.find(({ spec }) => spec.role === "eventlog");
  assert.equal(log?.stopRank, 2);
  assert.deepEqual(log?.spec.role === "eventlog" && log.spec.log.keepMs, 24 * 3_600_000);
  const elsewhere = planUp(input({ events: {}, distributors: ["10.0.0.1:9100"] }));
  assert.ok(elsewhere.every(({ spec }) => spec.role !== "eventlog"));
});

test("a project that joins Distributors elsewhere runs none of its own", () => {
  const elsewhere = input({ distributors: ["10.0.0.1:9100"] });
  const names = planUp(elsewhere).map(({ spec }) => spec.name);
  assert.deepEqual(names, ["products-1", "stock-1", "gateway"]);
  assert.deepEqual(distributorsOf(elsewhere), [{ host: "10.0.0.1", port: 9_100 }]);
});

test("a wildcard address is listened on, not dialled and not shown", () => {
  const open = input({ host: "0.0.0.0" });
  assert.deepEqual(distributorsOf(open), [{ host: "127.0.0.1", port: 9_100 }]);
  assert.equal(gatewayUrl(open), "http://localhost:8080");
  assert.equal(gatewayUrl(input({ host: "10.0.0.7" })), "http://10.0.0.7:8080");
});

test("the edge's certificates and pages are files of the project; with certificates its URL is HTTPS", () => {
  const tls = { cert: "tls/shop.pem", key: "/etc/shop-key.pem" };
  const secured = input({ gateway: { tls, files: [{ folder: "web/dist" }] } });
  assert.equal(gatewayUrl(secured), "https://localhost:8080");
  const edge = planUp(secured).find(({ spec }) => spec.role === "gateway");
  assert.ok(edge?.spec.role === "gateway");
  assert.deepEqual(edge.spec.gateway.tls, [
    { cert: "/shop/tls/shop.pem", key: "/etc/shop-key.pem" },
  ]);
  assert.deepEqual(edge.spec.gateway.files, [{ folder: "/shop/web/dist" }]);
});

test("a process inherits what Node needs and nothing of what the shell happens to hold", () => {
  const environment = {
    PATH: "/bin",
    AWS_SECRET_ACCESS_KEY: "hush",
    DURE_TOKEN: "hush",
    PORT: "1",
  };
  assert.deepEqual(childEnvironment(environment, "/shop/.dure"), {
    PATH: "/bin",
    NODE_COMPILE_CACHE: "/shop/.dure/compile-cache",
  });
});

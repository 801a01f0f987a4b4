import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ConfigSources, resolveConfig, settings } from "../../src/config/index.ts";
import { DureError } from "../../src/kit/index.ts";

const load = () => Promise.reject(new Error("never loaded here"));
const base = { name: "shop", services: { products: load, stock: load } };

function resolve(config: unknown, more: Partial<ConfigSources> = {}) {
  return resolveConfig({
    config,
    fileName: "dure.config.ts",
    profile: undefined,
    environment: {},
    flags: {},
    ...more,
  });
}

function problemsOf(config: unknown, more: Partial<ConfigSources> = {}): string {
  try {
    resolve(config, more);
  } catch (thrown) {
    assert.ok(thrown instanceof DureError);
    assert.equal(thrown.code, "INVALID_ARGUMENT");
    return thrown.message;
  }
  return assert.fail("it was accepted");
}

test("a name and services are enough: one process for each service, loopback only", () => {
  const config = resolve(base);
  assert.deepEqual(config.processes, [
    { name: "products", services: ["products"], instances: 1, reload: "overlap", drainMs: 10_000 },
    { name: "stock", services: ["stock"], instances: 1, reload: "overlap", drainMs: 10_000 },
  ]);
  assert.equal(config.host, "127.0.0.1");
  assert.deepEqual(config.gateway, { port: 8080, host: "127.0.0.1", instances: 1 });
  assert.equal(config.distributor.port, 9100);
  assert.deepEqual(config.distributors, []);
});

test("a process takes several services, and the others keep one of their own", () => {
  const processes = { core: { services: ["products"], instances: 3 } };
  assert.deepEqual(resolve({ ...base, processes }).processes, [
    { name: "core", services: ["products"], instances: 3, reload: "overlap", drainMs: 10_000 },
    { name: "stock", services: ["stock"], instances: 1, reload: "overlap", drainMs: 10_000 },
  ]);
});

test("a range begins with its minimum; max is one process for each core; a limit of memory is kept", () => {
  const processes = { products: { instances: "max", memoryMbMax: 512 } };
  const [products] = resolve({ ...base, processes }, { coreCount: 6 }).processes;
  assert.deepEqual([products?.instances, products?.memoryMbMax], [6, 512]);
  const range = { products: { instances: { min: 2, max: 6 } } };
  const [ranged] = resolve({ ...base, processes: range }).processes;
  assert.deepEqual([ranged?.instances, ranged?.range], [2, { min: 2, max: 6, concurrency: 20 }]);
  const inverted = { products: { instances: { min: 6, max: 2 } } };
  assert.match(problemsOf({ ...base, processes: inverted }), /a min that is not above its max/);
  const wrong = { products: { instances: "all", memoryMbMax: 5 } };
  const problems = problemsOf({ ...base, processes: wrong });
  assert.match(
    problems,
    /processes\.products\.instances is "all"; it must be a whole number from 1 to 64, "max", or \{ min, max, concurrency\? \}/,
  );
  assert.match(problems, /processes\.products\.memoryMbMax is 5; it must be at least 100/);
});

test("a process named like a service hosts that service", () => {
  const [products] = resolve({ ...base, processes: { products: { instances: 2 } } }).processes;
  assert.deepEqual(products, {
    name: "products",
    services: ["products"],
    instances: 2,
    reload: "overlap",
    drainMs: 10_000,
  });
});

test("a flag beats the environment, which beats the profile, which beats the file, which beats the default", () => {
  const layers = fc.record({
    flag: fc.option(fc.nat(65_535), { nil: undefined }),
    variable: fc.option(fc.nat(65_535), { nil: undefined }),
    profile: fc.option(fc.nat(65_535), { nil: undefined }),
    file: fc.option(fc.nat(65_535), { nil: undefined }),
  });
  fc.assert(
    fc.property(layers, ({ flag, variable, profile, file }) => {
      const config = {
        ...base,
        gateway: { port: file },
        profiles: { production: { gateway: { port: profile } } },
      };
      const resolved = resolve(config, {
        profile: "production",
        environment: variable === undefined ? {} : { PORT: String(variable) },
        flags: flag === undefined ? {} : { port: String(flag) },
      });
      assert.equal(resolved.gateway.port, flag ?? variable ?? profile ?? file ?? 8080);
      const origins = [
        [flag, "--port"],
        [variable, "PORT"],
        [profile, "profile production"],
        [file, "dure.config.ts"],
      ] as const;
      const expected = origins.find(([value]) => value !== undefined)?.[1];
      assert.equal(resolved.origins.get("gateway.port"), expected);
    }),
  );
});

test("a profile changes only what it names", () => {
  const config = {
    ...base,
    env: { products: { PAGE_SIZE: "20", CURRENCY: "EUR" } },
    profiles: {
      production: { env: { products: { PAGE_SIZE: "50" } }, distributors: ["a:1", "[::1]:2"] },
    },
  };
  const resolved = resolve(config, { profile: "production" });
  assert.deepEqual(resolved.env, { products: { PAGE_SIZE: "50", CURRENCY: "EUR" } });
  assert.deepEqual(resolved.distributors, [
    { host: "a", port: 1 },
    { host: "::1", port: 2 },
  ]);
});

test("every problem is told at once, with what was meant", () => {
  const message = problemsOf(
    {
      name: "my shop",
      services: { products: load, stock: "./stock.ts" },
      gatway: {},
      gateway: { port: "8080", limit: {} },
      profiles: { production: { logs: { level: "loud" }, distributors: ["nowhere"] } },
    },
    { environment: { PORT: "80a" }, flags: { join: "x" } },
  );
  assert.match(message, /^dure\.config\.ts has \d+ problems:$/m);
  for (const line of [
    'gatway is not an option (did you mean "gateway"?)',
    'gateway.limit is not an option (did you mean "limits"?)',
    'gateway.port is "8080"; it must be a number',
    'services.stock is "./stock.ts"; it must be a function',
    'profiles.production.logs.level is "loud"; it must be one of "debug"',
    'profiles.production.distributors.0 is "nowhere"; it must be "host:port"',
    'PORT is "80a"; it must be a port number from 0 to 65535',
    '--join is "x"; it must be one or more of "host:port"',
  ]) {
    assert.ok(message.includes(line), `${line}\nis not in\n${message}`);
  }
});

test("names that must exist elsewhere in the file are checked", () => {
  const message = problemsOf({
    ...base,
    processes: { core: { services: ["product"] }, gateway: { services: ["stock"] }, stok: {} },
    env: { prodcts: {} },
    calls: { services: { stocks: { deadlineMs: 10 } } },
  });
  assert.match(message, /processes\.core\.services\.0 \("product"\) names no service .*"products"/);
  assert.match(message, /processes\.gateway has the name of one of Dure's own processes/);
  assert.match(message, /processes\.stok names no service .*did you mean "stock"/);
  assert.match(message, /env\.prodcts names no service .*did you mean "products"/);
  assert.match(message, /calls\.services\.stocks names no service .*did you mean "stock"/);
});

test("an unknown profile is refused with the nearest one", () => {
  const message = problemsOf({ ...base, profiles: { production: {} } }, { profile: "prodution" });
  assert.match(message, /no profile "prodution" \(did you mean "production"\?\)/);
});

test("a file without a default export says so", () => {
  assert.match(problemsOf(undefined), /the default export is missing/);
});

test("any value whatever is either accepted or refused with INVALID_ARGUMENT", () => {
  fc.assert(
    fc.property(fc.anything(), (config) => {
      try {
        resolve(config);
      } catch (thrown) {
        assert.ok(thrown instanceof DureError, String(thrown));
      }
    }),
  );
});

test("each setting has its own variable, flag and path", () => {
  for (const pick of ["path", "variable", "flag"] as const) {
    const names = settings.map((setting) => setting[pick]).filter((name) => name !== undefined);
    assert.equal(new Set(names).size, names.length, pick);
  }
});

test("limits name operations of services that exist, of sidecars, or paths of routes", () => {
  const limit = (operation: string) => ({
    ...base,
    processes: { reviews: { sidecar: { command: ["./reviews"], urls: ["GET /reviews"] } } },
    gateway: {
      rateLimits: [{ name: "a", by: "ip", requests: 1, perS: 1, operations: [operation] }],
    },
  });
  for (const operation of ["products.get", "reviews.get", "/legacy/*"]) resolve(limit(operation));
  assert.match(
    problemsOf(limit("product.get")),
    /gateway\.rateLimits\.0\.operations \("product\.get"\) names no service of this project \(did you mean "products"\?\)/,
  );
});

test("routes that no request could tell apart are a problem that names both", () => {
  const upstream = "http://127.0.0.1:9000";
  const beta = { path: "/*", upstream, headers: { "x-beta": "1" } };
  const routes = [{ path: "/a/:x", upstream }, beta, { path: "/a/:y", upstream }];
  const found = problemsOf({ ...base, gateway: { routes } });
  assert.match(
    found,
    /gateway\.routes\.2 \("\/a\/:y"\) takes the same requests as gateway\.routes\.0/,
  );
  resolve({ ...base, gateway: { routes: [beta, { path: "/*", upstream }] } });
  const bad = [
    { path: "/x", upstream: "http://127.0.0.1:9000/base" },
    { path: "/y", upstream: { a: { urls: upstream, weight: 0 } } },
    { path: "/z", upstream: "https://127.0.0.1", tls: { cert: "own.pem" } },
    { path: "/operations", versions: { "1": 0 }, cache: true },
    { path: "/versions", upstream, versions: { "1": 1 }, fallback: {} },
  ];
  const problems = problemsOf({ ...base, gateway: { routes: bad } });
  assert.match(problems, /gateway\.routes\.0\.upstream/);
  assert.match(problems, /gateway\.routes\.1\.upstream/);
  assert.match(problems, /gateway\.routes\.3\.cache .* needs an upstream; without one/);
  assert.match(problems, /gateway\.routes\.3\.versions .* a weight above 0/);
  assert.match(problems, /gateway\.routes\.4\.versions .* write versions into the upstream/);
  assert.match(problems, /gateway\.routes\.4\.fallback .* must have a body, staleS, or both/);
  const rule = { path: "/*", sticky: { cookie: "shop" }, fallback: { staleS: 60 } };
  resolve({ ...base, gateway: { routes: [rule, { path: "/*", upstream }] } });
  assert.match(problems, /gateway\.routes\.2\.tls is .* must have cert and key together/);
});

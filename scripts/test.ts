/**
 * Runs the tests: `npm test`, or `npm test -- test/wire test/kit` for the files under some paths. Suites that need a server run where it
 * answers and are named where it does not; with `CI=true` a missing server is a failure.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { hasHosts } from "../bench/harness/hosts.ts";
import { chromiumPath } from "../test/browser/support/chromium-path.ts";

/** What suites need before they can run. */
const needs = [
  {
    suites: /^test\/engines\/.*-postgres/,
    what: "PostgreSQL on 127.0.0.1:5432 (or DURE_TEST_POSTGRES)",
    isThere: () => answers(new URL(process.env.DURE_TEST_POSTGRES ?? "postgres://127.0.0.1:5432")),
  },
  {
    suites: /^test\/engines\/.*-rabbitmq/,
    what: "rabbitmq-server (Debian's package)",
    isThere: async () => existsSync("/usr/lib/rabbitmq/bin/rabbitmq-server"),
  },
  {
    suites: /^test\/engines\/.*-redis/,
    what: "redis-server (Debian's package)",
    isThere: async () => isOnPath("redis-server"),
  },
  {
    suites: /^test\/engines\/.*-nginx/,
    what: "nginx (Debian's package nginx-light)",
    isThere: async () => isOnPath("nginx") || existsSync("/usr/sbin/nginx"),
  },
  {
    suites: /^test\/engines\/.*-haproxy/,
    what: "HAProxy (Debian's package haproxy)",
    isThere: async () => isOnPath("haproxy") || existsSync("/usr/sbin/haproxy"),
  },
  {
    suites: /^test\/engines\/.*-nats/,
    what: "nats-server (Debian's package)",
    isThere: async () => isOnPath("nats-server"),
  },
  {
    suites: /^test\/engines\/.*-prometheus/,
    what: "Prometheus' Python client (Debian's package python3-prometheus-client)",
    isThere: async () =>
      spawnSync("/usr/bin/python3", ["-c", "import prometheus_client"]).status === 0,
  },
  {
    suites: /^test\/faults\/.*-machines/,
    what: "network namespaces (Linux, root, ip of Debian's package iproute2, python3, /dev/net/tun)",
    isThere: async () => hasHosts(),
  },
  {
    suites: /^test\/browser\//,
    what: "Chromium (Debian's package chromium, or DURE_TEST_CHROMIUM)",
    isThere: async () => existsSync(chromiumPath),
  },
];

/** Thousands of processes load the same files: their types are stripped and their code compiled once. */
const compiledFolder = join(import.meta.dirname, "../node_modules/.cache/dure-tests");

/** A file that has not ended by then hangs, in ms; without it the run would never end. */
const fileMsMax = 600_000;

function isOnPath(program: string): boolean {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

function answers(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port || 5432), url.hostname);
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on("connect", () => settle(true)).on("error", () => settle(false));
    socket.setTimeout(2_000, () => settle(false));
  });
}

const paths = process.argv.slice(2);
const chosen = paths.length > 0 ? paths : ["test/"];
let files = globSync("test/**/*.test.ts")
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => chosen.some((path) => file.startsWith(path)))
  .sort();
const skipped: string[] = [];
for (const { suites, what, isThere } of needs) {
  const affected = files.filter((file) => suites.test(file));
  if (affected.length === 0 || (await isThere())) continue;
  if (process.env.CI === "true") {
    console.error(
      `${affected.join(", ")}: needs ${what}, which is not there, and CI skips nothing`,
    );
    process.exit(1);
  }
  files = files.filter((file) => !affected.includes(file));
  skipped.push(`${affected.join(", ")}: needs ${what}`);
}
if (files.length === 0) {
  console.error(`no test file under ${chosen.join(", ")}`);
  process.exit(1);
}
const { status } = spawnSync(
  process.execPath,
  [
    "--conditions=dure-source",
    "--test",
    "--test-concurrency=2",
    `--test-timeout=${fileMsMax}`,
    ...files,
  ],
  { stdio: "inherit", env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder } },
);
for (const line of skipped) console.log(`skipped ${line}`);
process.exit(status ?? 1);

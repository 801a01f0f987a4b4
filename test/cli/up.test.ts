import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, fixtureConfig, ps, start, stopCleanly } from "./support.ts";

test("up runs a fleet, heals it, tells of it, and ends without a trace", async (context) => {
  const fleet = start(context, ["up", "--config", fixtureConfig], {
    environment: { GREETING: "Good day", AWS_SECRET: "hush", DURE_METRICS_PORT: "0" },
  });
  const url = await fleet.ready();
  const environment = { DURE_DATA: fleet.dataFolder };
  const run = (...args: string[]) => dure(context, args, { environment });
  const find = async (name: string) => {
    const found = (await ps(context, fleet)).find((process) => process.name === name);
    assert.ok(found, name);
    return found;
  };

  await context.test("exactly one line starts with ready and has the URLs", () => {
    const lines = fleet.stdout().match(/^ready.*$/gm) ?? [];
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /http:\/\/localhost:\d+ .* Distributor 127\.0\.0\.1:\d+/);
  });

  await context.test("the gateway answers, and a service calls another", async () => {
    const response = await fetch(`${url}/shout`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Kim" }),
    });
    assert.deepEqual(await response.json(), {
      text: "GOOD DAY, KIM",
      // Only what a service declares reaches its process.
      dataFolder: fleet.dataFolder,
      secrets: [],
    });
  });

  await context.test("ps tells name, pid, port, state and restarts of each process", async () => {
    const processes = await ps(context, fleet);
    assert.deepEqual(
      processes.map(({ name }) => name),
      ["distributor", "hello-1", "hello-2", "shout-1", "gateway"],
    );
    for (const process of processes) {
      const known = "name pid port state restarts uptimeMs memoryBytes cpuShare lastExit";
      assert.deepEqual(Object.keys(process).join(" "), known);
      assert.equal(process.state, "ready");
      assert.equal(process.restarts, 0);
      assert.ok(process.pid !== null && process.port !== null && process.port > 0);
    }
    const people = await run("ps");
    assert.match(
      people.stdout,
      /^NAME +PID +PORT +STATE +RESTARTS +UPTIME +MEMORY +CPU +LAST-EXIT\ndistributor +\d+ +\d+ +ready +0 +\d+s +\d+ MiB +\d+ % +-\n/,
    );
  });

  await context.test("metrics of all processes are on one page, and in the terminal", async () => {
    const [, page = ""] = /^metrics: (\S+)$/m.exec(fleet.stdout()) ?? [];
    const response = await fetch(page);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    for (const { name } of await ps(context, fleet))
      assert.match(text, new RegExp(`^process_resident_memory_bytes\\{process="${name}"\\} `, "m"));
    assert.match(
      text,
      /^dure_server_duration_seconds_count\{process="hello-[12]",service="hello",/m,
    );
    assert.match((await run("metrics")).stdout, /^# TYPE dure_server_duration_seconds histogram$/m);
    assert.equal((await fetch(new URL("/else", page))).status, 404);
  });

  await context.test("nodes tells who is registered", async () => {
    const { stdout } = await run("nodes", "--json");
    const slots = JSON.parse(stdout).map(({ slot }: { slot: string }) => slot);
    assert.deepEqual(slots, ["gateway", "hello-1", "hello-2", "shout-1"]);
  });

  await context.test("call prints the answer as JSON", async () => {
    const { code, stdout } = await run("call", "hello.greet", '{"name":"Kim"}');
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).text, "Good day, Kim");
  });

  for (const { args, code, message } of [
    {
      args: ["hello.greet", '{"nam":"Kim"}'],
      code: 2,
      message: /INVALID_ARGUMENT .*name.*\(you sent "nam"; did you mean "name"\?\)/,
    },
    { args: ["helo.greet", "{}"], code: 2, message: /no service "helo".*did you mean "hello"/ },
    {
      args: ["hello.gret", "{}"],
      code: 2,
      message: /no operation "gret" \(did you mean "greet"\?\)/,
    },
    {
      args: ["hello.greet", '{"name":"Eve"}'],
      code: 1,
      message: /^Unwelcome .*\n\{"name":"Eve"\}/,
    },
  ]) {
    await context.test(`call ${args.join(" ")} ends with ${code} and says why`, async () => {
      const finished = await run("call", ...args);
      assert.equal(finished.code, code, finished.stderr);
      assert.match(finished.stderr, message);
      assert.equal(finished.stdout, "");
    });
  }

  await context.test("a second fleet on the same folder is refused", async () => {
    const second = await run("up", "--config", fixtureConfig);
    assert.equal(second.code, 5);
    assert.match(second.stderr, /a fleet runs on .* already: "dure up" of fixture, process \d+/);
    assert.equal((await ps(context, fleet)).length, 5);
  });

  for (const name of ["hello-1", "distributor", "gateway"]) {
    await context.test(`${name} comes back when it is killed`, async () => {
      const former = await find(name);
      process.kill(former.pid as number, "SIGKILL");
      const current = await until(`${name} is ready again`, async () => {
        const found = await find(name);
        return found.restarts === 1 && found.state === "ready" ? found : undefined;
      });
      assert.notEqual(current.pid, former.pid);
      if (name !== "hello-1") assert.equal(current.port, former.port);
      const text = await until("the gateway answers", async () => {
        const response = await fetch(`${url}/hello/Kim`).catch(() => undefined);
        return response?.ok ? response.text() : undefined;
      });
      assert.match(text, /Good day, Kim/);
    });
  }

  await context.test("a process that is asked to end does so in order and comes back", async () => {
    const former = await find("hello-2");
    process.kill(former.pid as number, "SIGTERM");
    await until("hello-2 is ready again", async () => {
      const found = await find("hello-2");
      return found.restarts === 1 && found.state === "ready";
    });
  });

  await context.test("Ctrl-C ends everything with exit code 0", () => stopCleanly(fleet));

  await context.test("then there is no fleet to ask", async () => {
    const { code, stderr } = await run("ps", "--json");
    assert.equal(code, 4);
    assert.match(stderr, /no fleet runs on /);
  });
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { dure, ps, root, start, stopCleanly } from "./support.ts";

const config = join(root, "test/cli/fixture/events.config.ts");

for (const mode of ["up", "dev"]) {
  test(`${mode} runs the event log, and events tells of it`, async (context) => {
    const fleet = start(context, [mode, "--config", config]);
    await fleet.ready();
    const environment = { DURE_DATA: fleet.dataFolder };
    const run = async (...args: string[]) => {
      const finished = await dure(context, args, { environment });
      assert.equal(finished.code, 0, finished.stderr);
      return finished.stdout;
    };
    const names = (await ps(context, fleet)).map(({ name }) => name);
    assert.equal(names.includes("eventlog"), mode === "up");

    await run("call", "notes.write", '{"text":"one"}');
    await until("the note is taken", async () => (await run("call", "notes.all")).includes("one"));
    assert.equal(await run("call", "notes.all"), '{"text":"one"}\n');

    const overview = JSON.parse(await run("events", "topics", "--json"));
    assert.equal(overview.topics[0].name, "notes.written");
    assert.deepEqual(overview.groups[0].name, "notes");
    assert.match(
      await run("events", "topics"),
      /GROUP +TOPIC +MEMBERS +LAG +PARKED +DEAD\nnotes +notes\.written +1 /,
    );
    assert.match(await run("events", "dead"), /^ID +GROUP/);

    const missing = await dure(context, ["events", "replay", "99"], { environment });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /there is no dead letter 99; see: dure events dead/);
    await stopCleanly(fleet);
  });
}

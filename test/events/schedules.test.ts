import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract, event, op, type SetupContext, service } from "../../src/index.ts";
import { testMesh, virtualTime } from "../../src/testing/index.ts";

const jobs = contract("jobs", { nothing: op({}) });
const minuteMs = 60_000;

/** A service with something to do by the clock. */
function jobsService(declare: (setup: SetupContext<any, any>) => void) {
  return service(jobs, (setup) => {
    declare(setup);
    return setup.handle({ nothing: () => {} });
  });
}

/** Runs a mesh in virtual time. */
async function inVirtualTime(
  services: Parameters<typeof testMesh>[0]["services"],
  ms: number,
): Promise<void> {
  const time = virtualTime(7);
  try {
    const mesh = await settled(time, testMesh(services ? { services } : {}));
    await time.advance(ms);
    await settled(time, mesh.close());
  } finally {
    time.uninstall();
  }
}

async function settled<Value>(
  time: ReturnType<typeof virtualTime>,
  pending: Promise<Value>,
): Promise<Value> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  pending.then(over, over);
  while (!isOver) await time.advance(10);
  return pending;
}

test("what is done by the clock is done once for all instances, and again where it failed", async () => {
  const times: string[] = [];
  let failures = 0;
  const made = () =>
    jobsService(({ every }) => {
      every("*/5 * * * *", (_ctx, at) => {
        if (at.getUTCMinutes() === 5 && failures === 0) {
          failures += 1;
          throw new Error("not now");
        }
        times.push(at.toISOString().slice(11, 16));
      });
    });
  await inVirtualTime([made(), made(), made()], 16 * minuteMs);
  assert.equal(failures, 1);
  assert.deepEqual(times, ["00:05", "00:10", "00:15"]);
});

test("a schedule follows the clock of its time zone", async () => {
  const times: number[] = [];
  const made = jobsService(({ every }) => {
    // Seoul is nine hours ahead of UTC, where the virtual day begins.
    every("2 9 * * *", (_ctx, at) => void times.push(at.getTime()), { timeZone: "Asia/Seoul" });
  });
  await inVirtualTime([made], 4 * minuteMs);
  assert.deepEqual(times, [Date.UTC(2026, 0, 1, 0, 2)]);
});

test("what is no schedule is refused when the service is set up, and what there is twice as well", async () => {
  const refused = (declare: Parameters<typeof jobsService>[0]) =>
    testMesh({ services: [jobsService(declare)] });
  await assert.rejects(
    refused(({ every }) => every("61 * * * *", () => {})),
    { code: "INVALID_ARGUMENT", message: /service jobs: every\("61 \* \* \* \*"\)/ },
  );
  await assert.rejects(
    refused(({ every }) => every("* * * * *", () => {}, { timeZone: "Asia/Soul" })),
    { code: "INVALID_ARGUMENT", message: /Asia\/Soul/ },
  );
  await assert.rejects(
    refused(({ every }) => {
      every("* * * * *", () => {});
      every("* * * * *", () => {});
    }),
    { code: "ALREADY_EXISTS" },
  );
});

test("a delayed event comes when its time has come, and not before", async () => {
  const Note = z.object({ text: z.string() });
  const notes = contract("notes", { write: op({ input: Note }), written: event(Note) });
  const came: { text: string; afterMs: number }[] = [];
  const time = virtualTime(11);
  try {
    const writer = service(notes, ({ handle, on }) => {
      on(notes.written, ({ text }) => void came.push({ text, afterMs: time.now() - publishedAt }));
      return handle({
        write: async (note, ctx) => {
          await ctx.publish(
            notes.written,
            { text: `${note.text} in an hour` },
            { delayMs: 3_600_000 },
          );
          await ctx.publish(
            notes.written,
            { text: `${note.text} in a minute` },
            { delayMs: minuteMs },
          );
          await ctx.publish(notes.written, { text: `${note.text} now` });
        },
      });
    });
    const mesh = await settled(time, testMesh({ services: [writer] }));
    const publishedAt = time.now();
    await settled(time, mesh.client(notes).write({ text: "tea" }));
    await time.advance(2 * minuteMs);
    assert.deepEqual(
      came.map(({ text }) => text),
      ["tea now", "tea in a minute"],
    );
    assert.ok((came[1]?.afterMs ?? 0) >= minuteMs);
    await settled(time, mesh.close());
  } finally {
    time.uninstall();
  }
});

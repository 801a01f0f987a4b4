/**
 * Appends to a log, one batch after another, and says what became of each: `fill-log.ts <folder> <first seq>`, a line `<seq after it>`
 * or the error's code. A batch that fails is sent again. Ends with its standard input.
 */
import { setTimeout as pause } from "node:timers/promises";
import { openStorage } from "../../../src/events/index.ts";
import { readEvents, storeEvents } from "./stored-events.ts";

const [folder = "", firstText = "0"] = process.argv.slice(2);
const storage = await openStorage(folder);
process.stdin.resume().on("end", () => process.exit(0));
for (let seq = Number(firstText); ; ) {
  const events = Array.from({ length: 10 }, (_, index) => ({
    topic: "filled.up",
    key: "",
    head: "{}",
    body: JSON.stringify({ seq: seq + index, fill: "x".repeat(10_000) }),
  }));
  try {
    await storeEvents(storage, { source: "filler", epoch: 1, seq, events });
    seq += events.length;
    process.stdout.write(`${seq}\n`);
  } catch (thrown) {
    process.stdout.write(`${(thrown as { code?: string }).code}\n`);
    // What is there can be read all the while.
    const bounds = { eventsMax: 1, bytesMax: 1 };
    const [read] = await readEvents(storage, { topic: "filled.up", from: seq - 1, bounds });
    if (read?.offset !== seq - 1) process.stdout.write("unreadable\n");
    await pause(20);
  }
}

/** Appends to a log until it is killed, and says what was acknowledged: a line `source seq` after each answer. */
import { openStorage } from "../../../src/events/storage/storage.ts";
import { storeEvents } from "../../events/support/stored-events.ts";

const [folder = "", epochText = ""] = process.argv.slice(2);
const storage = await openStorage(folder);
const epoch = Number(epochText);
process.stdout.write("open\n");

async function publish(source: string): Promise<never> {
  for (let seq = 0; ; ) {
    const events = Array.from({ length: 1 + Math.floor(Math.random() * 20) }, (_, index) => ({
      topic: "killed.noted",
      key: `${source}-${(seq + index) % 7}`,
      head: "{}",
      body: JSON.stringify({
        source,
        epoch,
        seq: seq + index,
        fill: "x".repeat(Math.random() * 500),
      }),
    }));
    await storeEvents(storage, { source, epoch, seq, events });
    seq += events.length;
    process.stdout.write(`${source} ${seq}\n`);
  }
}
await Promise.all(["a", "b", "c"].map(publish));

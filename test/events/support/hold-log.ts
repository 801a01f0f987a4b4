/** Opens a log and keeps it until it is killed: `hold-log.ts <folder>`. */
import { openStorage } from "../../../src/events/index.ts";
import { storeEvents } from "./stored-events.ts";

const [folder = ""] = process.argv.slice(2);
const storage = await openStorage(folder);
const events = [{ topic: "held.fast", key: "", head: "{}", body: "1" }];
await storeEvents(storage, { source: "holder", epoch: 1, seq: 0, events });
process.stdin.resume().on("end", () => process.exit(0));
process.stdout.write("open\n");

/**
 * A service that counts what it hears of, each event once, in a database of its own: `effect-node.ts <distributor port> <database>`.
 * It lets time pass between the effect and its end, for somebody to kill it there. Prints a line once it listens, and one per effect.
 */
import { setTimeout as pause } from "node:timers/promises";
import { meshEvents, openInbox } from "../../../src/events/index.ts";
import { contract, service } from "../../../src/index.ts";
import { createNode } from "../../../src/mesh/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { sqliteDatabase } from "./databases.ts";
import { paid } from "./paid.ts";

const [port, path = ""] = process.argv.slice(2);
const database = sqliteDatabase(path);
await database.run("create table if not exists effects (n integer not null)", []);
await createNode({
  name: "effects",
  mesh: "effects",
  distributors: [{ host: "127.0.0.1", port: Number(port) }],
  services: [
    service(contract("effects", {}), {
      async setup(host) {
        const inbox = await openInbox(host, database);
        host.on(
          paid.done,
          async ({ n }, ctx) => {
            await database.transaction(async (run) => {
              if (!(await inbox.isNew(run, "effects", String(ctx.idempotencyKey)))) return;
              await run("insert into effects values (?)", [n]);
            });
            process.stdout.write(`${n}\n`);
            await pause(5);
          },
          { concurrency: 8 },
        );
        return host.handle({});
      },
    }),
  ],
  events: meshEvents(),
  logger: silentLogger,
});
process.stdin.resume().on("end", () => process.exit(0));
process.stdout.write("listening\n");

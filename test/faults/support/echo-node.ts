/**
 * A node in a process of its own for fault tests: `echo-node.ts <distributor port> <slot> <kind>`, where kind is `well`, `slow`
 * (a hundred times slower), `broken` (errors at once) or `busy` (keeps its processor busy for 5 ms a call). Prints its pid once it is registered. Ends with its standard input.
 */
import { setTimeout as pause } from "node:timers/promises";
import { service } from "../../../src/index.ts";
import { createNode } from "../../../src/node.ts";
import { echo } from "./echo.ts";

const [port, slot = "", kind = "well"] = process.argv.slice(2);
const delayMs = { well: 2, slow: 200 }[kind] ?? 0;
const busyMs = kind === "busy" ? 5 : 0;
let isBroken = kind === "broken";
const node = await createNode({
  name: "echo",
  slot,
  mesh: "faults",
  distributors: [{ host: "127.0.0.1", port: Number(port) }],
  services: [
    service(echo, ({ handle }) =>
      handle({
        say: async ({ text }) => {
          if (isBroken) throw new Error("broken on purpose");
          if (delayMs > 0) await pause(delayMs);
          const until = performance.now() + busyMs;
          while (performance.now() < until);
          return { text, by: slot };
        },
        heal: () => {
          isBroken = false;
        },
      }),
    ),
  ],
});
process.stdin.resume().on("end", () => process.exit(0));
process.stdout.write(`${node.port}\n`);

/** The caller's or the callee's process of one peer: `process.ts <file> callee` or `process.ts <file> caller <address>`. */
import { deepStrictEqual } from "node:assert";
import { workFor } from "../harness/worker.ts";
import { measure, type RoundRequest } from "./load.ts";
import { answer, question } from "./messages.ts";
import type { CallPeer } from "./peer.ts";

const [file = "", role = "", address = ""] = process.argv.slice(2);
const { default: peer }: { default: CallPeer } = await import(`./${file}`);

if (role === "callee") {
  workFor(await peer.serve());
} else {
  const call = await peer.connect(address);
  // Some decoders give objects with a prototype of their own: what counts is the JSON.
  deepStrictEqual(
    JSON.parse(JSON.stringify(await call(question(1)))),
    JSON.parse(JSON.stringify(answer(question(1)))),
  );
  workFor("", (request: RoundRequest) => measure((id) => call(question(id)), request));
}

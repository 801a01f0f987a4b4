/** Dure with its defaults: data validated by zod on both sides, trace context, the order of each key kept. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { eventLog, meshEvents } from "../../src/events/index.ts";
import { contract, event, op, service } from "../../src/index.ts";
import { startNode } from "../dure/fleet.ts";
import type { Note } from "./note.ts";
import type { EventPeer } from "./peer.ts";

const notes = contract("notes", {
  written: event(z.object({ id: z.int(), atUs: z.int(), member: z.string(), text: z.string() }), {
    key: ({ member }) => member,
  }),
});
const nothing = contract("notes-bench", { nothing: op({}) });

const peer: EventPeer = {
  async connect(address) {
    let publish = (_note: Note): Promise<void> => Promise.reject(new Error("not started"));
    const writer = service(nothing, {
      setup({ publish: publishEvent, handle }) {
        publish = (note) => publishEvent(notes.written, note);
        return handle({ nothing: () => {} });
      },
    });
    await startNode("publisher", address, { services: [writer], events: meshEvents() });
    return publish;
  },
  async subscribe(address, { group, start, onNote }) {
    const reader = service(nothing, {
      setup({ on, handle }) {
        on(notes.written, onNote, { group, start });
        return handle({ nothing: () => {} });
      },
    });
    const options = { services: [reader], events: meshEvents() };
    const node = await startNode("subscriber", address, options);
    const log = node.client(eventLog);
    const hasMember = async () =>
      (await log.overview()).groups.some(({ name, members }) => name === group && members === 1);
    if (start === "now") while (!(await hasMember())) await pause(20);
    return async () => {
      await node.drain();
      await node.close();
    };
  },
};
export default peer;

import { openSync, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** What every call asks; the note makes it small (100 bytes) or large (1 MB). */
export interface Question {
  readonly id: string;
  readonly note: string;
}

/** What it is answered: the name of the callee that did. */
export interface Answer {
  readonly id: string;
  readonly by: string;
}

/** How a callee does its work. `slow` is a hundred times slower, `erring` throws at once, `busy` needs 10 ms of CPU. */
export type Behaviour = "well" | "slow" | "erring" | "busy";

/** The same work behind every platform. */
export interface Handlers {
  read(question: Question): Promise<Answer>;
  write(question: Question): Promise<Answer>;
}

const workMs = { well: 2, slow: 200 } as const;
/** One callee can answer a hundred such calls a second, given a core of its own. */
const busyMs = 10;

/**
 * The handlers of one callee. Every write is noted in a file as it begins, with a plain system call: what was noted survives
 * SIGKILL.
 */
export function createHandlers(
  name: string,
  writesFile: string,
): { handlers: Handlers; behave(next: Behaviour): void } {
  const writes = openSync(writesFile, "a");
  let behaviour: Behaviour = "well";
  const work = async () => {
    if (behaviour === "busy") {
      const until = performance.now() + busyMs;
      while (performance.now() < until);
    } else if (behaviour !== "erring") await pause(workMs[behaviour]);
  };
  const refuseIfErring = () => {
    if (behaviour === "erring") throw new Error("broken on purpose");
  };
  return {
    handlers: {
      async read({ id }) {
        refuseIfErring();
        await work();
        return { id, by: name };
      },
      async write({ id }) {
        refuseIfErring();
        writeSync(writes, `${id}\n`);
        await work();
        return { id, by: name };
      },
    },
    behave(next) {
      behaviour = next;
    },
  };
}

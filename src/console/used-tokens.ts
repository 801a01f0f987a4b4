import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DureError, wallTime } from "../kit/index.ts";
import type { SignedToken } from "./access-tokens.ts";

/** Sign-ins within the life of a token; one more has to wait until some have expired. */
const usedMax = 10_000;

/** Which sign-in tokens were used. Kept in a file, so that a restart makes none good again. */
export class UsedTokens {
  readonly #path: string | undefined;
  /** Id to the time after which nobody has to remember it. */
  readonly #used = new Map<string, number>();

  /** @param path undefined: it is forgotten with the process. */
  constructor(path: string | undefined) {
    this.#path = path;
    if (path === undefined) return;
    for (const line of readIfThere(path).split("\n")) {
      const [id = "", expiresAt = ""] = line.split(" ");
      if (Number(expiresAt) > wallTime()) this.#used.set(id, Number(expiresAt));
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, [...this.#used].map(lineOf).join(""), { mode: 0o600 });
  }

  has({ id }: SignedToken): boolean {
    return this.#used.has(id);
  }

  /** Remembers it; it is on the disk before anybody gets in by it. Throws RESOURCE_EXHAUSTED beyond the bound. */
  add({ id, expiresAt }: SignedToken): void {
    for (const [old, until] of this.#used) if (until <= wallTime()) this.#used.delete(old);
    if (this.#used.size >= usedMax) {
      const message = `${usedMax} URLs were used within half a day; nobody else gets in before some have expired`;
      throw new DureError("RESOURCE_EXHAUSTED", message);
    }
    if (this.#path !== undefined) appendFileSync(this.#path, lineOf([id, expiresAt]));
    this.#used.set(id, expiresAt);
  }
}

function lineOf([id, expiresAt]: readonly [string, number]): string {
  return `${id} ${expiresAt}\n`;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw thrown;
  }
}

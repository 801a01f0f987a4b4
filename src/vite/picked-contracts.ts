import { pathToFileURL } from "node:url";
import { describe, pick } from "../contract/index.ts";
import { type Module, type Picked, picksOf } from "./core/picks.ts";

/** The part of Rollup's plugin interface that is used; Vite, Rolldown and Rollup have it. */
export interface BundlerPlugin {
  readonly name: string;
  /** Of Vite: not while pages are developed, when contracts change and what Node has loaded of them does not. */
  readonly apply: "build";
  transform(this: BundlerContext, code: string, id: string): Promise<Transformed | null>;
}

interface BundlerContext {
  parse(code: string): unknown;
  resolve(specifier: string, importer: string): Promise<{ readonly id: string } | null>;
  warn(message: string): void;
}

interface Transformed {
  readonly code: string;
  readonly map: null;
  readonly moduleSideEffects?: false;
}

/**
 * Keeps what was not picked, all schemas and the library they are made with out of a bundle: `pick(contract, "operation", ...)` is run
 * while the page is built, and what stays of it is the description of those operations as JSON. The contract has to be imported and
 * the names written out; of any other `pick` the bundler warns, and it stays as it is.
 */
export function pickedContracts(): BundlerPlugin {
  const pickedFiles = new Set<string>();
  return {
    name: "dure:picked-contracts",
    apply: "build",
    async transform(code, id) {
      // A module comes after those that import it. To define a contract does nothing else, so without importers it can go.
      if (pickedFiles.has(id)) return { code, map: null, moduleSideEffects: false };
      if (!/\bpick\b/.test(code)) return null;
      let changed = code;
      // The last first, so that the places of the others still hold.
      for (const { start, end, picked } of picksOf(this.parse(code) as Module).reverse()) {
        const text = code.slice(start, end);
        const file = picked && (await this.resolve(picked.specifier, id))?.id;
        if (!picked || file === undefined) {
          this.warn(`${id}: ${text} stays as it is: import its contract and write the names out`);
          continue;
        }
        pickedFiles.add(file);
        const lineBreaks = text.replaceAll(/[^\n]/g, "");
        changed =
          changed.slice(0, start) +
          (await described(file, picked)) +
          lineBreaks +
          changed.slice(end);
      }
      if (changed === code) return null;
      return { code: `${changed}\n${importDescribed}`, map: null };
    },
  };
}

const importDescribed = 'import { describedContract as dureDescribed } from "dure/http";\n';

async function described(file: string, { exported, names }: Picked): Promise<string> {
  let module: Record<string, any>;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(
      `${file} cannot be run while the page is built: ${why}; a contract's module must load in Node by itself, or not be picked from`,
      { cause: thrown },
    );
  }
  const json = JSON.stringify(describe(pick(module[exported], ...(names as [never]))));
  return `/* @__PURE__ */ dureDescribed(JSON.parse(${JSON.stringify(json)}))`;
}

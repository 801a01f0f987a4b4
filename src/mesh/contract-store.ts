import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContractDescription } from "../contract/index.ts";
import { afterInBackground, asError, random, type Timer } from "../kit/index.ts";
import type { Instance, Registry } from "../registry/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { Outcome } from "../wire/index.ts";
import { contractHash } from "./contract-hash.ts";

/** What the store works with. */
export interface ContractStoreOptions {
  readonly registry: Registry;
  readonly dataDir: string | undefined;
  readonly logger: Logger;
  /** Asks one node for a contract by hash. */
  fetch(instance: Instance, hash: string): Promise<Outcome>;
  /** Whether a contract is in this process's code, so that nobody need be asked for it. */
  isOwn(hash: string): boolean;
}

/** A contract as it came. */
class Unread {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** One that nobody told is asked for again so much later, in ms. */
const againMs = 1_000;
/** Contracts held at most; beyond that, those that nobody in the view offers are dropped. */
const contractsMax = 2_000;

/**
 * The contracts of the fleet, by hash. Records in the registry carry hashes only; a body is fetched once from a node that offers
 * it and kept on disk, so that a node restarted without any Distributor knows them. One that comes is text until somebody asks for it: reading
 * a thousand operations and checking their hash takes tens of milliseconds, in which a node that has just begun would serve nobody, and
 * most nodes call few of the services that they know.
 */
export class ContractStore {
  readonly #options: ContractStoreOptions;
  readonly #folder: string | undefined;
  readonly #contracts = new Map<string, ContractDescription | Unread>();
  readonly #fetching = new Set<string>();
  readonly #listeners = new Set<() => void>();
  /** How often each that is missing was asked for in vain. */
  readonly #failures = new Map<string, number>();
  #again: Timer | undefined;
  #isClosed = false;

  constructor(options: ContractStoreOptions) {
    this.#options = options;
    this.#folder = options.dataDir && join(options.dataDir, "contracts");
    if (this.#folder) this.#load(this.#folder);
    options.registry.onChange(() => this.#fetchMissing());
    this.#fetchMissing();
  }

  get(hash: string): ContractDescription | undefined {
    const found = this.#contracts.get(hash);
    return found instanceof Unread ? this.#read(hash, found) : found;
  }

  /** Calls `listener` when contracts have come in. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#again?.cancel();
  }

  #fetchMissing(): void {
    const { registry } = this.#options;
    for (const service of registry.services()) {
      const instances = registry.instancesOf(service);
      // Not the same one first each time: it may be the one that does not answer.
      const first = Math.floor(random() * instances.length);
      for (const instance of [...instances.slice(first), ...instances.slice(0, first)]) {
        const { contractHash: hash } = instance.service;
        if (this.#contracts.has(hash) || this.#fetching.has(hash)) continue;
        if (!this.#options.isOwn(hash)) this.#fetch(instance, hash);
      }
    }
  }

  #fetch(instance: Instance, hash: string): void {
    this.#fetching.add(hash);
    this.#options
      .fetch(instance, hash)
      .then((outcome) => {
        if (!outcome.ok) throw new Error(outcome.failure.message);
        this.#keep(hash, Buffer.from(outcome.response.body).toString());
      })
      .catch((error) => {
        if (this.#isClosed) return;
        const failures = (this.#failures.get(hash) ?? 0) + 1;
        this.#failures.set(hash, failures);
        // The first may be that of an instance that has just begun; from the third on nothing is new.
        const level = failures === 2 ? "warn" : "debug";
        this.#options.logger[level]("a contract could not be fetched; it is asked for again", {
          service: instance.service.name,
          peer: instance.record.slot,
          reason: asError(error).message,
        });
        this.#askAgain();
      })
      .finally(() => this.#fetching.delete(hash));
  }

  /** Nothing may change for hours that would have it asked for otherwise. */
  #askAgain(): void {
    this.#again ??= afterInBackground(againMs, () => {
      this.#again = undefined;
      this.#fetchMissing();
    });
  }

  #keep(hash: string, text: string): void {
    if (this.#contracts.size >= contractsMax) this.#dropUnused();
    this.#contracts.set(hash, new Unread(text));
    this.#failures.delete(hash);
    if (this.#folder) this.#save(this.#folder, hash, text);
    for (const listener of this.#listeners) listener();
  }

  /** One that is not what its hash says is forgotten, and asked for again. */
  #read(hash: string, { text }: Unread): ContractDescription | undefined {
    try {
      const description = JSON.parse(text) as ContractDescription;
      if (contractHash(description) !== hash)
        throw new Error("the contract does not match its hash");
      this.#contracts.set(hash, description);
      return description;
    } catch (thrown) {
      this.#contracts.delete(hash);
      const reason = asError(thrown).message;
      this.#options.logger.warn("a contract cannot be read", { contractHash: hash, reason });
      if (!this.#isClosed) this.#askAgain();
      return undefined;
    }
  }

  #dropUnused(): void {
    const used = new Set(
      this.#options.registry
        .nodes()
        .flatMap(({ record }) => record.services.map((service) => service.contractHash)),
    );
    for (const hash of this.#contracts.keys()) if (!used.has(hash)) this.#contracts.delete(hash);
    for (const hash of this.#failures.keys()) if (!used.has(hash)) this.#failures.delete(hash);
  }

  #load(folder: string): void {
    try {
      mkdirSync(folder, { recursive: true });
      for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
        const description = JSON.parse(
          readFileSync(join(folder, file), "utf8"),
        ) as ContractDescription;
        const hash = contractHash(description);
        if (file === `${hash}.json`) this.#contracts.set(hash, description);
      }
    } catch (thrown) {
      this.#options.logger.warn("saved contracts cannot be read; they are fetched again", {
        folder,
        reason: asError(thrown).message,
      });
    }
  }

  #save(folder: string, hash: string, text: string): void {
    const path = join(folder, `${hash}.json`);
    const beside = `${path}.${process.pid}`;
    try {
      writeFileSync(beside, text);
      renameSync(beside, path);
    } catch (thrown) {
      this.#options.logger.warn("a contract could not be saved", {
        path,
        reason: asError(thrown).message,
      });
    }
  }
}

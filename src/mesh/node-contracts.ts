import { type AnyContract, type ContractDescription, describe } from "../contract/index.ts";
import { DureError } from "../kit/index.ts";
import type { Instance } from "../registry/index.ts";
import { ContractFit } from "./contract-fit.ts";
import { ContractGate, type ContractPolicy, type OwnContract } from "./contract-gate.ts";
import { contractHash } from "./contract-hash.ts";
import { ContractStore, type ContractStoreOptions } from "./contract-store.ts";

/** What a node's contracts need. */
export interface NodeContractsOptions extends Omit<ContractStoreOptions, "isOwn"> {
  readonly policy: ContractPolicy;
}

/** All contracts that a node knows: those it offers, those its code calls, those of the fleet. */
export class NodeContracts {
  readonly #fit: ContractFit;
  readonly #options: NodeContractsOptions;
  readonly #store: ContractStore;
  readonly #gate: ContractGate;
  readonly #hashes = new WeakMap<AnyContract, string>();
  /** Of contracts in this process's code; as many as there are in the code. */
  readonly #own = new Map<string, ContractDescription>();
  #offered: readonly OwnContract[] = [];
  #isQuarantined = false;

  constructor(options: NodeContractsOptions) {
    this.#options = options;
    this.#store = new ContractStore({ ...options, isOwn: (hash) => this.#own.has(hash) });
    const { registry, logger, policy } = options;
    const contractOf = (hash: string) => this.get(hash);
    this.#fit = new ContractFit({ logger, contractOf });
    this.#gate = new ContractGate({ policy, registry, logger, contractOf });
    this.#store.onChange(() => this.#review());
    registry.onChange(() => this.#review());
  }

  get(hash: string): ContractDescription | undefined {
    return this.#store.get(hash) ?? this.#own.get(hash);
  }

  /** Calls `listener` when contracts of the fleet have come in. */
  onChange(listener: () => void): () => void {
    return this.#store.onChange(listener);
  }

  close(): void {
    this.#store.close();
  }

  hashOf(contract: AnyContract): string {
    let hash = this.#hashes.get(contract);
    if (hash === undefined) {
      const description = describe(contract);
      hash = contractHash(description);
      this.#hashes.set(contract, hash);
      this.#own.set(hash, description);
    }
    return hash;
  }

  /**
   * Takes in what the node offers, before it registers. Resolves to the state to register with; rejects with
   * FAILED_PRECONDITION where the policy refuses it.
   */
  async offer(contracts: readonly AnyContract[]): Promise<"ready" | "quarantined"> {
    const offered = contracts.map((contract) => ({
      description: describe(contract),
      hash: this.hashOf(contract),
    }));
    this.#isQuarantined = await this.#gate.judge(offered);
    this.#offered = offered;
    return this.#isQuarantined ? "quarantined" : "ready";
  }

  /** The text of a contract that this node offers. Throws NOT_FOUND for others. */
  describe(hash: string): string {
    const found = this.#offered.find((offered) => offered.hash === hash);
    if (!found) throw new DureError("NOT_FOUND", `this node offers no contract with hash ${hash}`);
    return JSON.stringify(found.description);
  }

  offers(instance: Instance, ref: Parameters<ContractFit["offers"]>[1]): boolean {
    return this.#fit.offers(instance, ref);
  }

  /** The fleet has changed: what did not fit may fit now, or the other way round. */
  #review(): void {
    if (this.#offered.length === 0) return;
    const misfits = this.#gate.report(this.#offered);
    if (!this.#isQuarantined || misfits.length > 0) return;
    this.#isQuarantined = false;
    this.#options.registry.update({ state: "ready" });
  }
}

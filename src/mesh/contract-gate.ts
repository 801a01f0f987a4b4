import { type ContractDescription, contractMisfits } from "../contract/index.ts";
import { DureError, now, sleep } from "../kit/index.ts";
import type { Registry } from "../registry/index.ts";
import type { Logger } from "../telemetry/index.ts";

/**
 * What becomes of a node whose contract would break callers of the instances that are there already:
 *
 * - `route` (default): it is reported, and each caller's calls go to the versions that fit it;
 * - `quarantine`: it is reported and registered, and gets no calls until it is alone or fits;
 * - `refuse`: it does not start.
 */
export type ContractPolicy = "route" | "quarantine" | "refuse";

/** What the gate works with. */
export interface ContractGateOptions {
  readonly policy: ContractPolicy;
  readonly registry: Registry;
  readonly logger: Logger;
  contractOf(hash: string): ContractDescription | undefined;
}

/** A service as this node offers it. */
export interface OwnContract {
  readonly description: ContractDescription;
  readonly hash: string;
}

/** How long a start waits for the view and the contracts in it, in ms. A fleet starts in any order, so nobody may be there. */
const waitMsMax = 1_500;
const lookMs = 20;

/** Compares what a node offers with what is offered already. */
export class ContractGate {
  readonly #options: ContractGateOptions;
  readonly #reported = new Set<string>();

  constructor(options: ContractGateOptions) {
    this.#options = options;
  }

  /**
   * Judges before the node registers. Rejects with FAILED_PRECONDITION naming the differences where the policy is `refuse`.
   * Resolves to whether the node is to be quarantined.
   */
  async judge(own: readonly OwnContract[]): Promise<boolean> {
    const { policy, registry } = this.#options;
    if (policy === "route") return false;
    if (registry.distributors().length > 0) await this.#waitForView(own);
    const misfits = this.report(own);
    if (misfits.length === 0) return false;
    if (policy === "quarantine") return true;
    throw new DureError(
      "FAILED_PRECONDITION",
      `this version would break callers of the instances that run: ${misfits.join("; ")}. Keep what is offered, give the contract another name, or set contracts to "route"`,
      { details: { misfits } },
    );
  }

  /** Logs each difference to another version once; gives back those that there are now. */
  report(own: readonly OwnContract[]): readonly string[] {
    const { registry, contractOf, logger, policy } = this.#options;
    const found: string[] = [];
    for (const { description, hash } of own) {
      for (const { service } of registry.instancesOf(description.name)) {
        const other = service.contractHash === hash ? undefined : contractOf(service.contractHash);
        // The newer contract answers for the difference, not the one that was there first.
        if (!other || isNewer(service.version, description.version)) continue;
        const misfits = contractMisfits(other, description);
        found.push(...misfits);
        const key = `${hash} ${service.contractHash}`;
        if (misfits.length === 0 || this.#reported.has(key)) continue;
        this.#reported.add(key);
        logger.warn("this version breaks callers of another one that runs", {
          service: description.name,
          version: description.version,
          other: service.version,
          policy,
          misfits,
        });
      }
    }
    return found;
  }

  async #waitForView(own: readonly OwnContract[]): Promise<void> {
    const { registry, contractOf } = this.#options;
    const until = now() + waitMsMax;
    const isKnown = () =>
      registry.isSynced() &&
      own.every(({ description }) =>
        registry
          .instancesOf(description.name)
          .every(({ service }) => contractOf(service.contractHash) !== undefined),
      );
    while (!isKnown() && now() < until) await sleep(lookMs);
  }
}

function isNewer(left: string, right: string): boolean {
  return left.localeCompare(right, undefined, { numeric: true }) > 0;
}

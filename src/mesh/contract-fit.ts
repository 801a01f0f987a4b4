import { type ContractDescription, operationMisfits } from "../contract/index.ts";
import { LruMap } from "../kit/index.ts";
import type { Instance } from "../registry/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { OperationRef } from "../wire/index.ts";

/** What the fit is judged by. */
export interface ContractFitOptions {
  readonly logger: Logger;
  /** A contract by its hash, as far as it is known: of the fleet, or of this node's own callers. */
  contractOf(hash: string): ContractDescription | undefined;
}

/** Judgements kept; more than a fleet has pairs of versions. */
const judgementsMax = 10_000;

/**
 * Whether an instance's operation fits what its caller was built against, judged per pair of versions: with two versions of a
 * contract side by side, each caller's calls go where they are understood.
 */
export class ContractFit {
  readonly #options: ContractFitOptions;
  readonly #judgements = new LruMap<string, boolean>(judgementsMax);

  constructor(options: ContractFitOptions) {
    this.#options = options;
  }

  /** What is not known yet is taken to fit: validation at the callee has the last word. */
  offers({ service }: Instance, ref: OperationRef): boolean {
    const { contractOf, logger } = this.#options;
    const offered = contractOf(service.contractHash)?.operations;
    if (!offered) return true;
    const operation = offered[ref.operation];
    if (!operation || service.contractHash === ref.contractHash) return operation !== undefined;
    const key = `${ref.contractHash} ${service.contractHash} ${ref.operation}`;
    const known = this.#judgements.get(key);
    if (known !== undefined) return known;
    const expected = contractOf(ref.contractHash)?.operations[ref.operation];
    if (!expected) return true;
    const misfits = operationMisfits(expected, operation);
    this.#judgements.set(key, misfits.length === 0);
    if (misfits.length > 0) {
      logger.warn("calls avoid a version that does not fit this caller", {
        operation: `${ref.service}.${ref.operation}`,
        version: service.version,
        misfits,
      });
    }
    return misfits.length === 0;
  }
}

import { DureError } from "../kit/index.ts";

/** A contract's own error, thrown by `ctx.fail` and rebuilt at the caller. */
export class ContractError extends DureError {
  /** The contract and operation that declare it, as `stock.take`. */
  readonly operation: string;
  /** What the contract says it carries. */
  readonly data: unknown;

  constructor(operation: string, code: string, data: unknown) {
    super(code, `${operation} failed with ${code}`, { details: data });
    this.operation = operation;
    this.data = data;
  }

  static {
    ContractError.prototype.name = "ContractError";
  }
}

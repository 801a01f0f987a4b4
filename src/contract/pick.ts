import { DureError, didYouMean } from "../kit/index.ts";
import { type AnyContract, describe, operationsOf, withData } from "./contract.ts";
import type { ContractDescription, OperationDescription } from "./description.ts";
import type { Operation } from "./operation.ts";
import { OperationRuntime } from "./operation-runtime.ts";

type OperationName<C extends AnyContract> = {
  [Name in keyof C]: C[Name] extends Operation ? Name : never;
}[keyof C] &
  string;

/**
 * The contract with the named operations alone: `pick(products, "get", "list")`. Its clients have nothing else, and neither has a bundle
 * that was made with the plugin of `dure/vite`. Throws INVALID_ARGUMENT for a name that is none of its operations.
 */
export function pick<C extends AnyContract, Name extends OperationName<C>>(
  contract: C,
  ...names: readonly [Name, ...Name[]]
): Pick<C, Name | "~contract"> {
  const whole = describe(contract);
  const known = operationsOf(contract);
  const members: Record<string, unknown> = {};
  const operations = new Map<string, OperationRuntime>();
  const descriptions: Record<string, OperationDescription> = {};
  for (const name of names) {
    const runtime = known.get(name);
    if (!runtime) {
      const near = didYouMean(name, known.keys());
      const remedy = near ? `did you mean "${near}"?` : `there are ${[...known.keys()].join(", ")}`;
      throw new DureError(
        "INVALID_ARGUMENT",
        `${whole.name}.${name} is no operation to pick: ${remedy}`,
      );
    }
    members[name] = contract[name];
    operations.set(name, runtime);
    descriptions[name] = runtime.description;
  }
  const description = { ...whole, operations: descriptions, events: {} };
  return withData(members, { description, operations }) as Pick<C, Name | "~contract">;
}

/**
 * A contract of its description alone, for callers: without schemas nothing that arrives can be checked, so it can be called and
 * neither hosted nor listened to.
 */
export function describedContract(description: ContractDescription): AnyContract {
  const operations = new Map<string, OperationRuntime>();
  const members: Record<string, unknown> = {};
  for (const [name, operation] of Object.entries(description.operations)) {
    const runtime = new OperationRuntime(description.name, name, operation);
    operations.set(name, runtime);
    members[name] = runtime.asMember();
  }
  return withData(members, { description, operations });
}

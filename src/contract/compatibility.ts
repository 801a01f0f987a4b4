import type { ContractDescription, OperationDescription } from "./description.ts";
import { misfits } from "./schema-fit.ts";

/**
 * What would go wrong if a caller that was built against `expected` called `offered`: input that the callee does not take, output
 * that the caller does not expect. Nothing if they fit. More input taken and less output given are fine; so is another path.
 */
export function operationMisfits(
  expected: OperationDescription,
  offered: OperationDescription,
): string[] {
  if (expected.kind !== offered.kind) return [`is a ${offered.kind} and was a ${expected.kind}`];
  if (expected.hasInputStream !== offered.hasInputStream)
    return [offered.hasInputStream ? "takes a stream now" : "takes no stream any more"];
  const problems: string[] = [];
  if (offered.input) {
    const wide = offered.input;
    const given = expected.input ?? { type: "object" };
    problems.push(...misfits(wide, given, "input").map((why) => `input: ${why}`));
  }
  if (expected.output) {
    if (!offered.output) problems.push("output: is gone");
    else
      problems.push(
        ...misfits(expected.output, offered.output, "output").map((why) => `output: ${why}`),
      );
  }
  return problems;
}

/** The same for a whole contract, each with its operation's name; an operation that is gone is one of them. */
export function contractMisfits(
  expected: ContractDescription,
  offered: ContractDescription,
): string[] {
  return Object.entries(expected.operations).flatMap(([name, operation]) => {
    const counterpart = offered.operations[name];
    const where = `${expected.name}.${name}`;
    if (!counterpart) return [`${where} is gone`];
    return operationMisfits(operation, counterpart).map((why) => `${where} ${why}`);
  });
}

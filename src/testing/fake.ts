import {
  type AnyContract,
  type HandlersOf,
  operationsOf,
  type Service,
  service,
} from "../contract/index.ts";
import { DureError } from "../kit/index.ts";

/** A service with only the handlers that a test needs; calling another operation fails with UNIMPLEMENTED, naming it. */
export function fake<C extends AnyContract>(
  contract: C,
  handlers: Partial<HandlersOf<C>>,
): Service {
  const names = [...operationsOf(contract).keys()];
  const complete = Object.fromEntries(
    names.map((name) => [
      name,
      (handlers as Record<string, unknown>)[name] ??
        (() => {
          throw new DureError(
            "UNIMPLEMENTED",
            `the fake of ${contract["~contract"].name} has no handler for ${name}`,
          );
        }),
    ]),
  );
  return service(contract, ({ handle }) => handle(complete as HandlersOf<C>));
}

import type { Route } from "../../http/index.ts";
import { didYouMean } from "../../kit/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { RateLimitPolicy } from "../options.ts";

/**
 * Tells of operations that limits name and their services do not offer over HTTP: such a limit protects nothing. Services come and go,
 * so nobody can know before one is there.
 */
export class UnknownOperations {
  readonly #named: readonly { readonly limit: string; readonly operation: string }[];
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(policies: readonly RateLimitPolicy[], logger: Logger) {
    this.#named = policies.flatMap(({ name: limit, operations = [] }) =>
      // A path is that of a route to an HTTP server.
      operations
        .filter((operation) => !operation.startsWith("/"))
        .map((operation) => ({ limit, operation })),
    );
    this.#logger = logger;
  }

  /** Looks at the routes that there are now. Each is told of once. */
  look(routes: readonly Route[]): void {
    for (const { limit, operation } of this.#named) {
      if (this.#told.has(operation)) continue;
      const [service = ""] = operation.split(".");
      const offered = routes
        .filter(({ ref }) => ref.service === service)
        .map(({ ref }) => `${service}.${ref.operation}`);
      if (offered.length === 0 || offered.includes(operation)) continue;
      this.#told.add(operation);
      this.#logger.error(
        "a rate limit names an operation that its service does not offer over HTTP",
        { limit, operation, didYouMean: didYouMean(operation, offered) },
      );
    }
  }
}

/** Loads services from a project. */

import {
  type Problem,
  problemsError,
  type ServiceEnv,
  type ServiceLoader,
  servicePrefix,
} from "../config/index.ts";
import { check, type Service, serviceDefinition } from "../contract/index.ts";
import { asError, DureError } from "../kit/index.ts";

/** Loads a service by its key in the configuration. Throws INVALID_ARGUMENT if it is not one, or has another name. */
export async function loadService(key: string, loader: ServiceLoader): Promise<Service> {
  const service = await loadModule(`services.${key}`, loader);
  const { name } = service["~service"];
  if (name !== key) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `services.${key} loads the service of the contract "${name}"; rename the key or the contract`,
    );
  }
  return service;
}

/** Loads a module and checks that its default export is a service. */
export async function loadModule(what: string, loader: ServiceLoader): Promise<Service> {
  let module: { readonly default: Service };
  try {
    module = await loader();
  } catch (thrown) {
    const error = asError(thrown);
    throw new DureError("INVALID_ARGUMENT", `${what} cannot be loaded: ${error.stack}`, {
      cause: thrown,
    });
  }
  try {
    serviceDefinition(module.default);
  } catch (thrown) {
    throw new DureError("INVALID_ARGUMENT", `${what} is ${asError(thrown).message}`, {
      cause: thrown,
    });
  }
  return module.default;
}

/** What was found for services, by their names. */
export type FoundEnvironment = Readonly<Record<string, Pick<ServiceEnv, "values" | "origins">>>;

/**
 * Throws INVALID_ARGUMENT with every problem of the services' environment: what is missing, and where to set it; what is refused, and
 * where it was set, without its value, which may be a secret.
 */
export async function checkEnvironment(
  services: readonly Service[],
  environment: FoundEnvironment,
  problems: readonly Problem[],
): Promise<void> {
  const found = [...problems];
  for (const service of services) {
    const { name } = service["~service"];
    const { values, origins } = environment[name] ?? { values: {}, origins: {} };
    for (const [key, schema] of Object.entries(serviceDefinition(service).env)) {
      const checked = await check(schema, values[key]);
      const isTold = problems.some(({ path }) => path === `${key}_FILE`);
      if ("value" in checked || isTold) continue;
      if (values[key] === undefined) {
        const message = `is missing; set ${key}, ${servicePrefix(name)}${key} or ${key}_FILE, or put it in .env`;
        found.push({ path: key, message });
      } else {
        const why = checked.issues.map(({ message }) => message).join(", ");
        found.push({ path: key, message: `is refused: ${why}`, at: originOf(origins[key], name) });
      }
    }
  }
  const names = services.map((service) => service["~service"].name).join(", ");
  const failure = problemsError(`the environment of ${names}`, found);
  if (failure) throw failure;
}

/** Where a value came from, for people. */
function originOf(origin = "", service: string): string {
  if (origin === "configuration") return `env.${service} of the configuration`;
  return origin.startsWith(".env") ? origin : `${origin} in the environment`;
}

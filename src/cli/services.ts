/** Loads services from a project. */

import { type Problem, problemsError, type ServiceLoader, servicePrefix } from "../config/index.ts";
import type { Service } from "../contract/index.ts";
import { serviceDefinition } from "../contract/index.ts";
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

/** Values by service and key. */
export type EnvValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Throws INVALID_ARGUMENT with every problem and every missing key of the services' environment, and where to set it. */
export async function checkEnvironment(
  services: readonly Service[],
  values: EnvValues,
  problems: readonly Problem[],
): Promise<void> {
  const found = [...problems];
  for (const service of services) {
    const { name } = service["~service"];
    for (const [key, schema] of Object.entries(serviceDefinition(service).env)) {
      if (values[name]?.[key] !== undefined) continue;
      const isTold = problems.some(({ path }) => path === `${key}_FILE`);
      const { issues } = await schema["~standard"].validate(undefined);
      if (!issues || isTold) continue;
      const message = `is missing; set ${key}, ${servicePrefix(name)}${key} or ${key}_FILE, or put it in .env`;
      found.push({ path: key, message });
    }
  }
  const names = services.map((service) => service["~service"].name).join(", ");
  const failure = problemsError(`the environment of ${names}`, found);
  if (failure) throw failure;
}

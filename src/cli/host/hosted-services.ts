import type { DureConfig } from "../../config/index.ts";
import { type Service, serviceDefinition } from "../../contract/index.ts";
import { DureError } from "../../kit/index.ts";
import type { SupervisorLink } from "../../supervisor/index.ts";
import { importConfig } from "../project.ts";
import { checkEnvironment, loadService } from "../services.ts";
import type { EnvAnswer, EnvQuestion } from "./spec.ts";

/** Services with the values of the keys they declare. */
export interface HostedServices {
  readonly services: Service[];
  /** By service and key. */
  readonly env: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Loads services by their keys and gets their environment from the supervisor. */
export async function loadHosted(
  configPath: string,
  keys: readonly string[],
  link: SupervisorLink,
): Promise<HostedServices> {
  const config = (await importConfig(configPath)) as DureConfig;
  const services = await Promise.all(
    keys.map((key) => {
      const loader = config.services[key];
      if (loader) return loadService(key, loader);
      throw new DureError("NOT_FOUND", `${configPath} has no service "${key}" any more`);
    }),
  );
  const question: EnvQuestion = { kind: "env", keys: declaredKeys(services) };
  const { found, problems } = (await link.ask(question)) as EnvAnswer;
  await checkEnvironment(services, found, problems);
  const values = Object.entries(found).map(([service, { values }]) => [service, values] as const);
  return { services, env: Object.fromEntries(values) };
}

/** The keys that each service declares. */
function declaredKeys(services: readonly Service[]): Record<string, string[]> {
  return Object.fromEntries(
    services.map((service) => {
      const { env } = serviceDefinition(service);
      return [service["~service"].name, Object.keys(env)];
    }),
  );
}

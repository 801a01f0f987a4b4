/**
 * config: what a project may say in `dure.config.ts`, and what comes out of it when profile, environment and flags are
 * applied. Decisions only: it reads no file and no variable by itself, and imports nothing of `node:`.
 */
export { formatHostPort, type HostPort, parseHostPort } from "../kit/index.ts";
export { envLines } from "./core/env-lines.ts";
export { type Problem, problemsError } from "./core/problems.ts";
export {
  type ConfigSources,
  type ResolvedConfig,
  type ResolvedProcess,
  resolveConfig,
} from "./core/resolve.ts";
export { reservedProcessNames } from "./core/schema.ts";
export {
  type EnvFile,
  resolveServiceEnv,
  type ServiceEnv,
  type ServiceEnvSources,
  servicePrefix,
} from "./core/service-env.ts";
export { type Setting, settings } from "./core/settings.ts";
export type {
  ApiKeyOptions,
  CorsSection,
  GatewaySection,
  IssuerOptions,
  RateLimitSection,
  VerifierLoader,
} from "./gateway-section.ts";
export {
  type DureConfig,
  defineConfig,
  type EventsSection,
  type InstanceRange,
  type ProcessOptions,
  type ProfileOptions,
  route,
  type ServiceCallOptions,
  type ServiceLoader,
  type SidecarSection,
} from "./options.ts";

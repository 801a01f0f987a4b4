import type { DureConfig, VerifierLoader } from "../../config/index.ts";
import type { RequestVerifier, Service } from "../../contract/index.ts";
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type GatewayRedis,
  rateLimitService,
} from "../../gateway/index.ts";
import { asError, DureError } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { portAdvice } from "../port-taken.ts";
import { importConfig } from "../project.ts";
import type { EdgeSpec } from "./spec.ts";

/** Starts the HTTP edge of the project on a node. With `connections` it does not listen itself. */
export async function startGateway(
  spec: EdgeSpec & { readonly mesh: string },
  node: MeshNode,
  logger: Logger,
  connections?: GatewayOptions["connections"],
): Promise<Gateway> {
  const { port, host, auth } = spec.gateway;
  const redis = await redisOpener(spec.gateway.redis);
  const verifier = spec.hasVerifier ? await loadVerifier(spec) : undefined;
  return portAdvice("gateway.port", host, port, () =>
    createGateway({
      ...spec.gateway,
      auth: { ...auth, verifier },
      redis,
      node,
      connections,
      logger,
      info: { title: spec.mesh, version: "1.0.0" },
    }),
  );
}

/** The client reconnects by itself, and says at once that it has no connection. */
async function redisOpener(url: string | undefined): Promise<(() => GatewayRedis) | undefined> {
  if (url === undefined) return undefined;
  const { createClient } = await import("@redis/client").catch(() => {
    const message =
      "gateway.redis needs the package @redis/client; install it: npm install @redis/client";
    throw new DureError("FAILED_PRECONDITION", message);
  });
  return () => {
    const client = createClient({ url, disableOfflineQueue: true });
    // Told by the command that fails.
    client.on("error", () => {});
    client.connect().catch(() => {});
    return client;
  };
}

/** What its node hosts beside it. */
export function edgeServices({ rateLimits = [] }: EdgeSpec["gateway"]): Service[] {
  return rateLimits.some(({ shared }) => shared === "mesh") ? [rateLimitService()] : [];
}

/** A function cannot be sent to this process, so it is read from the file once more. */
async function loadVerifier({ configPath, profile = "" }: EdgeSpec): Promise<RequestVerifier> {
  const config = (await importConfig(configPath)) as DureConfig;
  const ofProfile = config.profiles?.[profile]?.gateway?.auth?.verifier;
  const load = (ofProfile ?? config.gateway?.auth?.verifier) as VerifierLoader;
  const module = await load().catch((thrown: unknown) => {
    const message = `gateway.auth.verifier cannot be loaded: ${asError(thrown).stack}`;
    throw new DureError("INVALID_ARGUMENT", message, { cause: thrown });
  });
  if (typeof module.default === "function") return module.default;
  const message = "gateway.auth.verifier loads a module whose default export is no function";
  throw new DureError("INVALID_ARGUMENT", message);
}

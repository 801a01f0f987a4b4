import { z } from "zod";
import { parseHostPort } from "../../kit/index.ts";
import {
  rateLimitFallbacks,
  rateLimitShares,
  rateLimitSubjects,
  type VerifierLoader,
} from "../gateway-section.ts";
import {
  balancers,
  contractPolicies,
  type DureConfig,
  eventEngineProtocols,
  logLevels,
  reloadWays,
  type ServiceLoader,
} from "../options.ts";
import { files } from "./files-schema.ts";
import { route } from "./route-schema.ts";
import { deadlineMs, isHttpUrl, processName } from "./schema-parts.ts";

/** Names that `dure up` gives to its own processes. */
export const reservedProcessNames: readonly string[] = [
  "distributor",
  "gateway",
  "eventlog",
  "console",
  "ratelimits",
  "dev",
];

/** More processes of one kind than this on one machine is a mistake; a machine with more cores can raise it here. */
const instancesMax = 64;
/** An empty Node process with the mesh in it has about 60 MiB: with less it would be restarted for ever. */
const memoryMbMin = 100;

/** An hour: a reload waits for it. */
const drainMsMax = 3_600_000;

const portNumber = z.int().min(0).max(65_535);
const hostPort = z
  .string()
  .refine(
    (text) => parseHostPort(text) !== undefined,
    'must be "host:port", such as "10.0.0.1:9100"',
  );

const serviceCalls = {
  deadlineMs: deadlineMs.exactOptional(),
  balancer: z.enum(balancers).exactOptional(),
  retries: z.int().min(0).max(10).exactOptional(),
  hedge: z.boolean().exactOptional(),
  versions: z.record(z.string().min(1), z.number().min(0)).exactOptional(),
};

const issuer = z.strictObject({
  issuer: z.string().min(1),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).readonly()])
    .exactOptional(),
  algorithms: z.array(z.string().min(1)).min(1).readonly(),
  jwks: z.union([z.strictObject({ url: z.url() }), z.strictObject({ operation: z.string() })]),
  clockToleranceS: z.int().min(0).max(300).exactOptional(),
});

const instanceCount = z.int().min(1).max(instancesMax);
const instanceRange = z
  .strictObject({
    min: instanceCount,
    max: instanceCount,
    concurrency: z.number().positive().exactOptional(),
  })
  .refine(({ min, max }) => min <= max, "must have a min that is not above its max");

const certificateFiles = z.strictObject({ cert: z.string().min(1), key: z.string().min(1) });

const apiKey = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/, "must be 16 hexadecimal digits; dure api-key prints it"),
  hash: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits; dure api-key prints it"),
  subject: z.string().min(1),
  scopes: z.array(z.string().min(1)).readonly().exactOptional(),
  expires: z
    .union([z.iso.date(), z.iso.datetime()], 'must be a date such as "2027-01-31"')
    .exactOptional(),
});

const rateLimit = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,50}$/, "must be letters, digits, - and _"),
  by: z.enum(rateLimitSubjects),
  requests: z.int().min(1),
  perS: z.int().min(1),
  burst: z.int().min(1).exactOptional(),
  operations: z.array(z.string().min(1)).min(1).readonly().exactOptional(),
  shared: z.enum(rateLimitShares).exactOptional(),
  whenUnavailable: z.enum(rateLimitFallbacks).exactOptional(),
});

const headerName = z.string().regex(/^[A-Za-z0-9-]+$/, "must be the name of a header");
const cors = z.strictObject({
  origins: z.array(z.string().min(1)).min(1).readonly(),
  headers: z.array(headerName).readonly().exactOptional(),
  exposedHeaders: z.array(headerName).readonly().exactOptional(),
  credentials: z.boolean().exactOptional(),
  maxAgeS: z.int().min(0).max(86_400).exactOptional(),
});

const verifier = z.custom<VerifierLoader>(
  (value) => typeof value === "function",
  'must be a function such as () => import("./sessions.ts")',
);

const profileShape = {
  processes: z
    .record(
      processName,
      z.strictObject({
        services: z.array(z.string()).min(1).readonly().exactOptional(),
        instances: z
          .union([instanceCount, z.literal("max"), instanceRange], {
            error: `must be a whole number from 1 to ${instancesMax}, "max", or { min, max, concurrency? }`,
          })
          .exactOptional(),
        reload: z.enum(reloadWays).exactOptional(),
        drainMs: z.int().min(0).max(drainMsMax).exactOptional(),
        memoryMbMax: z.int().min(memoryMbMin).exactOptional(),
        sidecar: z
          .strictObject({
            command: z.tuple([z.string().min(1)], z.string()).readonly(),
            urls: z.array(z.string().min(1)).min(1).readonly(),
            public: z.array(z.string().min(1)).readonly().exactOptional(),
            health: z.string().startsWith("/").exactOptional(),
            withoutIt: z.string().min(1).exactOptional(),
          })
          .exactOptional(),
      }),
    )
    .exactOptional(),
  env: z.record(z.string(), z.record(z.string(), z.string())).exactOptional(),
  gateway: z
    .strictObject({
      port: portNumber.exactOptional(),
      host: z.string().min(1).exactOptional(),
      instances: z
        .union([instanceCount, z.literal("max")], {
          error: `must be a whole number from 1 to ${instancesMax}, or "max"`,
        })
        .exactOptional(),
      auth: z
        .strictObject({
          issuers: z.array(issuer).readonly().exactOptional(),
          apiKeys: z.array(apiKey).readonly().exactOptional(),
          verifier: verifier.exactOptional(),
        })
        .exactOptional(),
      cors: cors.exactOptional(),
      rateLimits: z.array(rateLimit).readonly().exactOptional(),
      redis: z.url({ protocol: /^rediss?$/ }).exactOptional(),
      tls: z.union([certificateFiles, z.array(certificateFiles).min(1).readonly()]).exactOptional(),
      compression: z.strictObject({ bytesMin: z.int().min(0).exactOptional() }).exactOptional(),
      trustedProxies: z.array(z.string().min(1)).readonly().exactOptional(),
      cache: z
        .strictObject({
          mb: z.int().min(1).exactOptional(),
          shared: z.literal("redis").exactOptional(),
        })
        .exactOptional(),
      routes: z.array(route).readonly().exactOptional(),
      files: z.array(files).readonly().exactOptional(),
      limits: z
        .strictObject({
          bodyBytesMax: z.int().min(0).exactOptional(),
          headerBytesMax: z.int().min(1_024).exactOptional(),
          headersMax: z.int().min(1).exactOptional(),
          headMsMax: z.int().min(1).exactOptional(),
          pauseMsMax: z.int().min(1).exactOptional(),
          bytesPerSecondMin: z.int().min(1).exactOptional(),
          keepAliveMs: z.int().min(1).exactOptional(),
          requestsPerConnectionMax: z.int().min(1).exactOptional(),
          connectionsMax: z.int().min(1).exactOptional(),
        })
        .exactOptional(),
    })
    .exactOptional(),
  distributor: z.strictObject({ port: portNumber.exactOptional() }).exactOptional(),
  distributors: z.array(hostPort).min(1).readonly().exactOptional(),
  calls: z
    .strictObject({
      ...serviceCalls,
      services: z.record(z.string(), z.strictObject(serviceCalls)).exactOptional(),
    })
    .exactOptional(),
  events: z
    .strictObject({
      url: z.url({ protocol: new RegExp(`^(${eventEngineProtocols.join("|")})$`) }).exactOptional(),
      dir: z.string().min(1).exactOptional(),
      keepDays: z.number().positive().exactOptional(),
      keepMb: z.int().min(64).exactOptional(),
    })
    .exactOptional(),
  contracts: z.enum(contractPolicies).exactOptional(),
  zone: z.string().min(1).max(200).exactOptional(),
  host: z.string().min(1).exactOptional(),
  security: z
    .strictObject({
      tokenFile: z.string().min(1).exactOptional(),
      certs: z.string().min(1).exactOptional(),
      principals: z.array(z.string().min(1)).min(1).readonly().exactOptional(),
    })
    .exactOptional(),
  metrics: z
    .strictObject({ port: portNumber.exactOptional(), host: z.string().min(1).exactOptional() })
    .exactOptional(),
  traces: z
    .strictObject({
      perSecond: z.number().min(0).max(100_000).exactOptional(),
      share: z.number().min(0).max(1).exactOptional(),
      slowMs: z.number().positive().max(600_000).exactOptional(),
      otlpUrl: z
        .string()
        .refine(isHttpUrl, 'must be a URL such as "http://localhost:4318"')
        .exactOptional(),
      otlpHeaders: z.record(z.string().regex(/^[\w-]+$/), z.string()).exactOptional(),
    })
    .exactOptional(),
  console: z
    .strictObject({
      enabled: z.boolean().exactOptional(),
      port: portNumber.exactOptional(),
      host: z.string().min(1).exactOptional(),
      hosts: z.array(z.string().min(1)).readonly().exactOptional(),
      tls: certificateFiles.exactOptional(),
      plainHttp: z.boolean().exactOptional(),
      readOnly: z.boolean().exactOptional(),
    })
    .exactOptional(),
  logs: z
    .strictObject({
      level: z.enum(logLevels).exactOptional(),
      fileMb: z.number().positive().max(1_024).exactOptional(),
      keptFiles: z.int().min(0).max(100).exactOptional(),
    })
    .exactOptional(),
};

const loader = z.custom<ServiceLoader>(
  (value) => typeof value === "function",
  'must be a function such as () => import("./services/products.ts")',
);

/** The shape of `dure.config.ts`; unknown keys are refused. The written types, which people read, must agree with it. */
export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9._-]*$/, "must be letters, digits, dots, hyphens and underscores"),
  services: z.record(z.string(), loader),
  ...profileShape,
  profiles: z.record(z.string(), z.strictObject(profileShape)).exactOptional(),
}) satisfies z.ZodType<DureConfig>;

import { parseHostPort } from "../../kit/index.ts";
import { contractPolicies, logLevels } from "../options.ts";
import { isHttpUrl } from "./schema-parts.ts";

/** Reads a string from the environment or the command line, or says what it must be. */
export type Reader = (text: string) => { readonly value: unknown } | { readonly mustBe: string };

/** An option that can be set without touching the configuration file. */
export interface Setting {
  /** Its path in the configuration, or `undefined` where it has none. */
  readonly path: string;
  /** The environment variable. */
  readonly variable: string;
  /** The long flag of the commands that take it, as commander spells it; absent where there is none. */
  readonly flag?: string;
  readonly description: string;
  readonly read: Reader;
}

const text: Reader = (value) => (value === "" ? { mustBe: "not empty" } : { value });

const port: Reader = (value) =>
  /^\d{1,5}$/.test(value) && Number(value) <= 65_535
    ? { value: Number(value) }
    : { mustBe: "a port number from 0 to 65535" };

const milliseconds: Reader = (value) =>
  /^[1-9]\d{0,5}$/.test(value) && Number(value) <= 600_000
    ? { value: Number(value) }
    : { mustBe: "a whole number of ms from 1 to 600000" };

const addresses: Reader = (value) => {
  const list = value.split(",").map((part) => part.trim());
  return list.every((part) => parseHostPort(part))
    ? { value: list }
    : { mustBe: 'one or more of "host:port", separated by commas' };
};

const httpUrl: Reader = (value) =>
  isHttpUrl(value) ? { value } : { mustBe: 'a URL such as "http://localhost:4318"' };

const headers: Reader = (value) => {
  const pairs = value.split(",").map((part) => /^\s*([\w-]+)=(.*)$/.exec(part)?.slice(1) ?? []);
  return pairs.every(([name]) => name !== undefined)
    ? { value: Object.fromEntries(pairs) }
    : { mustBe: 'one or more of "name=value", separated by commas' };
};

const names: Reader = (value) => {
  const list = value.split(",").map((part) => part.trim());
  return list.every((part) => part !== "")
    ? { value: list }
    : { mustBe: "one or more names, separated by commas" };
};

const level: Reader = (value) =>
  logLevels.some((name) => name === value)
    ? { value }
    : { mustBe: `one of ${logLevels.join(", ")}` };

const onOrOff: Reader = (value) =>
  value === "on" || value === "off" ? { value: value === "on" } : { mustBe: "on or off" };

const policy: Reader = (value) =>
  contractPolicies.some((name) => name === value)
    ? { value }
    : { mustBe: `one of ${contractPolicies.join(", ")}` };

/** One table for `--help`, the environment and the reference page. A flag beats the variable, which beats the file. */
export const settings: readonly Setting[] = [
  {
    path: "name",
    variable: "DURE_NAME",
    description: "name of the mesh; nodes of another mesh are refused",
    read: text,
  },
  {
    path: "gateway.port",
    variable: "PORT",
    flag: "--port <number>",
    description: "port of the gateway; 0 takes any free one",
    read: port,
  },
  {
    path: "gateway.host",
    variable: "DURE_GATEWAY_HOST",
    description: "address the gateway listens on",
    read: text,
  },
  {
    path: "gateway.redis",
    variable: "DURE_GATEWAY_REDIS",
    description: "Redis in which gateways count and cache together: redis://, rediss://",
    read: text,
  },
  {
    path: "distributor.port",
    variable: "DURE_DISTRIBUTOR_PORT",
    flag: "--distributor-port <number>",
    description: "port of the Distributor that is run here; 0 takes any free one",
    read: port,
  },
  {
    path: "distributors",
    variable: "DURE_DISTRIBUTORS",
    flag: "--join <addresses>",
    description: "Distributors to join, host:port, separated by commas",
    read: addresses,
  },
  {
    path: "host",
    variable: "DURE_HOST",
    flag: "--host <address>",
    description: "address nodes listen on; beyond loopback a token is needed",
    read: text,
  },
  {
    path: "zone",
    variable: "DURE_ZONE",
    description: "failure domain of this machine; calls stay in it while they can",
    read: text,
  },
  {
    path: "contracts",
    variable: "DURE_CONTRACTS",
    description: `what becomes of a version that would break callers: ${contractPolicies.join(", ")}`,
    read: policy,
  },
  {
    path: "calls.deadlineMs",
    variable: "DURE_DEADLINE_MS",
    description: "time for a call where the caller gives none",
    read: milliseconds,
  },
  {
    path: "security.tokenFile",
    variable: "DURE_TOKEN_FILE",
    description: "file that holds the mesh's shared token",
    read: text,
  },
  {
    path: "security.certs",
    variable: "DURE_CERTS",
    description: "folder of certificates made by dure certs; every link is then mutual TLS",
    read: text,
  },
  {
    path: "security.principals",
    variable: "DURE_PRINCIPALS",
    description: "names whose certificates may say for whom calls are made, separated by commas",
    read: names,
  },
  {
    path: "events.url",
    variable: "DURE_EVENTS_URL",
    description: "engine that keeps the events in place of files: postgres://, redis://, nats://",
    read: text,
  },
  {
    path: "metrics.port",
    variable: "DURE_METRICS_PORT",
    description: "port of GET /metrics, for all processes of this machine; 0 takes any free one",
    read: port,
  },
  {
    path: "traces.otlpUrl",
    variable: "DURE_OTLP_URL",
    description: "tracing system that spans are sent to, OTLP over HTTP: http://localhost:4318",
    read: httpUrl,
  },
  {
    path: "traces.otlpHeaders",
    variable: "DURE_OTLP_HEADERS",
    description: "headers of the requests to it, name=value, separated by commas",
    read: headers,
  },
  {
    path: "console.enabled",
    variable: "DURE_CONSOLE",
    description: "whether dure up and dure dev run the web console: on, off",
    read: onOrOff,
  },
  {
    path: "console.port",
    variable: "DURE_CONSOLE_PORT",
    flag: "--console-port <number>",
    description: "port of the web console; 0 takes any free one",
    read: port,
  },
  {
    path: "logs.level",
    variable: "DURE_LOG_LEVEL",
    flag: "--log-level <level>",
    description: `quietest level that is written: ${logLevels.join(", ")}`,
    read: level,
  },
];

/** The name under which commander keeps a flag's value: `--distributor-port <n>` is `distributorPort`. */
export function flagKey(flag: string): string {
  const name = (flag.split(" ")[0] ?? "").slice(2);
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** What the project needs beside the machine: its environment, programs, certificates, Distributors and engines. */
import { once } from "node:events";
import { connect } from "node:net";
import { listCertificates } from "../../certs/index.ts";
import { formatHostPort } from "../../config/index.ts";
import { serviceDefinition } from "../../contract/index.ts";
import { afterInBackground, asError, wallTime } from "../../kit/index.ts";
import { withoutMissingPrograms } from "../fleet/missing-programs.ts";
import type { Project } from "../project.ts";
import { introduce, reachOf } from "../reach.ts";
import { checkEnvironment, loadService } from "../services.ts";
import { renewShare } from "../transport.ts";
import { type Finding, finding } from "./finding.ts";

/** Whoever does not take a connection within this time is not there, in ms. */
const connectMsMax = 3_000;

/** Loads each service, as its process would, and looks for each key that it declares. */
export function checkServices({ config, serviceEnv }: Project): Promise<Finding[]> {
  return Promise.all(
    Object.entries(config.services).map(async ([name, loader]) => {
      const what = `service ${name}`;
      try {
        const service = await loadService(name, loader);
        const keys = Object.keys(serviceDefinition(service).env);
        const found = serviceEnv(name, keys);
        await checkEnvironment([service], { [name]: found }, found.problems);
        const told = keys
          .map((key) => `${key} from ${found.origins[key] ?? "its default"}`)
          .join(", ");
        return finding(what, "good", told || "needs nothing of its environment");
      } catch (thrown) {
        return finding(what, "bad", asError(thrown).message);
      }
    }),
  );
}

/** Programs that sidecars run. */
export function checkPrograms({ config }: Project): Finding[] {
  const doubts: Finding[] = [];
  try {
    withoutMissingPrograms(config, process.env.PATH ?? "", (text) =>
      doubts.push(finding("programs", "doubtful", text)),
    );
    return doubts;
  } catch (thrown) {
    return [finding("programs", "bad", asError(thrown).message)];
  }
}

/** How long the certificates hold. */
export function checkCertificates({ certs }: Project): Finding[] {
  if (certs === undefined) return [];
  try {
    return listCertificates(certs).map(({ file, validFrom, validTo }) => {
      const until = `${file} holds until ${validTo.toISOString()}`;
      const leftMs = validTo.getTime() - wallTime();
      const lifeMs = validTo.getTime() - validFrom.getTime();
      const remedy = "renew it: dure certs renew";
      if (leftMs <= 0) return finding("certificates", "bad", `${until}; ${remedy}`);
      if (validFrom.getTime() > wallTime()) {
        const told = `${file} holds only from ${validFrom.toISOString()}; is the clock right?`;
        return finding("certificates", "bad", told);
      }
      if (leftMs < lifeMs * renewShare && file !== "ca.pem")
        return finding("certificates", "doubtful", `${until}; ${remedy}`);
      return finding("certificates", "good", until);
    });
  } catch (thrown) {
    const told = `${asError(thrown).message}; make them with dure certs, or set security.certs`;
    return [finding("certificates", "bad", told)];
  }
}

/** Whether each configured Distributor lets this machine in. */
export function checkDistributors(project: Project): Promise<Finding[]> {
  return Promise.all(
    project.config.distributors.map(async (address) => {
      const what = `Distributor ${formatHostPort(address)}`;
      try {
        await introduce({ ...reachOf(project), distributors: [address] });
        return finding(what, "good", "lets this machine in");
      } catch (thrown) {
        return finding(what, "bad", asError(thrown).message);
      }
    }),
  );
}

/** Whether the engine of the events takes connections. */
export async function checkEngine({ config }: Project): Promise<Finding[]> {
  const { url } = config.events ?? {};
  if (url === undefined) return [];
  const { hostname, port, protocol } = new URL(url);
  const engine = `events.url ${hostname}:${port || defaultPorts[protocol]}`;
  const socket = connect(Number(port || defaultPorts[protocol]), hostname);
  const timer = afterInBackground(connectMsMax, () =>
    socket.destroy(new Error(`no answer within ${connectMsMax} ms`)),
  );
  try {
    await once(socket, "connect");
    return [finding(engine, "good", "takes connections")];
  } catch (thrown) {
    const told = `${asError(thrown).message}; start the server, or correct events.url or DURE_EVENTS_URL`;
    return [finding(engine, "bad", told)];
  } finally {
    timer.cancel();
    socket.destroy();
  }
}

/** Where each protocol's servers are by default (documentation of PostgreSQL, Redis and NATS). */
const defaultPorts: Readonly<Record<string, number>> = {
  "postgres:": 5_432,
  "postgresql:": 5_432,
  "redis:": 6_379,
  "rediss:": 6_379,
  "nats:": 4_222,
  "tls:": 4_222,
};

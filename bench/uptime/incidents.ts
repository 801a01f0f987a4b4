import { setTimeout as pause } from "node:timers/promises";
import { type DureFleet, type FleetProcess, untilTrue } from "./systems.ts";

/** Something that happens to a fleet under load. */
export interface Incident {
  readonly name: string;
  /** Whether the fleet retries; where nothing may be lost or done twice it is switched off. */
  readonly hasRetries: boolean;
  /** Resolves when it is over; gives how long each restart took until the process was ready, in ms. */
  happen(fleet: DureFleet): Promise<readonly number[]>;
}

/** So long all is well between two blows. */
const betweenMs = 1_000;

/** In the order of the table. */
export const incidents: readonly Incident[] = [
  {
    name: "reload of all services and gateways",
    hasRetries: false,
    async happen(fleet) {
      await fleet.reload();
      return [];
    },
  },
  {
    name: "scale up and down",
    hasRetries: false,
    async happen(fleet) {
      for (const count of [4, 2]) {
        await fleet.command("scale", `orders=${count}`, `stock=${count}`);
        await pause(betweenMs);
      }
      return [];
    },
  },
  {
    name: "SIGKILL of every Distributor, twice",
    hasRetries: false,
    happen: (fleet) => killInTurn(fleet, ["distributor", "distributor"]),
  },
  {
    name: "SIGKILL of one instance of each service",
    hasRetries: true,
    happen: (fleet) => killInTurn(fleet, ["orders-1", "stock-1", "orders-2", "stock-2"]),
  },
  {
    name: "SIGKILL of each gateway",
    hasRetries: true,
    happen: (fleet) => killInTurn(fleet, ["gateway-1", "gateway-2"]),
  },
];

/** Each when the one before it is ready again. */
async function killInTurn(fleet: DureFleet, names: readonly string[]): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (const name of names) {
    let pid: number | null = null;
    await untilTrue(`${name} is ready`, async () => {
      const found = await find(fleet, name);
      pid = found?.pid ?? null;
      return found?.state === "ready";
    });
    if (pid === null) throw new Error(`${name} does not run`);
    process.kill(pid, "SIGKILL");
    const killedAt = performance.now();
    await untilTrue(`${name} is ready again`, async () => {
      const now = await find(fleet, name);
      return now?.state === "ready" && now.pid !== pid;
    });
    tookMs.push(performance.now() - killedAt);
    await pause(betweenMs);
  }
  return tookMs;
}

async function find(fleet: DureFleet, name: string): Promise<FleetProcess | undefined> {
  return (await fleet.processes()).find((process) => process.name === name);
}

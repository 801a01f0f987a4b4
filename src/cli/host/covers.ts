import type { Gateway } from "../../gateway/index.ts";
import { every } from "../../kit/index.ts";
import type { HostTold } from "./spec.ts";

/** How often it is looked whether all services are reachable, until they are; in ms. */
const coverageMs = 25;
/** Every so many looks it is said what is still missing: each 5 s. */
const looksPerReport = 200;

/** Tells when the gateway reaches every expected service, and meanwhile, now and then, what it waits for. */
export function tellWhenCovered(
  gateway: Gateway,
  expects: readonly string[],
  tell: (told: HostTold) => void,
): void {
  let looks = 0;
  const watch = every(coverageMs, () => {
    const missing = expects.filter((service) => !gateway.isReady([service]));
    if (missing.length === 0) {
      watch.cancel();
      return tell({ kind: "covers" });
    }
    looks += 1;
    if (looks % looksPerReport !== 0) return;
    tell({ kind: "line", text: `still sees no instance of ${missing.join(", ")}; waiting` });
  });
}

import { defineConfig } from "../../../src/index.ts";

/** Two services, twice each, behind two gateways. With the profile `once` nothing is tried again. */
export default defineConfig({
  name: "uptime",
  services: { orders: () => import("./orders.ts"), stock: () => import("./stock.ts") },
  processes: { orders: { instances: 2 }, stock: { instances: 2 } },
  gateway: { instances: 2 },
  logs: { level: "error" },
  profiles: {
    once: { calls: { retries: 0 } },
    machines: { gateway: { instances: 2, host: "0.0.0.0" } },
  },
});

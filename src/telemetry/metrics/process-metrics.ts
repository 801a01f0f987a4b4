import { monitorEventLoopDelay } from "node:perf_hooks";
import { wallTime } from "../../kit/index.ts";
import type { Metrics } from "./metrics.ts";

/** What tells how the process itself is, under the names that Prometheus's own client libraries use. */
export function addProcessMetrics(metrics: Metrics): () => void {
  const startedAt = wallTime() / 1_000 - process.uptime();
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  metrics.counted(
    { name: "process_cpu_seconds_total", help: "CPU time of the process, user and system" },
    () => {
      const { user, system } = process.cpuUsage();
      return [[[], (user + system) / 1e6]];
    },
  );
  metrics.gauge(
    { name: "process_resident_memory_bytes", help: "resident memory of the process" },
    () => [[[], process.memoryUsage.rss()]],
  );
  metrics.gauge({ name: "nodejs_heap_size_used_bytes", help: "heap in use by JavaScript" }, () => [
    [[], process.memoryUsage().heapUsed],
  ]);
  metrics.gauge(
    {
      name: "process_start_time_seconds",
      help: "when the process was started, in seconds since 1970",
    },
    () => [[[], startedAt]],
  );
  metrics.gauge(
    {
      name: "nodejs_eventloop_lag_seconds",
      help: "how late the event loop ran since the last look",
      labels: ["quantile"],
    },
    () => {
      const readings = [0.5, 0.99, 1].map((quantile) => {
        const lateNs = Math.max(0, loop.percentile(quantile * 100) - 20e6);
        return [[String(quantile)], lateNs / 1e9] as const;
      });
      loop.reset();
      return readings;
    },
  );
  return () => loop.disable();
}

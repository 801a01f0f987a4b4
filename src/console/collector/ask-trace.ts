import type { MeshNode } from "../../mesh/index.ts";
import type { LogRecord, SpanRecord, TelemetryPage } from "../../telemetry/index.ts";
import type { CollectedTrace } from "./collector.ts";
import { collectedTrace } from "./core/collected-trace.ts";

/** What the nodes of the mesh hold of one trace at this moment. */
export interface AskedTrace {
  /** Undefined where no node holds a span of it. */
  readonly trace: CollectedTrace | undefined;
  /** In the order of their nodes' clocks. */
  readonly logs: readonly LogRecord[];
  /** Nodes that did not answer, by their slots. */
  readonly silent: readonly string[];
}

const answerMs = 2_000;
/** Questions to one node for its lines: its ring has no more. */
const pagesMax = 20;

/** Asks every node that can be asked for one trace, without a collector. */
export async function askTrace(node: MeshNode, traceId: string): Promise<AskedTrace> {
  const others = node.registry.nodes().filter(({ record }) => record.port !== 0);
  const silent: string[] = [];
  const answers = await Promise.all(
    others.map(async ({ record }) => {
      const ask = async (operation: string, params: Record<string, string>) =>
        node.ask({ node: record, operation, params, deadlineMs: answerMs });
      try {
        const spans = await ask("$telemetry.spans", { traceIds: traceId });
        const logs: LogRecord[] = [];
        for (let pages = 0, after = 0; pages < pagesMax; pages += 1) {
          const params = { traceId, after: String(after) };
          const page = (await ask("$telemetry.logs", params)) as TelemetryPage<LogRecord>;
          logs.push(...page.records);
          if (page.next === after) break;
          after = page.next;
        }
        return { spans: (spans as TelemetryPage<SpanRecord>).records, logs };
      } catch {
        silent.push(record.slot);
        return { spans: [], logs: [] };
      }
    }),
  );
  const spans = answers.flatMap((answer) => answer.spans);
  const logs = answers.flatMap((answer) => answer.logs).toSorted((a, b) => a.at - b.at);
  return { trace: collectedTrace(traceId, spans), logs, silent };
}

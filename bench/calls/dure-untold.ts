/** Dure as it would be if it told nothing of its calls: no trace context, no spans, no metrics. What they cost is the difference. */
import { NodeMetrics } from "../../src/mesh/node-metrics.ts";
import { Traces } from "../../src/telemetry/index.ts";
import dure from "./dure.ts";

Traces.prototype.start = (parent) => parent as never;
Traces.prototype.end = () => {};
NodeMetrics.prototype.onMade = () => {};
NodeMetrics.prototype.onHandled = () => {};

export default dure;

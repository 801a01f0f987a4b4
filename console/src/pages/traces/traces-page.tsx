import { place } from "../../navigation.ts";
import { TraceList } from "./trace-list.tsx";
import { TraceView } from "./trace-view.tsx";

/** `#/traces` lists; `#/traces/ID` shows one, `#/traces/ID/SPAN` one of its spans. */
export function TracesPage() {
  const [traceId, spanId] = place.value.rest;
  return traceId ? <TraceView traceId={traceId} spanId={spanId} /> : <TraceList />;
}

import { percentile } from "../harness/statistics.ts";

/** What one round is asked to do; it ends at whichever bound comes first. */
export interface RoundRequest {
  readonly inFlight: number;
  readonly forMs: number;
  readonly callsMax: number;
}

/** What one round gave. */
export interface RoundResult {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Keeps `inFlight` calls running and times each one. A wrong or failed answer ends the run: it is not a result. */
export async function measure(
  call: (id: number) => Promise<{ readonly id: number }>,
  { inFlight, forMs, callsMax }: RoundRequest,
): Promise<RoundResult> {
  const latenciesMs = new Float64Array(callsMax);
  const startedAt = performance.now();
  const endsAt = startedAt + forMs;
  let begun = 0;
  let done = 0;
  let lastAt = startedAt;
  const keepCalling = async () => {
    while (begun < callsMax && lastAt < endsAt) {
      const id = begun++;
      const calledAt = performance.now();
      const { id: answeredId } = await call(id);
      lastAt = performance.now();
      if (answeredId !== id) throw new Error(`asked for ${id} and got ${answeredId}`);
      latenciesMs[done++] = lastAt - calledAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, keepCalling));
  const sorted = latenciesMs.subarray(0, done).sort();
  return {
    calls: done,
    callsPerSecond: (done * 1_000) / (lastAt - startedAt),
    p50Us: percentile(sorted, 0.5) * 1_000,
    p99Us: percentile(sorted, 0.99) * 1_000,
  };
}

const tickMs = 5;
/** A tick that is later than this says that this process stood still. */
const lateMsMax = 20;

/** Measures time without what this process stood still meanwhile, on a machine that had other work to do. */
export function stopwatch(): { stop(): number } {
  const startedAt = performance.now();
  let tickedAt = startedAt;
  let stalledMs = 0;
  const tick = () => {
    const time = performance.now();
    const lateMs = time - tickedAt - tickMs;
    if (lateMs > lateMsMax) stalledMs += lateMs;
    tickedAt = time;
  };
  const timer = setInterval(tick, tickMs);
  return {
    stop() {
      clearInterval(timer);
      tick();
      return performance.now() - startedAt - stalledMs;
    },
  };
}

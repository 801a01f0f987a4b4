/** Points in time. All in ms since 1970. */
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });
const dayMs = 86_400_000;

/** `14:03:27.125` today, `21 Nov 14:03:27` before. */
export function moment(at: number, now: number = Date.now()): string {
  const time = clock.format(at);
  return now - at < dayMs
    ? `${time}.${String(Math.floor(at) % 1_000).padStart(3, "0")}`
    : `${day.format(at)} ${time}`;
}

/** `3 s ago`. */
export function ago(at: number, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3_600) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

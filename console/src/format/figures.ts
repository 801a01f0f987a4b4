/** Figures as people read them. A figure that is not known is an en dash. */
const none = "\u2013";

/** 0.0042 is `0.42 %`; what is not zero is never shown as such. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return none;
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value < 0.01) return "< 0.01 %";
  return `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** `950`, `12.3 k`, `4.1 M`. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (value < 1_000) return Number.isInteger(value) ? String(value) : value.toFixed(1);
  if (value < 1_000_000) return `${(value / 1_000).toFixed(value < 100_000 ? 1 : 0)} k`;
  return `${(value / 1_000_000).toFixed(1)} M`;
}

/** `3.2/s`. */
export function rate(perS: number | null | undefined): string {
  if (perS === null || perS === undefined) return none;
  if (perS > 0 && perS < 0.05) return "< 0.1/s";
  return `${perS < 100 ? Number(perS.toFixed(1)) : count(Math.round(perS))}/s`;
}

/** `0.4 ms`, `35 ms`, `1.2 s`, `4 min`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return none;
  if (ms === 0) return "0 ms";
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** `512 B`, `3.4 KiB`, `120 MiB`. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1_024 && unit < units.length - 1) {
    scaled /= 1_024;
    unit += 1;
  }
  return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[unit]}`;
}

/** `1 node`, `3 nodes`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const fixdate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const rfc850 =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-(\w{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const asctime = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\w{3}) ([\d ]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;
const fiftyYearsMs = 50 * 365.25 * 24 * 3_600_000;

/**
 * A date of HTTP in ms since 1970, in any of its three forms (RFC 9110, section 5.6.7); undefined for what is none. `Date.parse` takes far more,
 * and what other caches take for invalid must be invalid here too.
 */
export function parseHttpDate(text: string | undefined, wallMs: number): number | undefined {
  if (text === undefined) return undefined;
  const [, day, month, year, ...time] = fixdate.exec(text) ?? [];
  if (day !== undefined) return utc([year, month, day], time);
  const [, oldDay, oldMonth, shortYear, ...oldTime] = rfc850.exec(text) ?? [];
  if (oldDay !== undefined) {
    const century = Math.floor(new Date(wallMs).getUTCFullYear() / 100) * 100;
    const date = utc([String(century + Number(shortYear)), oldMonth, oldDay], oldTime);
    if (date === undefined || date <= wallMs + fiftyYearsMs) return date;
    return utc([String(century - 100 + Number(shortYear)), oldMonth, oldDay], oldTime);
  }
  const [, cMonth, cDay, hours, minutes, secs, cYear] = asctime.exec(text) ?? [];
  return cMonth === undefined ? undefined : utc([cYear, cMonth, cDay], [hours, minutes, secs]);
}

type Part = string | undefined;

function utc([year, month, day]: readonly Part[], time: readonly Part[]): number | undefined {
  const monthIndex = months.indexOf(month ?? "");
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
  if (monthIndex < 0 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const date = Date.UTC(Number(year), monthIndex, Number(day), hours, minutes, seconds);
  return new Date(date).getUTCDate() === Number(day) || seconds === 60 ? date : undefined;
}

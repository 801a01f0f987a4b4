/** Numbers and errors as people read them. */
import { codeOf } from "./api.ts";

const money = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
/** Cents of a dollar. */
const minorUnits = 10 ** (money.resolvedOptions().maximumFractionDigits ?? 2);
const day = new Intl.DateTimeFormat("en", { dateStyle: "long" });
const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** A whole number of minor units. */
export function priceText(amount: number): string {
  return money.format(amount / minorUnits);
}

/** "12.90" as a whole number of minor units, without a detour over fractions; undefined for what is no price. */
export function priceOf(text: string): number | undefined {
  const [, whole, fraction = ""] = /^(\d{1,7})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  return Number(whole) * minorUnits + Number(fraction.padEnd(2, "0"));
}

export function dayText(at: string): string {
  return day.format(new Date(at));
}

export function momentText(at: string): string {
  return moment.format(new Date(at));
}

export function stockText(stock: number): string {
  return stock === 0 ? "Sold out" : stock < 10 ? `Only ${stock} left` : "In stock";
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Why something did not work, where there is nothing better to say. */
export function reasonText(error: unknown): string {
  switch (codeOf(error)) {
    case "UNAVAILABLE":
    case "DEADLINE_EXCEEDED":
      return "That part of the shop does not answer just now. Please try again in a moment.";
    case "RESOURCE_EXHAUSTED":
      return "That was a bit too fast. Please wait a moment and try again.";
    case "PERMISSION_DENIED":
      return "This account may not do that.";
    default:
      return "That did not work. Please try again.";
  }
}

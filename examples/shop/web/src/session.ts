/**
 * Who is signed in. The token is kept in this tab's sessionStorage: it survives a reload, other tabs and later visits do not have it, and no
 * request carries it unless this code says so, which is why the shop needs no defence against forged requests (CSRF). Scripts of the page could
 * read it; the pages' policy lets none in but the shop's own, and no text becomes markup.
 */
import { computed, signal } from "@preact/signals";
import type { Place } from "./router.ts";

/** What a token says. The page believes it for display only; the gateway checks it. */
interface Session {
  readonly token: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** When it ends, as ms since 1970. */
  readonly endsAt: number;
}

const key = "shop.token";

export const session = signal<Session | undefined>(read(sessionStorage.getItem(key)));
export const isAdmin = computed(() => session.value?.scopes.includes("products:write") ?? false);

/** The token to call with. One that has ended signs out. */
export function token(): string | undefined {
  if (session.value && session.value.endsAt <= Date.now()) signOut();
  return session.value?.token;
}

export function signIn(text: string): void {
  session.value = read(text);
  sessionStorage.setItem(key, text);
}

export function signOut(): void {
  session.value = undefined;
  sessionStorage.removeItem(key);
}

/** Where one signs in and comes back from. */
export function signInAddress({ path, query }: Place): string {
  const to = query.size === 0 ? path : `${path}?${query}`;
  return `/shop/sign-in?${new URLSearchParams({ to })}`;
}

function read(text: string | null): Session | undefined {
  const payload = text?.split(".")[1];
  if (text === null || payload === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (each) =>
      each.charCodeAt(0),
    );
    const { name, scope, exp } = JSON.parse(new TextDecoder().decode(bytes));
    const endsAt = Number(exp) * 1_000;
    if (!(endsAt > Date.now())) return undefined;
    return { token: text, name: String(name), scopes: String(scope).split(" "), endsAt };
  } catch {
    return undefined;
  }
}

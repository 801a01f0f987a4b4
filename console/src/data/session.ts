/** Who is signed in. A token in the page's address is exchanged once and taken out of the address before anything else. */
import { signal } from "@preact/signals";
import { bearer, client } from "./client.ts";
import { codeOf, reasonOf } from "./errors.ts";

export type Session =
  | { readonly kind: "starting" }
  | { readonly kind: "out"; readonly why: string }
  | ({ readonly kind: "in" } & Awaited<ReturnType<typeof client.session>>);

export const session = signal<Session>({ kind: "starting" });

/** Signs in by the address's token, or with the bearer of before the reload. */
export async function startSession(): Promise<void> {
  const url = new URL(location.href);
  const token = url.searchParams.get("token");
  if (token !== null) {
    url.searchParams.delete("token");
    history.replaceState(null, "", url);
  }
  try {
    if (token !== null) await signIn(token);
    if (bearer.get() === undefined) return leave("");
    session.value = { kind: "in", ...(await client.session()) };
  } catch (thrown) {
    if (codeOf(thrown) === "UNAUTHENTICATED") return leave("The session is over.");
    leave(reasonOf(thrown));
  }
}

const tokenFaults = {
  wrong: "That token is not one of this console.",
  used: "That link was used before; each works once.",
  expired: "That link is too old.",
};

async function signIn(token: string): Promise<void> {
  const found = await client.signIn({ token }).result();
  if (found.ok) return bearer.set(found.value.bearer);
  const { error } = found;
  // Whoever opens the link a second time in the same tab is still signed in.
  if (error.code === "WrongToken" && bearer.get() !== undefined) return;
  if (error.code === "WrongToken") throw new Error(tokenFaults[error.data?.reason ?? "wrong"]);
  if (error.code === "WaitAWhile")
    throw new Error(`Too many wrong tokens; wait ${error.data?.seconds} s.`);
  throw error;
}

/** Ends the session here. `why` is shown. */
export function leave(why: string): void {
  bearer.drop();
  session.value = { kind: "out", why };
}

/** Tells of a failed call, because it may mean that the session is over. */
export function noticeFailure(error: unknown): void {
  if (codeOf(error) === "UNAUTHENTICATED" && session.value.kind === "in")
    leave("The session is over.");
}

/** Whether the buttons that change something work. */
export function canOperate(): boolean {
  return session.value.kind === "in" && session.value.canOperate;
}

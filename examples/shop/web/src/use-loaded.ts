import { useEffect, useState } from "preact/hooks";
import { codeOf } from "./api.ts";
import { go, place } from "./router.ts";
import { session, signInAddress, signOut } from "./session.ts";

/** Something that comes from a service. */
export type Loaded<Value> =
  | { readonly state: "loading" }
  | { readonly state: "ready"; readonly value: Value }
  | { readonly state: "missing"; readonly error: unknown };

/** What a page does with it. */
export interface Loading<Value> {
  readonly loaded: Loaded<Value>;
  /** Asks once more. */
  again(): void;
  /** What it has become by something the page did itself. */
  set(value: Value): void;
}

/** Loads what `key` names, anew when the key changes; what comes for an older key is thrown away. */
export function useLoaded<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
): Loading<Value> {
  const [known, setKnown] = useState<{ key: string; loaded: Loaded<Value> }>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const tell = (loaded: Loaded<Value>) => {
      if (!controller.signal.aborted) setKnown({ key, loaded });
    };
    load(controller.signal).then(
      (value) => tell({ state: "ready", value }),
      (error) => {
        if (!controller.signal.aborted) leaveIfSignedOut(error);
        tell({ state: "missing", error });
      },
    );
    return () => controller.abort();
  }, [key, round]);
  return {
    loaded: known?.key === key ? known.loaded : { state: "loading" },
    again: () => {
      setKnown(undefined);
      setRound((count) => count + 1);
    },
    set: (value) => setKnown({ key, loaded: { state: "ready", value } }),
  };
}

/** A session that the gateway no longer takes has ended: to the sign-in, and back here afterwards. */
export function leaveIfSignedOut(error: unknown): boolean {
  if (codeOf(error) !== "UNAUTHENTICATED" || !session.value) return false;
  signOut();
  go(signInAddress(place.value));
  return true;
}

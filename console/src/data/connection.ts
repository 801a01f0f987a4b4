/** Whether news of the fleet comes in. */
import { signal } from "@preact/signals";

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** `retryAt`: when it is tried again, in ms since 1970. */
  | {
      readonly kind: "lost";
      readonly since: number;
      readonly retryAt: number;
      readonly why: string;
    };

export const connection = signal<Connection>({ kind: "connecting" });

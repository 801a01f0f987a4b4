/** Short messages about what was just done; read out by screen readers. At most four are shown. */
import { signal } from "@preact/signals";
import { reasonOf } from "./errors.ts";
import { noticeFailure } from "./session.ts";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isBad: boolean;
}

const shownMs = 6_000;
const noticesMax = 4;
let lastId = 0;

export const notices = signal<readonly Notice[]>([]);

/** Shows a message for six seconds; one that tells of a failure until it is closed. */
export function tell(text: string, isBad = false): void {
  lastId += 1;
  const id = lastId;
  notices.value = [...notices.value.slice(1 - noticesMax), { id, text, isBad }];
  if (!isBad) setTimeout(() => dismiss(id), shownMs);
}

/** Takes a message away. */
export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Does something and tells how it went. Resolves to undefined if it failed. */
export async function attempt<Value>(
  what: string,
  run: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await run();
  } catch (thrown) {
    noticeFailure(thrown);
    tell(`${what}: ${reasonOf(thrown)}`, true);
    return undefined;
  }
}

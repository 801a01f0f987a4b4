import { signal } from "@preact/signals";

/** What is said at the page's edge, and read out. */
export const notice = signal<{
  readonly text: string;
  readonly link?: { to: string; text: string };
}>();

const shownMs = 6_000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says something that has happened; the next one takes its place. */
export function tell(text: string, link?: { to: string; text: string }): void {
  clearTimeout(timer);
  notice.value = link ? { text, link } : { text };
  timer = setTimeout(() => {
    notice.value = undefined;
  }, shownMs);
}

/** Keys: `g` and a letter goes to a page, `/` to the search field, `?` shows them all. None works while somebody types. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Dialog } from "../components/dialog.tsx";
import { goTo, hrefOf } from "../navigation.ts";
import { pages } from "../pages/pages.tsx";

const isHelpOpen = signal(false);
/** How long `g` waits for its letter, in ms. */
const prefixMs = 1_500;
const never = Number.NEGATIVE_INFINITY;

export function useShortcuts(): void {
  useEffect(() => {
    let prefixAt = never;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const isAfterG = event.timeStamp - prefixAt < prefixMs;
      prefixAt = event.key === "g" ? event.timeStamp : never;
      if (isAfterG) {
        const page = pages.find(({ key }) => key === event.key);
        if (page) goTo(hrefOf([page.name]));
      } else if (event.key === "?") isHelpOpen.value = true;
      else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("main input[type=search]");
        if (!field) return;
        event.preventDefault();
        field.focus();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, dialog, [contenteditable]") !== null
  );
}

export function ShortcutHelp() {
  if (!isHelpOpen.value) return null;
  return (
    <Dialog
      title="Keys"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <ul class="dialog-body keys">
        {pages.map(({ key, title }) => (
          <li key={key}>
            <span>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </span>
            {title}
          </li>
        ))}
        <li>
          <span>
            <kbd>/</kbd>
          </span>
          Search on this page
        </li>
      </ul>
    </Dialog>
  );
}

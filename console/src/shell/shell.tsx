/** What stands around every page: navigation, the fleet's figures, the state of the connection, messages. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { connection } from "../data/connection.ts";
import { place } from "../navigation.ts";
import { Bar } from "./bar.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { Notices } from "./notices.tsx";
import { ShortcutHelp, useShortcuts } from "./shortcuts.tsx";
import { Side } from "./side.tsx";

const isMenuOpen = signal(false);

export function Shell({ children }: { children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  useShortcuts();
  const { page } = place.value;
  const isFirst = useRef(true);
  // A new page begins at its top, with the focus there
  useEffect(() => {
    isMenuOpen.value = false;
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    main.current?.focus();
    main.current?.scrollTo(0, 0);
  }, [page]);
  const isStale = connection.value.kind === "lost";
  return (
    <div class={isStale ? "shell is-stale" : "shell"}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Side isOpen={isMenuOpen.value} />
      {isMenuOpen.value ? (
        <button
          type="button"
          class="scrim"
          aria-label="Close the menu"
          onClick={() => {
            isMenuOpen.value = false;
          }}
        />
      ) : null}
      <Bar
        isMenuOpen={isMenuOpen.value}
        onMenu={() => {
          isMenuOpen.value = !isMenuOpen.value;
        }}
      />
      <main class="main" id="main" ref={main} tabIndex={-1}>
        <ConnectionBanner />
        {children}
      </main>
      <Notices />
      <ShortcutHelp />
    </div>
  );
}

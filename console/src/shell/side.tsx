import { Icon } from "../components/icon.tsx";
import { session } from "../data/session.ts";
import { hrefOf, place } from "../navigation.ts";
import { pages } from "../pages/pages.tsx";

const groups = ["Fleet", "Watch", "Work", "Edge"] as const;

/** The pages, by what they are about. */
export function Side({ isOpen }: { isOpen: boolean }) {
  const now = session.value;
  return (
    <nav class={isOpen ? "side is-open" : "side"} aria-label="Pages">
      <div class="brand">
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
          <path
            d="M12 3a9 9 0 1 0 9 9M12 3v9h9M12 3a9 9 0 0 1 9 9"
            fill="none"
            stroke="currentColor"
            stroke-width="2.2"
            stroke-linejoin="round"
          />
        </svg>
        {now.kind === "in" ? now.mesh : "Dure"}
      </div>
      {groups.map((group) => (
        <div key={group}>
          <h2>{group}</h2>
          <ul>
            {pages
              .filter((page) => page.group === group)
              .map(({ name, title }) => (
                <li key={name}>
                  <a
                    href={hrefOf([name])}
                    aria-current={place.value.page === name ? "page" : undefined}
                  >
                    <Icon name={name} />
                    {title}
                  </a>
                </li>
              ))}
          </ul>
        </div>
      ))}
      <div class="side-foot">
        {now.kind === "in" ? (
          <>
            {now.who}, {now.canOperate ? "operator" : "may look only"}
            <br />
            Dure {now.version} {"\u00b7"} keys: <kbd>?</kbd>
          </>
        ) : null}
      </div>
    </nav>
  );
}

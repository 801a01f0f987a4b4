import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface PageProps {
  readonly title: string;
  readonly about?: string;
  /** Buttons and filters beside the title. */
  readonly actions?: ComponentChildren;
  readonly back?: { readonly href: string; readonly label: string };
  readonly children: ComponentChildren;
}

/** A page's frame; its title is the document's too. */
export function Page({ title, about, actions, back, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} \u00b7 Dure console`;
  }, [title]);
  return (
    <div class="page">
      <header class="page-head">
        {back ? (
          <a class="back" href={back.href}>
            <Icon name="back" />
            {back.label}
          </a>
        ) : null}
        <h1>{title}</h1>
        {actions ? <div class="actions">{actions}</div> : null}
        {about ? <p>{about}</p> : null}
      </header>
      <div class="page-body">{children}</div>
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Panel({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside ? <div class="aside">{aside}</div> : null}
      </header>
      {children}
    </section>
  );
}

/** What is shown in place of what is not there: yet, at all, or because something failed. */
import type { ComponentChildren } from "preact";
import { codeOf, reasonOf } from "../data/errors.ts";
import type { Polled } from "../data/poll.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="blank">
      <Icon name="empty" />
      <h2>{title}</h2>
      {children ? <p>{children}</p> : null}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="skeleton" role="status">
      <span class="hidden-text">Loading {what}</span>
      {["a", "b", "c", "d", "e"].map((key) => (
        <div key={key} />
      ))}
    </div>
  );
}

function Failed({ polled, what }: { polled: Polled<unknown>; what: string }) {
  const isMissing = codeOf(polled.error) === "UNAVAILABLE";
  return (
    <div class="blank" role="alert">
      <Icon name="warning" />
      <h2>{isMissing ? `${what} cannot be reached` : `${what} cannot be shown`}</h2>
      <p>{reasonOf(polled.error)}</p>
      <Button onClick={polled.refresh}>Try again</Button>
    </div>
  );
}

interface ShownProps<Value> {
  readonly polled: Polled<Value>;
  /** Upper case, as in "Routes cannot be shown". */
  readonly what: string;
  readonly children: (data: Value) => ComponentChildren;
}

/** What was answered; the state of asking where nothing was yet. An older answer stays, with a line about the failure. */
export function Shown<Value>({ polled, what, children }: ShownProps<Value>) {
  if (polled.data === undefined)
    return polled.error ? (
      <Failed polled={polled} what={what} />
    ) : (
      <Loading what={what.toLowerCase()} />
    );
  return (
    <>
      {polled.error ? (
        <div class="banner" role="status">
          <Icon name="warning" /> Not up to date: {reasonOf(polled.error)}
          <Button onClick={polled.refresh}>Try again</Button>
        </div>
      ) : null}
      {children(polled.data)}
    </>
  );
}

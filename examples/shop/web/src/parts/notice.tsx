import { notice } from "../notice.ts";

/** What has just happened. The place is always there, so that screen readers notice what comes into it. */
export function Notice() {
  const said = notice.value;
  return (
    <div class="notice" role="status" aria-live="polite">
      {said ? (
        <p>
          {said.text} {said.link ? <a href={said.link.to}>{said.link.text}</a> : null}
        </p>
      ) : null}
    </div>
  );
}

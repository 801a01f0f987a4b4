import { IconButton } from "../components/button.tsx";
import { dismiss, notices } from "../data/notices.ts";

/** Messages in the corner. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, isBad }) => (
        <div key={id} class={isBad ? "is-bad" : undefined}>
          <span>{text}</span>
          <IconButton icon="close" label="Close the message" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}

import { Button } from "../components/button.tsx";
import { Icon } from "../components/icon.tsx";
import { connection } from "../data/connection.ts";
import { reconnect } from "../data/live-fleet.ts";
import { moment } from "../format/moments.ts";

/** Says that what is shown is old, and since when. */
export function ConnectionBanner() {
  const { value } = connection;
  if (value.kind !== "lost") return null;
  return (
    <div class="banner is-bad" role="alert">
      <Icon name="warning" />
      <strong>Disconnected.</strong> What you see is from {moment(value.since)}. It is tried again
      by itself.
      <span class="soft-text">{value.why}</span>
      <Button onClick={reconnect}>Reconnect now</Button>
    </div>
  );
}

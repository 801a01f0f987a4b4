import { Badge, toneOfErrors } from "../components/badge.tsx";
import { IconButton } from "../components/button.tsx";
import { connection } from "../data/connection.ts";
import { fleet } from "../data/live-fleet.ts";
import { duration, percent, rate } from "../format/figures.ts";
import { nextTheme, theme } from "../theme.ts";

/** The fleet in one line. */
export function Bar({ isMenuOpen, onMenu }: { isMenuOpen: boolean; onMenu: () => void }) {
  const { totals, nodes } = fleet.value;
  return (
    <header class="bar">
      <IconButton
        class="menu-button"
        icon="menu"
        label="Menu"
        isExpanded={isMenuOpen}
        onClick={onMenu}
      />
      <dl class="figures">
        <div>
          <dt>Calls</dt>
          <dd>{rate(totals.perS)}</dd>
        </div>
        <div>
          <dt>Errors</dt>
          <dd class={`tone-${toneOfErrors(totals.errorShare)}`}>{percent(totals.errorShare)}</dd>
        </div>
        <div class="wide-only">
          <dt>p99</dt>
          <dd>{duration(totals.p99Ms)}</dd>
        </div>
        <div class="wide-only">
          <dt>Nodes</dt>
          <dd>{nodes.size.toLocaleString("en")}</dd>
        </div>
      </dl>
      <div class="tools">
        <Live />
        <IconButton
          icon={theme.value}
          label={`Colours: ${theme.value}; change`}
          onClick={nextTheme}
        />
      </div>
    </header>
  );
}

function Live() {
  const { kind } = connection.value;
  if (kind === "live") return <Badge tone="good">Live</Badge>;
  return kind === "lost" ? (
    <Badge tone="bad">Disconnected</Badge>
  ) : (
    <Badge tone="plain">Connecting</Badge>
  );
}

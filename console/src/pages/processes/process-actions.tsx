/** Reloading and scaling, each asked for once more. */
import { useState } from "preact/hooks";
import { Confirm } from "../../components/dialog.tsx";
import { client } from "../../data/client.ts";
import { attempt, tell } from "../../data/notices.ts";
import type { Process } from "../../data/types.ts";
import { plural } from "../../format/figures.ts";
import { countOf, kindOf } from "./kinds.ts";

export type ProcessQuestion =
  | { readonly kind: "reload"; readonly name: string }
  | { readonly kind: "scale"; readonly name: string };

interface ActionProps {
  readonly question: ProcessQuestion;
  readonly processes: readonly Process[];
  readonly onClose: () => void;
}

export function ProcessActions({ question, processes, onClose }: ActionProps) {
  const { name } = question;
  return question.kind === "reload" ? (
    <Reload name={name} processes={processes} onClose={onClose} />
  ) : (
    <Scale kind={name} count={countOf(processes, name)} onClose={onClose} />
  );
}

function Reload({ name, processes, onClose }: Omit<ActionProps, "question"> & { name: string }) {
  const kind = kindOf(name);
  const [isAll, setIsAll] = useState(false);
  const count = countOf(processes, kind);
  return (
    <Confirm
      title={`Reload ${name}?`}
      action="Reload"
      onClose={onClose}
      onConfirm={() => void reload(isAll ? kind : name)}
    >
      <p>
        A new process takes its place and the old one finishes what it has begun. Calls go on
        meanwhile.
      </p>
      {count > 1 ? (
        <label class="toggle">
          <input
            type="checkbox"
            checked={isAll}
            onChange={(event) => setIsAll(event.currentTarget.checked)}
          />
          All {count} of {kind}, one after another
        </label>
      ) : null}
    </Confirm>
  );
}

async function reload(name: string): Promise<void> {
  tell(`Reloading ${name} ...`);
  const report = await attempt(`Reload of ${name}`, () => client.reload({ names: [name] }));
  if (!report) return;
  for (const failure of report.failures) tell(`${failure.name}: ${failure.reason}`, true);
  if (report.reloaded.length > 0) tell(`Reloaded ${report.reloaded.join(", ")}`);
}

function Scale({ kind, count, onClose }: { kind: string; count: number; onClose: () => void }) {
  const [wanted, setWanted] = useState(String(count));
  const number = Number(wanted);
  return (
    <Confirm
      title={`Scale ${kind}`}
      action="Scale"
      isDangerous={number < count}
      onClose={onClose}
      onConfirm={() => void scale(kind, number)}
    >
      <p>{plural(count, "process", "processes")} now. Those that go finish what they have begun.</p>
      <label>
        How many{" "}
        <input
          class="input"
          type="number"
          min="0"
          max="1000"
          step="1"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </label>
    </Confirm>
  );
}

async function scale(kind: string, count: number): Promise<void> {
  tell(`Scaling ${kind} to ${count} ...`);
  const report = await attempt(`Scaling of ${kind}`, () => client.scale({ kind, count }));
  if (!report) return;
  for (const failure of report.failures) tell(`${failure.name}: ${failure.reason}`, true);
  if (report.failures.length === 0) tell(`${kind}: ${plural(count, "process", "processes")}`);
}

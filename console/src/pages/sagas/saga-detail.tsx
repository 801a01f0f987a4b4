import { useState } from "preact/hooks";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Confirm } from "../../components/dialog.tsx";
import { Facts } from "../../components/facts.tsx";
import { Panel } from "../../components/page.tsx";
import { Shown } from "../../components/states.tsx";
import { client } from "../../data/client.ts";
import { attempt, tell } from "../../data/notices.ts";
import { type Polled, usePoll } from "../../data/poll.ts";
import { canOperate } from "../../data/session.ts";
import type { SagaView } from "../../data/types.ts";
import { plural } from "../../format/figures.ts";
import { moment } from "../../format/moments.ts";
import { hrefOf, place } from "../../navigation.ts";
import { SagaState, toneOfStep } from "./saga-state.tsx";

export function SagaDetail({ service, id }: { service: string; id: string }) {
  const polled = usePoll((signal) => client.saga({ service, id }, { signal }), {
    key: `${service} ${id}`,
    everyMs: 1_500,
  });
  return (
    <aside class="stack detail" aria-label="The saga">
      <Shown polled={polled} what="The saga">
        {(saga) => <Steps saga={saga} polled={polled} />}
      </Shown>
    </aside>
  );
}

function Steps({ saga, polled }: { saga: SagaView; polled: Polled<SagaView> }) {
  const query = Object.fromEntries(place.value.query);
  return (
    <Panel title={saga.name} aside={<a href={hrefOf(["sagas"], query)}>Close</a>}>
      {saga.error === null ? null : <p class="bad reason">{saga.error}</p>}
      <Facts
        items={[
          ["State", <SagaState key="state" state={saga.state} />],
          ["Service", saga.service],
          [
            "Id",
            <span class="mono" key="id">
              {saga.id}
            </span>,
          ],
          ["Began", moment(saga.createdAt)],
        ]}
      />
      <ol class="steps">
        {saga.steps.map(({ name, state, attempts }) => (
          <li key={name}>
            <strong>{name}</strong>
            <Badge tone={toneOfStep(state)}>{state}</Badge>
            {attempts === 0 ? null : <span class="soft">{plural(attempts, "try", "tries")}</span>}
          </li>
        ))}
      </ol>
      {saga.state === "stuck" ? <StuckActions saga={saga} onDone={polled.refresh} /> : null}
    </Panel>
  );
}

function StuckActions({ saga, onDone }: { saga: SagaView; onDone: () => void }) {
  const [isAbandoning, setIsAbandoning] = useState(false);
  const which = { service: saga.service, id: saga.id };
  const run = async (what: string, action: () => Promise<unknown>) => {
    const isDone = await attempt(what, async () => {
      await action();
      return true;
    });
    if (isDone) tell(`${what}: ${saga.name} ${saga.id}`);
    onDone();
  };
  return (
    <p class="links">
      <Button
        kind="strong"
        isDisabled={!canOperate()}
        onClick={() => void run("Goes on", () => client.retrySaga(which))}
      >
        Try again
      </Button>
      <Button kind="danger" isDisabled={!canOperate()} onClick={() => setIsAbandoning(true)}>
        Abandon
      </Button>
      {isAbandoning ? (
        <Confirm
          title="Abandon this saga?"
          action="Abandon"
          isDangerous
          onClose={() => setIsAbandoning(false)}
          onConfirm={() => void run("Abandoned", () => client.abandonSaga(which))}
        >
          <p>It is left as it is, for good: neither finished nor undone.</p>
        </Confirm>
      ) : null}
    </p>
  );
}

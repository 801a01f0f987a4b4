/** A dead letter: why it failed each time, its data to be mended, and what becomes of it. */
import { useState } from "preact/hooks";
import { Button } from "../../components/button.tsx";
import { Confirm, Dialog } from "../../components/dialog.tsx";
import { Facts } from "../../components/facts.tsx";
import { indented } from "../../components/json-view.tsx";
import { client } from "../../data/client.ts";
import { attempt, tell } from "../../data/notices.ts";
import { canOperate } from "../../data/session.ts";
import type { DeadLetter } from "../../data/types.ts";
import { moment } from "../../format/moments.ts";

interface LetterProps {
  readonly letter: DeadLetter;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function LetterDialog({ letter, onClose, onDone }: LetterProps) {
  const { id, group, topic } = letter;
  const original = indented(letter.body);
  const [body, setBody] = useState(original);
  const [isDropping, setIsDropping] = useState(false);
  const problem = problemOf(body);
  const isChanged = body !== original;
  const mayOperate = canOperate();
  const replay = async () => {
    const change = isChanged ? { body: JSON.stringify(JSON.parse(body)) } : {};
    const answer = await attempt("Replay", () => client.replayDeadLetter({ id, ...change }));
    if (!answer) return;
    tell(`Given back to ${answer.group}`);
    onDone();
  };
  const drop = async () => {
    const dropped = await attempt("Dropping", async () => {
      await client.dropDeadLetter({ id });
      return true;
    });
    if (!dropped) return;
    tell(`Letter ${id} is gone`);
    onDone();
  };
  if (isDropping)
    return (
      <Confirm
        title={`Drop letter ${id}?`}
        action="Drop it"
        isDangerous
        onClose={() => setIsDropping(false)}
        onConfirm={() => void drop()}
      >
        <p>The event will never reach {group}. This cannot be undone.</p>
      </Confirm>
    );
  return (
    <Dialog title={`${topic} for ${group}`} onClose={onClose} isWide>
      <div class="dialog-body">
        <LetterFacts letter={letter} />
        <Attempts letter={letter} />
        <label>
          <h3>Data</h3>
          <textarea
            class="input"
            rows={10}
            spellcheck={false}
            readOnly={!mayOperate}
            value={body}
            onInput={(event) => setBody(event.currentTarget.value)}
          />
        </label>
        {problem ? (
          <p class="bad" role="alert">
            {problem}
          </p>
        ) : null}
      </div>
      <footer>
        <Button kind="danger" isDisabled={!mayOperate} onClick={() => setIsDropping(true)}>
          Drop
        </Button>
        <Button
          kind="strong"
          isDisabled={!mayOperate || problem !== ""}
          onClick={() => void replay()}
        >
          {isChanged ? "Replay with this data" : "Replay"}
        </Button>
      </footer>
    </Dialog>
  );
}

function LetterFacts({ letter: { id, key, offset, publishedAt, at } }: { letter: DeadLetter }) {
  return (
    <Facts
      items={[
        ["Letter", String(id)],
        [
          "Key",
          <span class="mono" key="key">
            {key}
          </span>,
        ],
        ["Offset", String(offset)],
        ["Published", moment(publishedAt)],
        ["Given up", moment(at)],
      ]}
    />
  );
}

function Attempts({ letter }: { letter: DeadLetter }) {
  return (
    <section>
      <h3>Tries</h3>
      <ol class="attempts">
        {letter.attempts.map(({ at, code, message, stack }, index) => (
          // The list of tries never changes
          <li key={index}>
            <span class="soft">{moment(at)}</span> <strong class="bad">{code}</strong> {message}
            {stack ? (
              <details>
                <summary>Stack</summary>
                <pre class="stack-text">{stack}</pre>
              </details>
            ) : null}
          </li>
        ))}
      </ol>
    </section>
  );
}

function problemOf(body: string): string {
  try {
    JSON.parse(body);
    return "";
  } catch (thrown) {
    return `Not JSON: ${(thrown as Error).message}`;
  }
}

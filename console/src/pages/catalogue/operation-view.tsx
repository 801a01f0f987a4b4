/** An operation that can be tried: the form of its input, and how it answered. */
import { useState } from "preact/hooks";
import { Button } from "../../components/button.tsx";
import { Toggle } from "../../components/fields.tsx";
import { JsonView } from "../../components/json-view.tsx";
import { client } from "../../data/client.ts";
import { attempt } from "../../data/notices.ts";
import { canOperate } from "../../data/session.ts";
import type { OperationEntry, TriedCall } from "../../data/types.ts";
import { Field } from "../../schema-form/field.tsx";
import { JsonField } from "../../schema-form/json-field.tsx";
import { initialOf } from "../../schema-form/schema.ts";
import { TriedAnswer } from "./tried-answer.tsx";

interface OperationProps {
  readonly service: string;
  readonly operation: OperationEntry;
}

export function OperationView({ service, operation }: OperationProps) {
  const { name, kind, input, output, errors, scopes, isIdempotent } = operation;
  return (
    <div class="operation">
      <p class="soft">
        {scopes.length > 0 ? `Needs ${scopes.join(", ")}. ` : ""}
        {isIdempotent
          ? "Safe to repeat."
          : "Not safe to repeat: it may change something each time."}
      </p>
      {kind === "raw" ? (
        <p>It takes an HTTP request as it is, so it is tried through the gateway.</p>
      ) : (
        <TryForm key={`${service}.${name}`} service={service} operation={operation} />
      )}
      <details>
        <summary>Schemas and errors</summary>
        <div class="schemas">
          {input ? <JsonView label="Schema of the input" value={input} /> : <p>Takes nothing.</p>}
          {output ? (
            <JsonView label="Schema of the answer" value={output} />
          ) : (
            <p>Answers nothing.</p>
          )}
          {errors.map(({ code, status, data }) => (
            <p key={code}>
              <span class="mono bad">{code}</span> {status}
              {data ? <JsonView label={`Schema of ${code}`} value={data} /> : null}
            </p>
          ))}
        </div>
      </details>
    </div>
  );
}

function TryForm({ service, operation }: OperationProps) {
  const { name, input } = operation;
  const [value, setValue] = useState(() => (input ? initialOf(input, input) : undefined));
  const [isJson, setIsJson] = useState(false);
  const [isCalling, setIsCalling] = useState(false);
  const [answer, setAnswer] = useState<TriedCall>();
  const send = async () => {
    setIsCalling(true);
    const called = input
      ? { service, operation: name, input: value }
      : { service, operation: name };
    setAnswer(await attempt(`${service}.${name}`, () => client.tryCall(called)));
    setIsCalling(false);
  };
  return (
    <form
      class="try"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {input ? (
        <>
          {isJson ? (
            <JsonField label="Input" value={value} onChange={setValue} />
          ) : (
            <Field
              label=""
              schema={input}
              root={input}
              value={value}
              isRequired
              onChange={setValue}
            />
          )}
          <Toggle label="Write JSON" isOn={isJson} onChange={setIsJson} />
        </>
      ) : null}
      <div>
        <Button
          kind="strong"
          type="submit"
          isDisabled={isCalling || !canOperate()}
          {...(canOperate() ? {} : { hint: "This session may look only" })}
        >
          {isCalling ? "Calling ..." : "Call"}
        </Button>
      </div>
      <div aria-live="polite">{answer ? <TriedAnswer answer={answer} /> : null}</div>
    </form>
  );
}

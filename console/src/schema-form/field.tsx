/** One value of a form, by its schema. Everything here is controlled: a value comes in, the changed one goes out. */
import { useId } from "preact/hooks";
import { JsonField } from "./json-field.tsx";
import { ListField } from "./list-field.tsx";
import { ObjectField } from "./object-field.tsx";
import { choicesOf, initialOf, kindOf, resolved, type Schema } from "./schema.ts";

export interface FieldProps {
  readonly label: string;
  readonly schema: Schema;
  /** What references lead into. */
  readonly root: Schema;
  readonly value: unknown;
  readonly isRequired: boolean;
  readonly onChange: (value: unknown) => void;
}

export function Field(props: FieldProps) {
  const { schema, isNullable } = resolved(props.schema, props.root);
  const own = { ...props, schema };
  if (!isNullable) return <Plain {...own} />;
  const isNull = props.value === null;
  return (
    <div class="nullable">
      <label class="toggle">
        <input
          type="checkbox"
          checked={isNull}
          onChange={() => props.onChange(isNull ? initialOf(schema, props.root) : null)}
        />
        {props.label} is null
      </label>
      {isNull ? null : <Plain {...own} />}
    </div>
  );
}

function Plain(props: FieldProps) {
  switch (kindOf(props.schema)) {
    case "object":
      return <ObjectField {...props} />;
    case "list":
      return <ListField {...props} />;
    case "text":
      return <TextField {...props} />;
    case "number":
      return <NumberField {...props} />;
    case "boolean":
      return <BooleanField {...props} />;
    case "choice":
      return <ChoiceField {...props} />;
    default:
      return <JsonField {...props} />;
  }
}

function Label({ id, props }: { id: string; props: FieldProps }) {
  const { description } = props.schema;
  return (
    <>
      <label for={id}>
        {props.label}
        {props.isRequired ? null : <span class="soft"> optional</span>}
      </label>
      {typeof description === "string" ? <p class="soft">{description}</p> : null}
    </>
  );
}

const textMaxForLine = 300;

function TextField(props: FieldProps) {
  const id = useId();
  const { schema, value, isRequired, onChange } = props;
  const isLong = Number(schema.maxLength ?? 0) > textMaxForLine;
  const text = typeof value === "string" ? value : "";
  const change = (now: string) => onChange(now === "" && !isRequired ? undefined : now);
  return (
    <div class="field">
      <Label id={id} props={props} />
      {isLong ? (
        <textarea
          class="input"
          id={id}
          rows={4}
          value={text}
          onInput={(event) => change(event.currentTarget.value)}
        />
      ) : (
        <input
          class="input"
          id={id}
          value={text}
          autocomplete="off"
          spellcheck={false}
          placeholder={typeof schema.format === "string" ? schema.format : undefined}
          onInput={(event) => change(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

function NumberField(props: FieldProps) {
  const id = useId();
  const { schema, value, onChange } = props;
  return (
    <div class="field">
      <Label id={id} props={props} />
      <input
        class="input"
        id={id}
        type="number"
        step={schema.type === "integer" ? "1" : "any"}
        value={typeof value === "number" ? value : ""}
        onInput={({ currentTarget }) =>
          onChange(currentTarget.value === "" ? undefined : currentTarget.valueAsNumber)
        }
      />
    </div>
  );
}

function BooleanField({ label, value, onChange }: FieldProps) {
  return (
    <label class="toggle field">
      <input
        type="checkbox"
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}

function ChoiceField(props: FieldProps) {
  const id = useId();
  const { schema, value, isRequired, onChange } = props;
  const choices = choicesOf(schema);
  return (
    <div class="field">
      <Label id={id} props={props} />
      <select
        id={id}
        value={String(choices.indexOf(value))}
        onChange={(event) => onChange(choices[Number(event.currentTarget.value)])}
      >
        {isRequired ? null : <option value="-1">{"\u2013"}</option>}
        {choices.map((choice, index) => (
          <option key={String(choice)} value={String(index)}>
            {String(choice)}
          </option>
        ))}
      </select>
    </div>
  );
}

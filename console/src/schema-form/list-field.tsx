import { Button } from "../components/button.tsx";
import { Field, type FieldProps } from "./field.tsx";
import { initialOf, type Schema } from "./schema.ts";

/** A list that grows and shrinks. */
export function ListField({ label, schema, root, value, onChange }: FieldProps) {
  const list = Array.isArray(value) ? value : [];
  const item = (typeof schema.items === "object" ? schema.items : {}) as Schema;
  return (
    <fieldset class="fields">
      <legend>{label}</legend>
      {list.map((one, index) => (
        // Items have no other name than their place
        <div class="list-item" key={index}>
          <Field
            label={`${label} ${index + 1}`}
            schema={item}
            root={root}
            value={one}
            isRequired
            onChange={(now) => onChange(list.with(index, now))}
          />
          <Button onClick={() => onChange(list.toSpliced(index, 1))}>
            Remove<span class="hidden-text"> {`${label} ${index + 1}`}</span>
          </Button>
        </div>
      ))}
      <div>
        <Button onClick={() => onChange([...list, initialOf(item, root)])}>Add to {label}</Button>
      </div>
    </fieldset>
  );
}

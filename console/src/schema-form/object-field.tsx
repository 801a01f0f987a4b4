import { Field, type FieldProps } from "./field.tsx";
import { propertiesOf } from "./schema.ts";

/** The fields of an object. What the schema does not declare stays as it is. */
export function ObjectField({ label, schema, root, value, onChange }: FieldProps) {
  const object = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const set = (name: string, field: unknown) => {
    const { [name]: _, ...others } = object;
    onChange(field === undefined ? others : { ...object, [name]: field });
  };
  const fields = propertiesOf(schema).map(([name, property, isRequired]) => (
    <Field
      key={name}
      label={name}
      schema={property}
      root={root}
      value={object[name]}
      isRequired={isRequired}
      onChange={(field) => set(name, field)}
    />
  ));
  return label === "" ? (
    <div class="fields">{fields}</div>
  ) : (
    <fieldset class="fields">
      <legend>{label}</legend>
      {fields}
    </fieldset>
  );
}

import { useId, useState } from "preact/hooks";
import type { FieldProps } from "./field.tsx";

/** A value of a shape that no other field fits, as JSON. What is no JSON is told, and not taken. */
export function JsonField({
  label,
  value,
  onChange,
}: Pick<FieldProps, "label" | "value" | "onChange">) {
  const id = useId();
  const [text, setText] = useState(() => JSON.stringify(value, null, 2) ?? "");
  const [problem, setProblem] = useState("");
  return (
    <div class="field">
      <label for={id}>{label} as JSON</label>
      <textarea
        class="input"
        id={id}
        rows={8}
        spellcheck={false}
        aria-invalid={problem !== ""}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          try {
            onChange(currentTarget.value === "" ? undefined : JSON.parse(currentTarget.value));
            setProblem("");
          } catch (thrown) {
            setProblem((thrown as Error).message);
          }
        }}
      />
      {problem ? (
        <p class="bad" role="alert">
          Not JSON: {problem}
        </p>
      ) : null}
    </div>
  );
}

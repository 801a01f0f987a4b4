import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { reasonText } from "../words.ts";

/** What is wrong: with a field, by its name, or with the whole, as `""`. */
export type Problems = Readonly<Record<string, string>>;

/** A form that says what is wrong beside its fields. */
export interface Form {
  readonly problems: Problems;
  readonly isBusy: boolean;
  /** For `<form {...form.on}>`. */
  readonly on: {
    readonly ref: preact.RefObject<HTMLFormElement>;
    readonly noValidate: true;
    readonly onSubmit: JSX.SubmitEventHandler<HTMLFormElement>;
  };
}

/** `send` gets what was entered, and gives what is wrong; the first field with a problem then has the focus. */
export function useForm(
  send: (entered: (name: string) => string) => Promise<Problems | undefined>,
): Form {
  const [problems, setProblems] = useState<Problems>({});
  const [isBusy, setIsBusy] = useState(false);
  const ref = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const first = ref.current?.querySelector<HTMLElement>("[aria-invalid=true], .form-error");
    first?.focus();
  }, [problems]);
  return {
    problems,
    isBusy,
    on: {
      ref,
      // The browser's own bubbles are neither styled nor read out together with the field.
      noValidate: true,
      onSubmit: (event) => {
        event.preventDefault();
        if (isBusy) return;
        const data = new FormData(event.currentTarget);
        setIsBusy(true);
        send((name) => String(data.get(name) ?? "").trim())
          .then((found) => setProblems(found ?? {}))
          .catch((error) => setProblems({ "": reasonText(error) }))
          .finally(() => setIsBusy(false));
      },
    },
  };
}

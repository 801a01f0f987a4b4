import { useEffect, useRef } from "preact/hooks";
import { moves } from "../router.ts";

/** A page's heading: it names the tab, and takes the focus when somebody has come here from another page, so that it is read out. */
export function Heading({
  text,
  isHidden,
}: {
  readonly text: string;
  readonly isHidden?: boolean;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const move = moves.value;
  useEffect(() => {
    document.title = text === "Dure Shop" ? text : `${text} · Dure Shop`;
  }, [text]);
  useEffect(() => {
    if (move > 0) heading.current?.focus({ preventScroll: true });
  }, [move]);
  return (
    <h1 ref={heading} tabIndex={-1} class={isHidden ? "for-ears" : undefined}>
      {text}
    </h1>
  );
}

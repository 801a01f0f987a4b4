import type { ComponentChildren } from "preact";
import { type Cart, cart, loadCart } from "../cart.ts";
import { Missing } from "./missing.tsx";

/** What is shown of a cart with something in it; else why there is nothing to show. */
export function KnownCart({
  empty,
  full,
}: {
  empty: string;
  full: (cart: Cart) => ComponentChildren;
}) {
  const known = cart.value;
  if (known === "loading") return null;
  if (known === "missing") {
    return (
      <Missing
        text="Your cart cannot be reached just now. Nothing in it is lost."
        again={loadCart}
      />
    );
  }
  if (known.items.length > 0) return <>{full(known)}</>;
  return (
    <>
      <p>{empty}</p>
      <p>
        <a class="button" href="/">
          To the catalogue
        </a>
      </p>
    </>
  );
}

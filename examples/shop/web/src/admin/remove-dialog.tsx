import { useEffect, useRef, useState } from "preact/hooks";
import { api, codeOf, type Product } from "../api.ts";
import { tell } from "../notice.ts";
import { leaveIfSignedOut } from "../use-loaded.ts";
import { reasonText } from "../words.ts";

interface RemoveDialogProps {
  readonly product: Product;
  onClose(isRemoved: boolean): void;
}

/** Asks before a product goes. The browser's own dialog holds the focus and closes at Escape. */
export function RemoveDialog({ product, onClose }: RemoveDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const remove = async () => {
    setIsBusy(true);
    const removed = await api.products.remove({ id: product.id }).result();
    setIsBusy(false);
    // Somebody else removed it: that is what was wanted.
    if (removed.ok || codeOf(removed.error) === "NoSuchProduct") {
      tell(`${product.name} is off the shelves.`);
      return onClose(true);
    }
    if (!leaveIfSignedOut(removed.error)) tell(reasonText(removed.error));
    onClose(false);
  };
  return (
    <dialog ref={dialog} aria-labelledby="remove-title" onClose={() => onClose(false)}>
      <h2 id="remove-title">Remove {product.name}?</h2>
      <p>It is taken off the shelves and out of everybody's cart. Purchases keep it.</p>
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          Keep it
        </button>
        <button type="button" class="primary danger" onClick={remove} aria-busy={isBusy}>
          Remove
        </button>
      </div>
    </dialog>
  );
}

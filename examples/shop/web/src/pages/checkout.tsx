import { useState } from "preact/hooks";
import { api, codeOf, dataOf, issuesOf } from "../api.ts";
import { type Cart, loadCart } from "../cart.ts";
import { intentKey, settle } from "../intent.ts";
import { Field } from "../parts/field.tsx";
import { FormError } from "../parts/form-error.tsx";
import { Heading } from "../parts/heading.tsx";
import { KnownCart } from "../parts/known-cart.tsx";
import { type Problems, useForm } from "../parts/use-form.ts";
import { address, go } from "../router.ts";
import { leaveIfSignedOut } from "../use-loaded.ts";
import { countText, priceText, reasonText } from "../words.ts";

const cards = [
  { title: "Pays", number: "4242 4242 4242 4242" },
  { title: "Is declined", number: "4000 0000 0000 0002" },
] as const;

export function Checkout() {
  return (
    <>
      <Heading text="Checkout" />
      <KnownCart
        empty="There is nothing in your cart to buy."
        full={(known) => <Paying {...known} />}
      />
    </>
  );
}

function Paying({ items, total }: Cart) {
  const [card, setCard] = useState("");
  const form = useForm(async (): Promise<Problems | undefined> => {
    const digits = card.replace(/[\s-]/g, "");
    if (!/^\d{12,19}$/.test(digits)) return { card: "A card number has 12 to 19 digits." };
    return buy(digits, items);
  });
  return (
    <div class="with-summary">
      <form class="panel" {...form.on}>
        <h2>Card</h2>
        <Field
          label="Card number"
          name="card"
          inputMode="numeric"
          autoComplete="off"
          maxLength={30}
          value={card}
          onInput={(event) => setCard(event.currentTarget.value)}
          hint="This is a demonstration: use one of the numbers below, and never a real one."
          error={form.problems.card}
        />
        <div class="try-cards">
          {cards.map(({ title, number }) => (
            <button type="button" key={number} class="quiet" onClick={() => setCard(number)}>
              {title}: <code>{number}</code>
            </button>
          ))}
        </div>
        <FormError text={form.problems[""]} />
        <button type="submit" class="primary" aria-busy={form.isBusy}>
          {form.isBusy ? "Paying" : `Pay ${priceText(total)}`}
        </button>
      </form>
      <aside class="panel summary" aria-label="What you buy">
        <h2>{countText(items.length, "product")}</h2>
        <ul class="bought">
          {items.map(({ product, quantity }) => (
            <li key={product.id}>
              <span>
                {quantity} × {product.name}
              </span>
              <span>{priceText(product.price * quantity)}</span>
            </li>
          ))}
        </ul>
        <p class="total">
          <span>Total</span> <strong>{priceText(total)}</strong>
        </p>
      </aside>
    </div>
  );
}

type Items = Cart["items"];

async function buy(card: string, items: Items): Promise<Problems | undefined> {
  const wanted = items.map(({ product, quantity }) => [product.id, quantity, product.price]);
  const intent = JSON.stringify([wanted, card]);
  const bought = await api.store.checkout({ card }, { idempotencyKey: intentKey(intent) }).result();
  if (bought.ok) {
    settle(intent);
    await loadCart();
    go(address("/shop/purchases", { thanks: bought.value.purchaseId }), "replace");
    return undefined;
  }
  if (leaveIfSignedOut(bought.error)) return undefined;
  const code = codeOf(bought.error);
  switch (code) {
    case "Declined":
      settle(intent);
      return { card: "The card was declined. Nothing was charged, and your cart is as it was." };
    case "OutOfStock": {
      settle(intent);
      const { productId } = dataOf(bought.error);
      const name = items.find(({ product }) => product.id === productId)?.product.name;
      await loadCart();
      return {
        "": `There is not enough of ${name ?? "something in your cart"} any more. Nothing was charged.`,
      };
    }
    case "EmptyCart":
      settle(intent);
      await loadCart();
      return { "": "There is nothing in your cart any more." };
    case "KeyReused":
      settle(intent);
      return { "": "Your cart has changed meanwhile. Please look at it, and pay again." };
    case "InProgress":
    case "UNAVAILABLE":
    case "DEADLINE_EXCEEDED":
      return {
        "": "Your purchase is still being worked on. Press the button again to hear of it, or look at your purchases later: it is never charged twice.",
      };
    default: {
      const issues = issuesOf(bought.error);
      return { card: issues.get("card") ?? reasonText(bought.error) };
    }
  }
}

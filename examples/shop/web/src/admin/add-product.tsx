import { api, issuesOf } from "../api.ts";
import { tell } from "../notice.ts";
import { Field } from "../parts/field.tsx";
import { FormError } from "../parts/form-error.tsx";
import { type Problems, useForm } from "../parts/use-form.ts";
import { go } from "../router.ts";
import { leaveIfSignedOut, useLoaded } from "../use-loaded.ts";
import { priceOf, reasonText } from "../words.ts";

export function AddProduct() {
  const { loaded } = useLoaded("categories", (signal) =>
    api.products.categories(undefined, { signal }),
  );
  const form = useForm(add);
  const { problems } = form;
  return (
    <form class="panel narrow" {...form.on}>
      <Field label="Name" name="name" maxLength={200} error={problems.name} />
      <Field
        label="Category"
        name="category"
        maxLength={100}
        list="categories"
        hint="One that is there, or a new one."
        error={problems.category}
      />
      <datalist id="categories">
        {loaded.state === "ready"
          ? loaded.value.items.map((name) => <option key={name} value={name} />)
          : null}
      </datalist>
      <div class="field">
        <label for="description">Description</label>
        <textarea id="description" name="description" rows={4} maxLength={5000} />
      </div>
      <div class="side-by-side">
        <Field
          label="Price in dollars"
          name="price"
          inputMode="decimal"
          placeholder="12.90"
          error={problems.price}
        />
        <Field
          label="Pieces in stock"
          name="stock"
          inputMode="numeric"
          placeholder="20"
          error={problems.stock}
        />
      </div>
      <FormError text={problems[""]} />
      <button type="submit" class="primary" aria-busy={form.isBusy}>
        Add the product
      </button>
    </form>
  );
}

async function add(entered: (name: string) => string): Promise<Problems | undefined> {
  const problems: Record<string, string> = {};
  const name = entered("name");
  const category = entered("category").toLowerCase();
  const price = priceOf(entered("price"));
  const stock = /^\d{1,7}$/.test(entered("stock")) ? Number(entered("stock")) : undefined;
  if (!name) problems.name = "A product has a name.";
  if (!category) problems.category = "Say where it belongs.";
  if (price === undefined) problems.price = "A price is a number such as 12.90.";
  if (stock === undefined) problems.stock = "Say how many there are, 0 or more.";
  if (price === undefined || stock === undefined || Object.keys(problems).length > 0)
    return problems;
  const description = entered("description");
  const added = await api.products.add({ name, category, description, price, stock }).result();
  if (!added.ok) {
    if (leaveIfSignedOut(added.error)) return undefined;
    const issues = Object.fromEntries(issuesOf(added.error));
    return Object.keys(issues).length > 0 ? issues : { "": reasonText(added.error) };
  }
  go("/shop/admin");
  tell(`${added.value.name} is on the shelves.`, {
    to: `/shop/${added.value.id}`,
    text: "See its page",
  });
  return undefined;
}

import { api, issuesOf, type Review, sideMs } from "../api.ts";
import { tell } from "../notice.ts";
import { FormError } from "../parts/form-error.tsx";
import { Missing } from "../parts/missing.tsx";
import { Stars, StarsInput } from "../parts/stars.tsx";
import { type Problems, useForm } from "../parts/use-form.ts";
import { place } from "../router.ts";
import { session, signInAddress } from "../session.ts";
import { leaveIfSignedOut, useLoaded } from "../use-loaded.ts";
import { countText, dayText, reasonText } from "../words.ts";

/** What others think of a product. The page lives without it: the service is another program, in another language. */
export function Reviews({ productId }: { readonly productId: number }) {
  const { loaded, again } = useLoaded(`reviews ${productId}`, (signal) =>
    api.reviews.list({ productId }, { signal, deadlineMs: sideMs }),
  );
  return (
    <section class="reviews" aria-labelledby="reviews">
      <h2 id="reviews">Reviews</h2>
      {loaded.state === "missing" ? (
        <Missing text="Reviews are resting. Everything else works." again={again} />
      ) : null}
      {loaded.state === "ready" ? (
        <>
          <List items={loaded.value.items} />
          <Writing productId={productId} onWritten={again} />
        </>
      ) : null}
    </section>
  );
}

function List({ items }: { readonly items: readonly Review[] }) {
  if (items.length === 0) return <p>Nobody has written one yet.</p>;
  const average = items.reduce((sum, { stars }) => sum + stars, 0) / items.length;
  return (
    <>
      <p class="average">
        <Stars count={average} /> {average.toFixed(1)} from {countText(items.length, "review")}
      </p>
      <ul class="review-list">
        {items.map(({ stars, text, at }) => (
          <li key={`${at} ${text}`}>
            <Stars count={stars} />
            <p>{text}</p>
            <p class="quiet-text">{dayText(at)}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function Writing({ productId, onWritten }: { productId: number; onWritten(): void }) {
  const form = useForm(async (entered): Promise<Problems | undefined> => {
    const problems: Record<string, string> = {};
    const stars = Number(entered("stars"));
    const text = entered("text");
    if (!stars) problems.stars = "Choose one to five stars.";
    if (!text) problems.text = "Write a sentence or two.";
    if (Object.keys(problems).length > 0) return problems;
    const written = await api.reviews.write({ productId, stars, text }).result();
    if (!written.ok) {
      if (leaveIfSignedOut(written.error)) return undefined;
      const issues = Object.fromEntries(issuesOf(written.error));
      return Object.keys(issues).length > 0 ? issues : { "": reasonText(written.error) };
    }
    tell("Thank you. Your review is there for everybody.");
    onWritten();
    return undefined;
  });
  if (!session.value)
    return (
      <p>
        <a href={signInAddress(place.value)}>Sign in</a> to write one.
      </p>
    );
  const { problems } = form;
  return (
    <form class="panel" {...form.on}>
      <h3>Write a review</h3>
      <StarsInput error={problems.stars} />
      <div class="field">
        <label for="review-text">What do you think of it?</label>
        <textarea
          id="review-text"
          name="text"
          rows={3}
          maxLength={2000}
          aria-invalid={problems.text ? "true" : undefined}
          aria-describedby={problems.text ? "review-text-error" : undefined}
        />
        {problems.text ? (
          <p class="error" id="review-text-error">
            {problems.text}
          </p>
        ) : null}
      </div>
      <FormError text={problems[""]} />
      <button type="submit" class="primary" aria-busy={form.isBusy}>
        Publish
      </button>
    </form>
  );
}

const five = [1, 2, 3, 4, 5] as const;

/** So many stars of five. */
export function Stars({ count }: { readonly count: number }) {
  return (
    <span class="stars" role="img" aria-label={`${count} of 5 stars`}>
      {five.map((each) => (
        <span key={each} class={each <= Math.round(count) ? "lit" : undefined}>
          ★
        </span>
      ))}
    </span>
  );
}

/** Choosing them: five radio buttons, which keyboards know. */
export function StarsInput({ error }: { readonly error: string | undefined }) {
  return (
    <fieldset class="stars-input" aria-describedby={error ? "stars-error" : undefined}>
      <legend>Your rating</legend>
      <div class="choice">
        {five.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="stars"
              value={each}
              aria-invalid={error && each === 1 ? "true" : undefined}
            />
            <span aria-hidden="true">★</span>
            <span class="for-ears">{each === 1 ? "1 star" : `${each} stars`}</span>
          </label>
        ))}
      </div>
      {error ? (
        <p class="error" id="stars-error">
          {error}
        </p>
      ) : null}
    </fieldset>
  );
}

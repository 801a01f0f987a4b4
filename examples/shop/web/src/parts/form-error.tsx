/** What is wrong with a form as a whole. */
export function FormError({ text }: { readonly text: string | undefined }) {
  return text ? (
    <p class="form-error" role="alert" tabIndex={-1}>
      {text}
    </p>
  ) : null;
}

import { useState } from "preact/hooks";
import { Button } from "../components/button.tsx";
import { session } from "../data/session.ts";

/** The way in: a link with a token that works once. */
export function SignedOut() {
  const [token, setToken] = useState("");
  const { value } = session;
  return (
    <main class="sign-in">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          location.assign(`?token=${encodeURIComponent(token.trim())}${location.hash}`);
        }}
      >
        <h1>Dure console</h1>
        {value.kind === "out" && value.why ? (
          <p class="bad" role="alert">
            {value.why}
          </p>
        ) : null}
        <p>
          Open the link that <code>dure up</code> or <code>dure console</code> printed. It holds a
          token that works once.
        </p>
        <label>
          <span>Token</span>
          <input
            class="input"
            type="password"
            autocomplete="off"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <Button kind="strong" type="submit">
          Sign in
        </Button>
      </form>
    </main>
  );
}

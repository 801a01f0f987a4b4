import { useState } from "preact/hooks";
import { Button } from "../../components/button.tsx";
import { Panel } from "../../components/page.tsx";
import { client } from "../../data/client.ts";
import { attempt } from "../../data/notices.ts";

type Explanation = Awaited<ReturnType<typeof client.explainRoute>>;
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];

/** Asks where a request would go, and why. Nothing is called. */
export function ExplainForm() {
  const [method, setMethod] = useState("GET");
  const [target, setTarget] = useState("/");
  const [found, setFound] = useState<Explanation>();
  const explain = async () => {
    setFound(await attempt("Explanation", () => client.explainRoute({ method, target })));
  };
  return (
    <Panel title="Where would a request go?">
      <form
        class="explain"
        onSubmit={(event) => {
          event.preventDefault();
          void explain();
        }}
      >
        <select
          aria-label="Method"
          value={method}
          onChange={(event) => setMethod(event.currentTarget.value)}
        >
          {methods.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <input
          class="input mono"
          aria-label="Path and query"
          value={target}
          required
          pattern="/.*"
          title="Starts with /"
          onInput={(event) => setTarget(event.currentTarget.value)}
        />
        <Button type="submit" kind="strong">
          Explain
        </Button>
      </form>
      <div aria-live="polite">
        {found ? (
          <>
            <p>
              To <strong>{found.to || "nobody"}</strong>
            </p>
            <ol class="reasons">
              {found.reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ol>
          </>
        ) : null}
      </div>
    </Panel>
  );
}

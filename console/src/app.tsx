/** The whole page: sign-in, or the shell around the page that the address names. */
import { useEffect } from "preact/hooks";
import { Loading } from "./components/states.tsx";
import { followFleet } from "./data/live-fleet.ts";
import { session } from "./data/session.ts";
import { place } from "./navigation.ts";
import { pages } from "./pages/pages.tsx";
import { Shell } from "./shell/shell.tsx";
import { SignedOut } from "./shell/signed-out.tsx";

export function App() {
  const { kind } = session.value;
  useEffect(() => {
    if (kind === "in") void followFleet();
  }, [kind]);
  if (kind === "starting") return <Loading what="the console" />;
  if (kind === "out") return <SignedOut />;
  const found = pages.find(({ name }) => name === place.value.page) ?? pages[0];
  return <Shell>{found ? <found.Page key={found.name} /> : null}</Shell>;
}

import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/components.css";
import "./styles/pages.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { startSession } from "./data/session.ts";

render(<App />, document.getElementById("app") as HTMLElement);
void startSession();

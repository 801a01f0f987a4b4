import { render } from "preact";

render(<h1>Dure</h1>, document.getElementById("app") as HTMLElement);

import { service } from "dure";
import { shout } from "../contracts/hello.ts";

export default service(shout, ({ handle }) =>
  handle({ up: ({ text }) => ({ text: text.toUpperCase() }) }),
);

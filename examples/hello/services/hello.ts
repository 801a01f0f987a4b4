import { service } from "dure";
import { hello, shout } from "../contracts/hello.ts";

export default service(hello, ({ handle }) =>
  handle({ greet: ({ name }, ctx) => ctx.client(shout).up({ text: `hello, ${name}` }) }),
);

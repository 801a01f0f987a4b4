import { contract, op } from "dure";
import { z } from "zod";

const Name = z.object({ name: z.string().min(1) });
const Text = z.object({ text: z.string() });

export const hello = contract("hello", {
  greet: op({ http: "GET /hello/:name", auth: "public", input: Name, output: Text }),
});
export const shout = contract("shout", { up: op({ input: Text, output: Text }) });

import { contract, op } from "dure";
import { z } from "zod";

const Credentials = z.object({
  username: z.string().min(3).max(40),
  password: z.string().min(8).max(200),
});

export const members = contract("members", {
  signUp: op({
    http: "POST /members",
    auth: "public",
    status: 201,
    summary: "Become a member",
    input: Credentials,
    output: z.object({ id: z.int(), username: z.string() }),
    errors: { UsernameTaken: { status: 409, data: z.object({ username: z.string() }) } },
  }),
  signIn: op({
    http: "POST /sessions",
    auth: "public",
    status: 201,
    summary: "Get a bearer token",
    input: z.object({ username: z.string(), password: z.string().max(200) }),
    output: z.object({ token: z.string() }),
    errors: { WrongCredentials: { status: 401 } },
  }),
  keys: op({
    http: "GET /.well-known/jwks.json",
    auth: "public",
    summary: "The keys that tokens are verified with",
    output: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
  }),
});

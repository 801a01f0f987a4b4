import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { secret, service } from "dure";
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import type { Generated, Kysely } from "kysely";
import { z } from "zod";
import { members } from "../contracts/members.ts";
import { withId } from "../parts/columns.ts";
import { databaseEnv, openDatabase } from "../parts/database.ts";
import { hashPassword, isPassword } from "../parts/passwords.ts";

interface Tables {
  members: { id: Generated<number>; username: string; password_hash: string; role: string };
  signing_keys: { id: string; private_jwk: string; public_jwk: string };
}

const keyId = "members-1";
/** Compared with when there is no such member, so that a wrong name takes as long as a wrong password. */
const nobody =
  "scrypt$32768$8$3$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

export default service(members, {
  env: { ...databaseEnv, SHOP_ADMIN_PASSWORD: secret(z.string().min(8).optional()) },
  async setup({ env, onStop, handle, log }) {
    const { db, close } = await openDatabase<Tables>("members", env, {
      "1-members": (on, engine) =>
        withId(on.schema.createTable("members"), engine)
          .addColumn("username", "text", (column) => column.notNull().unique())
          .addColumn("password_hash", "text", (column) => column.notNull())
          .addColumn("role", "text", (column) => column.notNull())
          .execute(),
      "2-keys": (on) =>
        on.schema
          .createTable("signing_keys")
          .addColumn("id", "text", (column) => column.primaryKey())
          .addColumn("private_jwk", "text", (column) => column.notNull())
          .addColumn("public_jwk", "text", (column) => column.notNull())
          .execute(),
    });
    onStop(close);
    const key = await signingKey(db);
    const password = adminPassword(env.DURE_DATA, env.SHOP_ADMIN_PASSWORD.reveal());
    await seedAdmin(db, password.value);
    if (password.isGenerated)
      log.info(`the admin's password is ${password.value} (set SHOP_ADMIN_PASSWORD to choose one)`);

    return handle({
      signUp: async ({ username, password }, ctx) => {
        const member = { username, password_hash: await hashPassword(password), role: "member" };
        const row = await db
          .insertInto("members")
          .values(member)
          .onConflict((conflict) => conflict.column("username").doNothing())
          .returning(["id", "username"])
          .executeTakeFirst();
        return row ?? ctx.fail("UsernameTaken", { username });
      },
      signIn: async ({ username, password }, ctx) => {
        const member = await db
          .selectFrom("members")
          .selectAll()
          .where("username", "=", username)
          .executeTakeFirst();
        const isRight = await isPassword(password, member?.password_hash ?? nobody);
        if (!member || !isRight) return ctx.fail("WrongCredentials");
        const scope = member.role === "admin" ? "products:write orders:read" : "";
        const token = await new SignJWT({ scope, name: member.username })
          .setProtectedHeader({ alg: "EdDSA", kid: keyId })
          .setIssuer("shop")
          .setAudience("shop")
          .setSubject(String(member.id))
          .setIssuedAt()
          .setExpirationTime("12h")
          .sign(key);
        return { token };
      },
      keys: async () => {
        const rows = await db.selectFrom("signing_keys").select("public_jwk").execute();
        return { keys: rows.map(({ public_jwk }) => JSON.parse(public_jwk)) };
      },
    });
  },
});

/** The key that signs tokens: made once, kept in the database. */
async function signingKey(db: Kysely<Tables>) {
  const pair = await generateKeyPair("EdDSA", { extractable: true });
  const describe = async (key: typeof pair.publicKey): Promise<JWK> => ({
    ...(await exportJWK(key)),
    kid: keyId,
    alg: "EdDSA",
    use: "sig",
  });
  const made = {
    id: keyId,
    private_jwk: JSON.stringify(await describe(pair.privateKey)),
    public_jwk: JSON.stringify(await describe(pair.publicKey)),
  };
  await db
    .insertInto("signing_keys")
    .values(made)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  const { private_jwk } = await db
    .selectFrom("signing_keys")
    .select("private_jwk")
    .where("id", "=", keyId)
    .executeTakeFirstOrThrow();
  return importJWK(JSON.parse(private_jwk), "EdDSA");
}

/** The admin's password: given, or generated once and kept beside the data. */
function adminPassword(
  dataDir: string,
  given: string | undefined,
): { value: string; isGenerated: boolean } {
  if (given !== undefined) return { value: given, isGenerated: false };
  const path = join(dataDir, "shop", "admin-password");
  try {
    return { value: readFileSync(path, "utf8"), isGenerated: true };
  } catch {
    const value = randomBytes(12).toString("base64url");
    mkdirSync(join(dataDir, "shop"), { recursive: true });
    writeFileSync(path, value, { mode: 0o600 });
    return { value, isGenerated: true };
  }
}

async function seedAdmin(db: Kysely<Tables>, password: string): Promise<void> {
  const admin = await db
    .selectFrom("members")
    .select("password_hash")
    .where("username", "=", "admin")
    .executeTakeFirst();
  if (admin && (await isPassword(password, admin.password_hash))) return;
  const password_hash = await hashPassword(password);
  await db
    .insertInto("members")
    .values({ username: "admin", password_hash, role: "admin" })
    .onConflict((conflict) => conflict.column("username").doUpdateSet({ password_hash }))
    .execute();
}

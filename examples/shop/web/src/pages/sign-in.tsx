import { api, codeOf, issuesOf } from "../api.ts";
import { fulfilWish, wishedName } from "../cart.ts";
import { Field } from "../parts/field.tsx";
import { FormError } from "../parts/form-error.tsx";
import { Heading } from "../parts/heading.tsx";
import { type Problems, useForm } from "../parts/use-form.ts";
import { address, go, nextPlace } from "../router.ts";
import { signIn } from "../session.ts";
import { reasonText } from "../words.ts";

interface Credentials {
  readonly username: string;
  readonly password: string;
}

const usernameMin = 3;
const passwordMin = 8;

export function SignIn() {
  const form = useForm(async (entered): Promise<Problems | undefined> => {
    const given = { username: entered("username"), password: entered("password") };
    const problems: Record<string, string> = {};
    if (!given.username) problems.username = "Enter your name.";
    if (!given.password) problems.password = "Enter your password.";
    return Object.keys(problems).length > 0 ? problems : enter(given);
  });
  return (
    <div class="narrow">
      <Heading text="Sign in" />
      <Wish />
      <form class="panel" {...form.on}>
        <Field
          label="Name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellcheck={false}
          error={form.problems.username}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          error={form.problems.password}
        />
        <FormError text={form.problems[""]} />
        <button type="submit" class="primary" aria-busy={form.isBusy}>
          Sign in
        </button>
      </form>
      <p>
        New here? <a href={address("/shop/sign-up", { to: nextPlace() })}>Become a member</a>
      </p>
    </div>
  );
}

export function SignUp() {
  const form = useForm(async (entered): Promise<Problems | undefined> => {
    const given = { username: entered("username"), password: entered("password") };
    const problems: Record<string, string> = {};
    if (given.username.length < usernameMin)
      problems.username = `Choose a name of at least ${usernameMin} characters.`;
    if (given.password.length < passwordMin)
      problems.password = `Choose a password of at least ${passwordMin} characters.`;
    if (Object.keys(problems).length > 0) return problems;
    const signedUp = await api.members.signUp(given).result();
    if (signedUp.ok) return enter(given);
    if (codeOf(signedUp.error) === "UsernameTaken")
      return { username: "Somebody has this name already." };
    const issues = Object.fromEntries(issuesOf(signedUp.error));
    return Object.keys(issues).length > 0 ? issues : { "": reasonText(signedUp.error) };
  });
  return (
    <div class="narrow">
      <Heading text="Become a member" />
      <Wish />
      <form class="panel" {...form.on}>
        <Field
          label="Name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellcheck={false}
          maxLength={40}
          error={form.problems.username}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          maxLength={200}
          hint={`At least ${passwordMin} characters; a sentence is best.`}
          error={form.problems.password}
        />
        <FormError text={form.problems[""]} />
        <button type="submit" class="primary" aria-busy={form.isBusy}>
          Become a member
        </button>
      </form>
      <p>
        A member already? <a href={address("/shop/sign-in", { to: nextPlace() })}>Sign in</a>
      </p>
    </div>
  );
}

/** Why somebody came here, if they wanted something. */
function Wish() {
  const name = wishedName();
  return name ? <p>Then {name} goes into your cart.</p> : null;
}

async function enter(given: Credentials): Promise<Problems | undefined> {
  const signedIn = await api.members.signIn(given).result();
  if (!signedIn.ok) {
    return codeOf(signedIn.error) === "WrongCredentials"
      ? { "": "Name and password do not belong together." }
      : { "": reasonText(signedIn.error) };
  }
  signIn(signedIn.value.token);
  go(nextPlace(), "replace");
  await fulfilWish();
  return undefined;
}

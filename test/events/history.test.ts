/** The checker of histories, on histories that are broken on purpose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Happening, problemsOf } from "./support/history.ts";

const published = (id: string): Happening => ({ kind: "published", id, key: id[0] as string });
const acknowledged = (id: string): Happening => ({ kind: "acknowledged", id });
const in_ =
  (kind: "delivered" | "handled" | "failed") =>
  (id: string, by = "m1") => ({
    kind,
    id,
    group: "g",
    by,
  });
const delivered = in_("delivered");
const handled = in_("handled");
const failed = in_("failed");
const crashed = (who: string): Happening => ({ kind: "crashed", who });
const stored = ["a1", "a2", "b1"].flatMap((id) => [published(id), acknowledged(id)]);
const done = (id: string, by?: string) => [delivered(id, by), handled(id, by)];
const check = (...rest: Happening[]) => problemsOf([...stored, ...rest], ["g"]);

test("a history in which all is well has no problems", () => {
  assert.deepEqual(check(...done("b1"), ...done("a1"), ...done("a2")), []);
  assert.deepEqual(
    check(delivered("a1"), failed("a1"), ...done("b1"), ...done("a1"), ...done("a2")),
    [],
    "it came again because it had failed",
  );
  assert.deepEqual(
    check(
      ...done("a1"),
      delivered("a2"),
      crashed("m1"),
      ...done("a1", "m2"),
      ...done("a2", "m2"),
      ...done("b1"),
    ),
    [],
    "they came again because their member had crashed",
  );
  assert.deepEqual(
    problemsOf([...stored, published("a3"), ...done("a1"), ...done("a2"), ...done("b1")], ["g"]),
    [],
    "what was not acknowledged need not come",
  );
});

test("what is wrong is found", () => {
  const cases: [problem: RegExp, history: Happening[]][] = [
    [/a2 was acknowledged and is lost/, [...done("a1"), ...done("b1")]],
    [
      /a2 was acknowledged and is lost/,
      [...done("a1"), ...done("b1"), delivered("a2"), failed("a2")],
    ],
    [
      /a1 was handled, and came again to m2/,
      [...done("a1"), ...done("a1", "m2"), ...done("a2"), ...done("b1")],
    ],
    [
      /a1 was handled, and came again/,
      [crashed("m2"), ...done("a1"), ...done("a1"), ...done("a2"), ...done("b1")],
    ],
    [/a1 was handled after a2/, [...done("a2"), ...done("a1"), ...done("b1")]],
    [
      /a1 was handled after a2/,
      [delivered("a1"), failed("a1"), ...done("a2"), ...done("a1"), ...done("b1")],
    ],
    [
      /a2 came to m2 while a1 of its key was at work/,
      [delivered("a1"), delivered("a2", "m2"), handled("a1"), handled("a2", "m2"), ...done("b1")],
    ],
    [
      /a1 came to m1 while a1 of its key was at work/,
      [
        crashed("log"),
        delivered("a1"),
        delivered("a1"),
        handled("a1"),
        handled("a1"),
        ...done("a2"),
        ...done("b1"),
      ],
    ],
    [/c1 was never published/, [...done("c1"), ...done("a1"), ...done("a2"), ...done("b1")]],
  ];
  for (const [problem, history] of cases) {
    const problems = check(...history);
    assert.equal(problems.length, 1, `${problem}: ${problems.join("; ")}`);
    assert.match(problems[0] ?? "", problem);
  }
});

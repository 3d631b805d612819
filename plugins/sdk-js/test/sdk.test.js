import assert from "node:assert/strict";
import { test } from "node:test";

import { Batch, InsufficientData, exportsOf, metric, driftTest, plugin, random, recordCheck } from "../index.js";
import { check, compare, laws, measure } from "../testing.js";
import { decode, encode, positions } from "../utf8.js";

const many = [{ name: "x", accepts: ["integer", "number"], many: true }];
const sum = {
  summary: "the sum",
  inputs: many,
  empty: () => ({ sum: 0 }),
  observe(state, batch) {
    for (const column of batch.all("x")) for (const it of column.present()) state.sum += it;
  },
  merge(state, other) {
    state.sum += other.sum;
  },
  finish(state) {
    if (state.sum === 0) throw new InsufficientData("nothing");
    return [{ name: "sum", value: state.sum }];
  },
};
const one = (accepts) => [{ name: "x", accepts }];
const tried = plugin(
  { name: "tried", version: "0.1.0", description: "For tests.", page: "# tried" },
  {
    sum: metric(sum),
    last: metric({ ...sum, merge: (_, other) => other }),
    forgets: metric({ ...sum, save: ({ sum }) => ({ sum: Math.round(sum) }) }),
    gap: driftTest({ ...sum, compare: (a, b) => ({ statistic: b.sum - a.sum, explanation: "it moved" }) }),
    short: recordCheck({
      summary: "few characters",
      inputs: one(["text"]),
      params: { type: "object", properties: { most: { type: "integer", default: 2 } } },
      judge: ([x], { most }) => (x.length <= most ? null : { code: "long", message: `${x.length}` }),
    }),
    neighbour: recordCheck({ summary: "", inputs: one(["number"]), check: (batch) => ({ passed: new Array(batch.rows).fill(batch.rows > 1) }) }),
    wrong: recordCheck({ summary: "", inputs: one(["number"]), check: () => ({ passed: [] }) }),
    fails: recordCheck({ summary: "", inputs: one(["number"]), judge: () => undefined.x }),
    all: recordCheck({ summary: "", inputs: one(["boolean", "vector", "category", "text", "json"]), judge: ([x]) => JSON.stringify(x) }),
  },
);

test("verdicts, codes, skips and defaults", () => {
  const { words, findings } = check(tried, "short", { x: ["ab", "abc", null] });
  assert.deepEqual(words, ["pass", "fail", "skip"]);
  assert.deepEqual(findings, [{ row: 1, column: 0, code: "long", message: "3" }]);
  assert.deepEqual(check(tried, "short", { x: ["abc"] }, { most: 3 }).words, ["pass"]);
  assert.equal(check(tried, "short", { x: new Array(9).fill("abc") }, {}, { maxFindings: 2 }).findings.length, 2);
});

test("each type gives its values", () => {
  for (const values of [[true, false, null, true, true, true, true, true, true, false], [[1, 2], null, [3, 4]], ["Zoë", null, "", "𝄞x"]]) {
    const { words, findings } = check(tried, "all", { x: values });
    assert.deepEqual(words, values.map((it) => (it === null ? "skip" : "fail")));
    assert.deepEqual(findings.map((it) => JSON.parse(it.message)), values.filter((it) => it !== null));
  }
});

test("texts are cut at bytes of UTF-8", () => {
  const text = "aé€𝄞z";
  assert.deepEqual([...encode(text)], [...new TextEncoder().encode(text)]);
  assert.equal(decode(encode(text)), text);
  assert.deepEqual(positions(text, [0, 1, 3, 6, 10, 11]), [0, 1, 2, 3, 5, 6]);
});

test("many fields are one input", () => {
  assert.deepEqual(measure(tried, "sum", { x: { a: [1, 2], b: [3, null] } }), [{ name: "sum", value: 6, labels: {} }]);
  assert.equal(compare(tried, "gap", { x: [1] }, { x: [4] }).statistic, 3);
});

test("laws hold, and are seen to be broken", () => {
  const x = [1.25, 2.5, null, 4.75];
  laws(tried, "sum", { x });
  laws(tried, "gap", { x });
  laws(tried, "short", { x: ["a", "abc", null] });
  assert.throws(() => laws(tried, "last", { x }), /neutral/);
  assert.throws(() => laws(tried, "forgets", { x }), /loses/);
  assert.throws(() => laws(tried, "neighbour", { x: [1, 2] }), /neighbours/);
});

test("errors are those of the interface", () => {
  const failing = (tag, words, call) =>
    assert.throws(call, (error) => error.payload.tag === tag && error.payload.val.includes(words));
  failing("insufficient-data", "nothing", () => measure(tried, "sum", { x: [] }));
  failing("internal", "uncaught TypeError", () => check(tried, "fails", { x: [1] }));
  failing("internal", "0 entries for 2 rows", () => check(tried, "wrong", { x: [1, 2] }));
  const { Accumulator } = exportsOf(tried).metric;
  failing("invalid-params", "it has: sum, last", () => Accumulator.open("short", "{}", []));
  failing("invalid-params", "no metric `toString`", () => Accumulator.open("toString", "{}", []));
  const it = Accumulator.open("sum", "{}", []);
  const good = it.save();
  for (const bad of [[], [...good.slice(0, -1)], [63, ...good.slice(1)], [...encode("J1 {}")], [0xff]]) {
    failing("invalid-state", "damaged", () => it.merge(Uint8Array.from(bad)));
  }
  assert.throws(() => new Batch([], { rows: 0, columns: [] }).column("y"), /no field is bound to the input `y`/);
});

test("what is written wrongly is told at once", () => {
  assert.throws(() => plugin({ name: "Tried", version: "0.1.0" }, {}), /lower-case/);
  assert.throws(() => plugin({ name: "tried", version: "1" }, {}), /1\.2\.3/);
  assert.throws(() => recordCheck({ inputs: one(["float"]), judge() {} }), /float/);
  assert.throws(() => metric({ inputs: many }), /needs the function `empty`/);
});

test("chance repeats for a seed", () => {
  const draw = (seed) => Array.from({ length: 3 }, random({ seed }));
  assert.deepEqual(draw(7n), draw(7));
  assert.notDeepEqual(draw(7n), draw(8n));
  assert.ok(draw(2n ** 63n).every((it) => it >= 0 && it < 1));
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { check, laws } from "driftline-plugin/testing";

import plugin from "./plugin.js";

test("words are counted", () => {
  const { words, findings } = check(plugin, "max-words", { text: ["yes", "as you like it", null] }, { most: 3 });
  assert.deepEqual(words, ["pass", "fail", "skip"]);
  assert.equal(findings[0].message, "4 words, at most 3 hold");
});

test("laws", () => {
  laws(plugin, "max-words", { text: ["", "a", "a b c d", null] }, { most: 3 });
});

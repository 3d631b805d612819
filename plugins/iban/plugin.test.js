import assert from "node:assert/strict";
import { test } from "node:test";

import { check, laws } from "driftline-plugin/testing";

import iban, { remainder } from "./plugin.js";

// From the SWIFT registry's examples, one for each length and kind of character.
const GOOD = [
  "AD1200012030200359100100", "BE68539007547034", "CH9300762011623852957", "DE89370400440532013000", "FR1420041010050500013M02606",
  "GB29NWBK60161331926819", "MT84MALT011000012345MTLCAST001S", "NL91ABNA0417164300", "NO9386011117947", "SA0380000000608010167519",
];
const codes = (value, params) => check(iban, "valid", { value }, params).findings.map((it) => it.code);

test("examples of the registry hold", () => {
  assert.deepEqual(check(iban, "valid", { value: GOOD }).words, GOOD.map(() => "pass"));
});

test("every mistyped digit and every swap of neighbours that differ is found", () => {
  const it = "DE89370400440532013000";
  const wrong = [];
  for (let i = 2; i < it.length; i++) {
    wrong.push(it.slice(0, i) + String((Number(it[i]) + 1) % 10) + it.slice(i + 1));
    if (i + 1 < it.length && it[i] !== it[i + 1]) wrong.push(it.slice(0, i) + it[i + 1] + it[i] + it.slice(i + 2));
  }
  assert.ok(wrong.length > 30);
  assert.deepEqual(codes(wrong), wrong.map(() => "check-digits"));
});

test("each fault has its code", () => {
  assert.deepEqual(codes(["", "de89370400440532013000", "DE8937040044053201300é"]), ["format", "format", "format"]);
  assert.deepEqual(codes(["XX89370400440532013000", "DE8937040044053201300"]), ["country", "length"]);
  assert.deepEqual(codes(GOOD, { countries: ["DE", "FR"] }).length, GOOD.length - 2);
});

test("spaces are as the suite says", () => {
  const printed = ["DE89 3704 0044 0532 0130 00"];
  assert.deepEqual(check(iban, "valid", { value: printed }).words, ["pass"]);
  assert.deepEqual(codes(printed, { spaces: false }), ["format"]);
});

test("letters count from ten", () => {
  assert.equal(remainder("GB29NWBK60161331926819"), 1);
});

test("laws", () => {
  laws(iban, "valid", { value: [...GOOD, null, "", "x"] });
});

// Tests of plugins under node, through the same adapter as inside a component.

import type { Context, Finding, Measurement, Outcome, Plugin } from "./index.js";

/** Values by input, null where a row holds none; of an input that takes many fields, by field. */
export type Data = Record<string, unknown[] | Record<string, unknown[]>>;

/** What a record check says of some rows. */
export function check(
  plugin: Plugin, capability: string, data: Data, params?: object, options?: { context?: Context; maxFindings?: number },
): { words: ("pass" | "fail" | "skip")[]; findings: Finding[] };

/** What a metric measures of some rows. */
export function measure(plugin: Plugin, capability: string, data: Data, params?: object, options?: { context?: Context }): Measurement[];

/** What a drift test measures between two windows. */
export function compare(
  plugin: Plugin, capability: string, reference: Data, current: Data, params?: object, options?: { context?: Context },
): Outcome;

/**
 * Checks the laws that every plugin keeps, on some rows; throws where one is broken. A record's verdict does not
 * depend on its neighbours; observing in parts equals observing at once, merging commutes and associates, an
 * empty state is neutral, and saving loses nothing.
 */
export function laws(plugin: Plugin, capability: string, data: Data, params?: object, tolerance?: number): void;

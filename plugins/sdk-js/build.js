#!/usr/bin/env node
// `driftline-plugin build FILE [-o OUT]`: a component of a module in JavaScript or TypeScript, by rolldown and jco.

import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const HERE = dirname(fileURLToPath(import.meta.url));
const WORLDS = { "record-check": "record-check-plugin", "drift-test": "drift-test-plugin", metric: "metric-plugin" };
const EXPORTS = { "record-check": "recordCheck", "drift-test": "driftTest", metric: "metric" };
const TOOLS = "npm install --save-dev @bytecodealliance/jco@1.35";

class Refused extends Error {}

/** Makes the component; gives what the plugin says of itself. */
export async function build(source, output) {
  const from = createRequire(resolve(source));
  let jco, rolldown;
  try {
    jco = from.resolve("@bytecodealliance/jco");
    ({ rolldown } = await import(pathToFileURL(createRequire(jco).resolve("rolldown"))));
  } catch {
    throw new Refused(`jco is not installed in ${dirname(source)}: ${TOOLS}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "driftline-plugin-"));
  try {
    const bundle = async (entry, file) => {
      const bundled = await rolldown({ input: entry, platform: "neutral", external: [/^driftline:/], resolve: { alias: { "driftline-plugin": join(HERE, "index.js") } } });
      await bundled.write({ file, format: "esm", codeSplitting: false });
      await bundled.close();
    };
    // Once by itself, to ask it for its kinds; then with the exports of these kinds.
    const alone = join(folder, "alone.mjs");
    await bundle(source, alone);
    const { default: plugin } = await import(pathToFileURL(alone));
    if (!plugin?.capabilities || Object.keys(plugin.capabilities).length === 0) {
      throw new Refused(`${source}: expected \`export default plugin({ ... }, { ... })\` with at least one capability`);
    }
    const beside = join(dirname(source), "page.md");
    if (plugin.page === undefined && !existsSync(beside)) throw new Refused(`${source}: no \`page\`, and no page.md beside it`);
    const page = plugin.page ?? readFileSync(beside, "utf8");
    const kinds = [...new Set(Object.values(plugin.capabilities).map((it) => it.kind))].sort();
    const names = ["about", ...kinds.map((it) => EXPORTS[it])];
    writeFileSync(
      join(folder, "entry.js"),
      `import ${JSON.stringify(join(HERE, "sandbox.js"))};\nimport plugin from ${JSON.stringify(source)};\nimport { exportsOf } from ${JSON.stringify(join(HERE, "index.js"))};\n` +
        `export const { ${names.join(", ")} } = exportsOf({ ...plugin, page: ${JSON.stringify(page)} });\n`,
    );
    await bundle(join(folder, "entry.js"), join(folder, "plugin.js"));
    // A world of exactly these kinds, beside the interface.
    const wit = join(folder, "wit");
    mkdirSync(wit);
    copyFileSync(join(HERE, "wit", "plugin.wit"), join(wit, "plugin.wit"));
    let world = WORLDS[kinds[0]];
    if (kinds.length > 1) {
      world = "these";
      const text = readFileSync(join(wit, "plugin.wit"), "utf8");
      writeFileSync(join(wit, "plugin.wit"), `${text}\nworld these {\n${kinds.map((it) => `  include ${WORLDS[it]};\n`).join("")}}\n`);
    }
    const arguments_ = [
      join(dirname(jco), "jco.js"), "componentize", join(folder, "plugin.js"), "-w", wit, "-n", world,
      "--backend", "quickjs", "--backend-qjs-stub-wasi", "--backend-qjs-disable-async", "-o", resolve(output ?? `${plugin.name}.wasm`),
    ];
    try {
      execFileSync(process.execPath, arguments_, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
    } catch (error) {
      throw new Refused(`${source}: jco failed:\n${error.stdout ?? ""}${error.stderr ?? error.message}`);
    }
    return plugin;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { output: { type: "string", short: "o" } } });
  const [command, source] = positionals;
  if (command !== "build" || !source) throw new Refused("usage: driftline-plugin build FILE [-o OUT.wasm]");
  if (!existsSync(source)) throw new Refused(`${source}: no such file`);
  const { name, version } = await build(resolve(source), values.output);
  const output = values.output ?? `${name}.wasm`;
  const bytes = readFileSync(output);
  const digest = createHash("sha256").update(bytes).digest("hex");
  console.log(`${output}: ${name} ${version}, ${(bytes.length / 1e6).toFixed(1)} MB, sha256:${digest}`);
}

if (process.argv[1] && existsSync(process.argv[1]) && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  main().catch((error) => {
    console.error(error instanceof Refused ? error.message : error);
    process.exit(1);
  });
}

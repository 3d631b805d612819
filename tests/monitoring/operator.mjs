// Objects of the Prometheus operator against the schemas of their CRDs; and, as values of their TypeScript types, against
// members that are not known, which those schemas let pass. `tsc` reads the file that is written here.
import { readFileSync, writeFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import * as crds from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

const group = "monitoring.coreos.com/v1";
const lines = [`import type * as crds from "@kubernetes-models/prometheus-operator/${group}";`];
for (const file of process.argv.slice(2)) {
  for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
    const object = document.toJS();
    if (object?.apiVersion !== group) continue;
    try {
      new crds[object.kind](object).validate();
    } catch (error) {
      console.error(`${file}: ${object.kind} ${object.metadata.name}: ${error.message}`);
      process.exitCode = 1;
    }
    lines.push(`export const _${lines.length}: crds.I${object.kind} = ${JSON.stringify(object)};`);
  }
}
if (lines.length === 1) {
  console.error("no object of the operator");
  process.exitCode = 1;
}
writeFileSync("objects.ts", lines.join("\n") + "\n");

// Checks every page of a folder with html-validate: node validate.mjs FOLDER
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { HtmlValidate, StaticConfigLoader, formatterFactory } from "html-validate";

const config = {
  root: true,
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {},
};

const folder = process.argv[2];
const files = readdirSync(folder).filter((name) => name.endsWith(".html"));
const validator = new HtmlValidate(new StaticConfigLoader(config));
const report = await validator.validateMultipleFiles(files.map((name) => join(folder, name)));
process.stdout.write(formatterFactory("text")(report.results));
console.log(`${files.length} pages, ${report.errorCount} errors, ${report.warningCount} warnings`);
process.exit(report.errorCount + report.warningCount > 0 || files.length === 0 ? 1 : 0);

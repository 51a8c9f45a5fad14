// Checks every page of a folder with html-validate: node validate.mjs FOLDER
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { HtmlValidate, StaticConfigLoader, formatterFactory } from "html-validate";

const config = {
  root: true,
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {
    // Style and script are our own origin's; integrity is for what comes from elsewhere, and nothing does.
    "require-sri": ["error", { target: "crossorigin" }],
    // HTML knows both spellings.
    "doctype-style": "off",
    // A limit of search engines, which do not see these pages.
    "long-title": "off",
  },
};

const folder = process.argv[2];
const files = readdirSync(folder).filter((name) => name.endsWith(".html"));
const validator = new HtmlValidate(new StaticConfigLoader(config));
const report = await validator.validateMultipleFiles(files.map((name) => join(folder, name)));
process.stdout.write(formatterFactory("text")(report.results));
console.log(`${files.length} pages, ${report.errorCount} errors, ${report.warningCount} warnings`);
process.exit(report.errorCount + report.warningCount > 0 || files.length === 0 ? 1 : 0);

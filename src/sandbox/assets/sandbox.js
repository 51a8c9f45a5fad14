// What is better with script: copying what is shown as code, choosing a file to paste, filtering the list while typing.
// Every page works without it.
"use strict";

for (const block of document.querySelectorAll(".code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = block.querySelector("pre").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(block.querySelector("pre"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.append(button);
}

const search = document.getElementById("q");
const rows = [...document.querySelectorAll("table.patients tbody tr")];
if (search && rows.length) {
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.querySelector("th").textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}

const box = document.getElementById("bundle");
if (box) {
  const label = document.createElement("label");
  label.textContent = "Or choose a file ";
  const file = document.createElement("input");
  file.type = "file";
  file.accept = ".json,.ndjson,application/json";
  file.addEventListener("change", async () => {
    if (file.files.length) box.value = await file.files[0].text();
  });
  label.append(file);
  document.getElementById("file").append(label);
}

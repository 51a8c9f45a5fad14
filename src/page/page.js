// What the page does not need but gains: a print button, and a what-if that answers as soon as something is chosen.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
for (const form of document.querySelectorAll("[data-whatif]")) {
  form.addEventListener("change", (event) => {
    // The browser puts the focus back on what was chosen: it is the fragment of the new address.
    form.action = `${form.action.split("#")[0]}#${event.target.id}`;
    form.requestSubmit();
  });
}

/*
 * A button that puts a ready sentence into a text: <button data-sentence="…" data-sentence-into="id_results">,
 * followed by a [data-sentence-done] that says so. The sentence goes to the cursor, and never in twice.
 */
function insertAtCursor(field, sentence) {
  const at = field.dataset.cursor === undefined ? field.value.length : field.selectionEnd;
  const before = field.value.slice(0, at);
  const after = field.value.slice(at);
  const opening = before && !before.endsWith("\n") ? "\n" : "";
  const closing = after && !after.startsWith("\n") ? "\n" : "";
  field.setRangeText(`${opening}${sentence}${closing}`, at, at, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

for (const button of document.querySelectorAll("[data-sentence]")) {
  const field = document.getElementById(button.dataset.sentenceInto);
  const done = button.parentElement.querySelector("[data-sentence-done]");
  const show = () => {
    const stands = field.value.includes(button.dataset.sentence);
    button.hidden = stands;
    done.hidden = !stands;
  };
  // Until somebody has been in the text, the cursor stands at its beginning, which nobody chose.
  field.addEventListener("focus", () => (field.dataset.cursor = ""), { once: true });
  field.addEventListener("input", show);
  window.addEventListener("pageshow", show);
  button.addEventListener("click", () => {
    if (!field.value.includes(button.dataset.sentence)) {
      insertAtCursor(field, button.dataset.sentence);
    }
    show();
    field.focus();
  });
  show();
}

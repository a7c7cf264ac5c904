/* Taking Excel files in: count what is chosen, and hold the button back while a conflict is open. */
const form = document.querySelector("form[data-import]");
const button = form?.querySelector("[data-import-apply]");

if (button) {
  const state = form.querySelector("[data-import-state]");
  const boxes = [...form.querySelectorAll("input[name='take']")];
  const all = form.querySelector("[data-take-all]");
  const choices = new Set([...form.querySelectorAll("input[type='radio']")].map((radio) => radio.name));

  const show = () => {
    const open = [...choices].filter((name) => !new FormData(form).has(name)).length;
    const chosen = boxes.filter((box) => box.checked).length;
    const fromExcel = [...choices].filter((name) => new FormData(form).get(name) === "mine").length;
    button.textContent = `選んだ${chosen + fromExcel}欄を反映する`;
    button.disabled = open > 0 || (chosen === 0 && choices.size === 0);
    state.textContent = open
      ? `食い違いが${open}欄残っています。選ぶと反映できます。`
      : "提出はまだしません。下書きに反映します。";
    if (all) {
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  };
  all?.addEventListener("change", () => {
    for (const box of boxes) {
      box.checked = all.checked;
    }
    show();
  });
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
}

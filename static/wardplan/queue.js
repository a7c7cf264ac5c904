/* The queue: tick all at once, and say on the button how many. Without a script it says so in general words. */
for (const button of document.querySelectorAll("[data-count-ticks]")) {
  const all = button.form.querySelector("[data-tick-all]");
  const boxes = () =>
    Array.from(button.form.elements).filter((element) => element.type === "checkbox" && element !== all);
  const show = () => {
    const count = boxes().filter((box) => box.checked).length;
    button.textContent = button.dataset.countTicks.replace("{}", count);
    button.disabled = count === 0;
    all.checked = count > 0 && count === boxes().length;
    all.indeterminate = count > 0 && !all.checked;
  };
  for (const box of boxes()) {
    box.addEventListener("change", show);
  }
  all.addEventListener("change", () => {
    for (const box of boxes()) {
      box.checked = all.checked;
    }
    show();
  });
  // Back from the next page the browser may have kept the ticks.
  window.addEventListener("pageshow", show);
  show();
}

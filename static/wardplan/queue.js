/* The queue: say on the button how many sheets are ticked. Without a script it says so in general words. */
for (const button of document.querySelectorAll("[data-count-ticks]")) {
  const boxes = () => Array.from(button.form.elements).filter((element) => element.type === "checkbox");
  const show = () => {
    const count = boxes().filter((box) => box.checked).length;
    button.textContent = button.dataset.countTicks.replace("{}", count);
    button.disabled = count === 0;
  };
  for (const box of boxes()) {
    box.addEventListener("change", show);
  }
  // Back from the next page the browser may have kept the ticks.
  window.addEventListener("pageshow", show);
  show();
}

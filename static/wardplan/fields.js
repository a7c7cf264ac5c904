/* Fields: the counter, a textarea that grows, and the tag that says when a field is required. */
// As the server counts: a line break is one character, an emoji or 𠮟 is one character.
function countCharacters(text) {
  return Array.from(text.replace(/\r\n?/g, "\n")).length;
}

for (const field of document.querySelectorAll("[data-limit]")) {
  const counter = document.getElementById(field.dataset.counter);
  const limit = Number(field.dataset.limit);
  const show = () => {
    const length = countCharacters(field.value);
    counter.textContent = `${length.toLocaleString("ja")} / ${limit.toLocaleString("ja")}字`;
    counter.classList.toggle("is-over", length > limit);
  };
  field.addEventListener("input", show);
  show();
}

if (!CSS.supports("field-sizing", "content")) {
  for (const field of document.querySelectorAll("textarea.form-control")) {
    const grow = () => {
      const border = field.offsetHeight - field.clientHeight;
      if (field.scrollHeight > field.clientHeight) {
        field.style.height = `${field.scrollHeight + border}px`;
      }
    };
    field.addEventListener("input", grow);
    grow();
  }
}

/*
 * <span data-required-when="outlook=2 mark_a1=2" data-words-required="②を選んだので必須"
 *       data-words-otherwise="②のとき必須">: required when any of the pairs is chosen.
 * Inside [data-when-required] the whole field appears only then, or when something is written in it.
 */
for (const tag of document.querySelectorAll("[data-required-when]")) {
  const form = tag.closest("form");
  const conditions = tag.dataset.requiredWhen.split(" ").map((pair) => pair.split("="));
  const show = () => {
    const values = new FormData(form);
    const required = conditions.some(([name, value]) => values.getAll(name).includes(value));
    tag.textContent = required ? tag.dataset.wordsRequired : tag.dataset.wordsOtherwise;
    const onDemand = tag.closest("[data-when-required]:not(.field-has-error, .field-returned)");
    if (onDemand) {
      onDemand.hidden = !required && !onDemand.querySelector("textarea").value.trim();
    }
  };
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
}

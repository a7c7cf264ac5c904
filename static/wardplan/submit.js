/* Sending a form: never by a key that ends a conversion, never twice, never lost by leaving. */
// A form that is still unanswered after this time may be sent again: the server settles repeats.
const SEND_AGAIN_AFTER = 10000; // milliseconds
const OFFICE_TIME = { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" };

/*
 * Enter that confirms kana to kanji conversion must not send the form. Safari ends the composition
 * before the key event arrives; the key code 229 is then the only trace of it.
 * In <form data-enter="stay"> Enter in a one-line field sends nothing at all.
 */
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || !(field instanceof HTMLInputElement)) {
    return;
  }
  const converting = event.isComposing || event.keyCode === 229;
  const isButton = ["submit", "button", "reset", "image", "file"].includes(field.type);
  if (converting || (field.form?.dataset.enter === "stay" && !isButton)) {
    event.preventDefault();
  }
});

const sending = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "sendAgain" in form.dataset) {
    return;
  }
  if (sending.has(form)) {
    event.preventDefault();
    return;
  }
  sending.add(form);
  useNewestToken(form);
  form.setAttribute("aria-busy", "true");
  setTimeout(() => release(form), SEND_AGAIN_AFTER);
});

// A log-in in another tab changes the token; what an older page sends with its own would be refused.
function useNewestToken(form) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  const field = form.elements.namedItem("csrfmiddlewaretoken");
  if (token && field) {
    field.value = token;
  }
}

function release(form) {
  sending.delete(form);
  form.removeAttribute("aria-busy");
}

// Back from the next page: the browser may show this one as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    release(form);
  }
});

/* <form data-warn-unsaved>: asks before leaving, and says since when nothing has been saved. */
for (const form of document.querySelectorAll("form[data-warn-unsaved]")) {
  const state = form.querySelector("[data-save-state]");
  let unsaved = form.dataset.warnUnsaved === "now";

  // On the document: a field may belong to a form that it does not stand in.
  document.addEventListener("input", (event) => {
    if (unsaved || event.target.form !== form) {
      return;
    }
    unsaved = true;
    if (state) {
      const time = new Date().toLocaleTimeString("ja-JP", OFFICE_TIME);
      state.textContent = `未保存(${time}から)`;
      state.closest(".save-state")?.classList.add("is-unsaved");
    }
  });
  // An autosave tells this by an event of its own.
  form.addEventListener("wardplan:saved", () => {
    unsaved = false;
    state?.closest(".save-state")?.classList.remove("is-unsaved");
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved && !sending.has(form)) {
      event.preventDefault();
    }
  });
}

/* Five minutes before the log-in ends for want of use, a dialog asks; any key goes on. Nothing is polled. */
const WARN_AFTER = 55 * 60 * 1000;
const OVER_AFTER = 60 * 60 * 1000;
const LAST_CONTACT = "wardplan:contact";

const dialog = document.querySelector("[data-timeout]");
if (dialog) {
  const text = dialog.querySelector("[data-timeout-text]");
  const button = dialog.querySelector("[data-timeout-button]");
  const question = text.textContent;
  // What the form's own button is called, and only where what it sends comes back after the log-in.
  const save = document.querySelector("form[data-autosave] .save-bar button[type=submit]");
  const over = save
    ? `閉じてから「${save.textContent.trim()}」を押し、ログインすると続けられます。`
    : document.querySelector("input[name=opened_by]")
      ? "閉じてからボタンを押し、ログインすると続けられます。"
      : "閉じてから文をコピーし、ログインし直してください。";
  let timer = 0;
  let asking = false;
  let ownContact = Date.now();

  // Another tab of the same person extends the log-in for all of them.
  const lastContact = () => {
    try {
      return Number(localStorage.getItem(LAST_CONTACT)) || ownContact;
    } catch {
      return ownContact;
    }
  };
  const contact = () => {
    ownContact = Date.now();
    try {
      localStorage.setItem(LAST_CONTACT, String(ownContact));
    } catch {
      // Storage is switched off: this tab counts for itself.
    }
    hide();
    check();
  };

  const check = () => {
    clearTimeout(timer);
    const idle = Date.now() - Math.max(ownContact, lastContact());
    if (idle < WARN_AFTER) {
      hide();
      timer = setTimeout(check, WARN_AFTER - idle);
    } else if (idle < OVER_AFTER) {
      show(question, "続ける");
      timer = setTimeout(check, OVER_AFTER - idle);
    } else {
      show(`ログアウトしました。書いた文は、この画面に残っています。${over}`, "閉じる");
    }
  };

  const show = (sentence, label) => {
    text.textContent = sentence;
    button.textContent = label;
    if (!dialog.open) {
      dialog.showModal();
      button.focus();
    }
  };

  const hide = () => {
    if (dialog.open) {
      dialog.close();
    }
  };

  const goOn = async () => {
    if (asking) {
      return;
    }
    if (Date.now() - Math.max(ownContact, lastContact()) >= OVER_AFTER) {
      clearTimeout(timer);
      hide();
      return;
    }
    asking = true;
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
    try {
      const answer = await fetch(dialog.dataset.url, {
        method: "POST",
        headers: { "X-CSRFToken": token },
        redirect: "error",
      });
      if (answer.status === 204) {
        contact();
      } else if (answer.status === 401) {
        ownContact = 0;
        localStorage.removeItem(LAST_CONTACT);
        check();
      } else {
        throw new Error("No answer of ours");
      }
    } catch {
      text.textContent = "つながりません。もう一度、キーを押してください。書いた文は、この画面に残っています。";
    } finally {
      asking = false;
    }
  };

  dialog.addEventListener("keydown", (event) => {
    if (!["Shift", "Control", "Alt", "Meta"].includes(event.key)) {
      event.preventDefault();
      goOn();
    }
  });
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  button.addEventListener("click", goOn);
  window.addEventListener("wardplan:contact", contact);
  window.addEventListener("storage", (event) => {
    if (event.key === LAST_CONTACT) {
      check();
    }
  });
  // A computer that slept runs no timers meanwhile.
  document.addEventListener("visibilitychange", check);
  contact();
}

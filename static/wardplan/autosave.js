/*
 * <form data-autosave="address" data-copy-name="user-item-phase" data-page="name">: what is typed is kept on the server as
 * unsaved text, and until it has arrived there, in this browser. The bar tells which of the two it is.
 *
 * The address answers JSON: {saved_at, fits} or {refused}. Anything else (a proxy's page, no network, a
 * database that is away) is tried again, and again, less and less often.
 */
const QUIET = 2000; // milliseconds without a key before sending
const MOST = 8000; // milliseconds after which it is sent even in the middle of typing
const SLOW = 300;
const NO_ANSWER = 15000;
const HELD = 3000; // milliseconds that a save waits for what was sent before
const LONGEST_WAIT = 60000;
const DAY = 24 * 60 * 60 * 1000;
const COPIES = "wardplan:unsent:";
const OFFICE_TIME = { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" };

/* ---- copies in this browser: by person, form, version and page; gone once sent or saved, or after a day ---- */

const copies = {
  names(start) {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(COPIES + start));
    } catch {
      return []; // storage is switched off
    }
  },
  read(name) {
    try {
      const copy = JSON.parse(localStorage.getItem(name));
      return copy && Date.now() - copy.at < DAY ? copy : null;
    } catch {
      return null;
    }
  },
  write(name, body) {
    try {
      localStorage.setItem(name, JSON.stringify({ at: Date.now(), body }));
    } catch {
      // Full or switched off: the server still gets the text.
    }
  },
  drop(names) {
    for (const name of names) {
      localStorage.removeItem(name);
    }
  },
};

copies.drop(copies.names("").filter((name) => !copies.read(name)));

// Another page of the same form, in another tab, may still hold what has not been sent.
const [, saved, savedPage] = document.cookie.match(/(?:^|; )saved_form=([^:;]+):([^;]*)/) ?? [];
if (saved) {
  copies.drop(copies.names(`${saved}:`).filter((name) => name.endsWith(`:${savedPage}`)));
  document.cookie = "saved_form=; max-age=0; path=/; samesite=lax";
}

for (const form of document.querySelectorAll("form[data-log-out]")) {
  form.addEventListener("submit", () => copies.drop(copies.names(`${form.dataset.logOut}-`)));
}

/* ---- sending ---- */

async function send(address, body) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
  const response = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token },
    body,
    redirect: "error",
    signal: AbortSignal.timeout(NO_ANSWER),
  });
  if (response.status === 400 || response.status === 413) {
    return { refused: "長すぎるため残せません。文をコピーして控え、短くしてください。", again: false };
  }
  const answer = await response.json(); // throws when it is a page
  if (response.ok && "saved_at" in answer) {
    window.dispatchEvent(new Event("wardplan:contact"));
    return answer;
  }
  if ("refused" in answer) {
    return { ...answer, again: response.status === 401 };
  }
  throw new Error("No answer of ours");
}

for (const form of document.querySelectorAll("form[data-autosave]")) {
  autosave(form);
  sendLeftBehind(form);
}

function autosave(form) {
  const state = form.querySelector("[data-save-state]");
  const version = form.elements.namedItem("version").value;
  const copy = `${COPIES}${form.dataset.copyName}:${version}:${form.dataset.page}`;
  let typed = 0; // counts what was typed
  let waitingSince = 0; // the first key that has not been sent
  let failures = 0;
  let underWay = null; // the answer that is awaited
  let save = "free"; // held: until that answer is there; released: not to be held again
  let refused = "";
  let timer = 0;

  form.addEventListener("input", () => {
    typed += 1;
    waitingSince ||= Date.now();
    copies.write(copy, content());
    if (failures || refused) {
      say(refused || words.failed);
    }
    schedule();
  });

  // Whoever sends the form takes the text along; a failed page brings the copy back. What was sent before
  // has to arrive before: after the save it would count as not saved again.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!underWay || save === "released") {
      return;
    }
    event.preventDefault();
    if (save === "held") {
      return;
    }
    save = "held";
    const button = event.submitter;
    Promise.race([underWay, new Promise((resolve) => setTimeout(resolve, HELD))]).then(() => {
      save = "released";
      form.requestSubmit(button);
      save = "free";
    });
  });
  window.addEventListener("online", () => {
    if (waitingSince) {
      wait(0);
    }
  });

  const words = {
    sending: "保存しています…",
    failed: "保存できません。再試行中です。文は残っています。",
  };

  function content() {
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("csrfmiddlewaretoken");
    return fields.toString();
  }

  function say(sentence) {
    state.textContent = sentence;
  }

  function wait(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  }

  function schedule() {
    if (!underWay && !failures && !refused) {
      wait(Math.max(0, Math.min(QUIET, waitingSince + MOST - Date.now())));
    }
  }

  async function run() {
    if (underWay || !waitingSince) {
      return;
    }
    const sent = typed;
    waitingSince = 0;
    // Said only when it takes long: a screen reader would else speak all the time.
    const slow = setTimeout(() => say(failures ? words.failed : words.sending), SLOW);
    underWay = send(form.dataset.autosave, new URLSearchParams(content())).catch(() => ({
      refused: words.failed,
      again: true,
    }));
    const answer = await underWay;
    clearTimeout(slow);
    underWay = null;
    if (answer.refused) {
      say(answer.refused);
      waitingSince ||= Date.now();
      if (answer.again) {
        failures += 1;
        const longest = Math.min(LONGEST_WAIT, QUIET * 2 ** failures);
        wait(longest * (0.5 + Math.random() / 2)); // not everybody at the same moment
      } else {
        refused = `${answer.refused} 文はこの画面に残っています。`;
      }
      return;
    }
    failures = 0;
    for (const [name, sentence] of Object.entries(answer.fits ?? {})) {
      form.querySelector(`[data-fit="${CSS.escape(name)}"]`)?.replaceChildren(sentence);
    }
    if (sent === typed) {
      copies.drop([copy]);
      form.dispatchEvent(new Event("wardplan:saved"));
      say(`${answer.saved_at} 保存済み${answer.differs ? " 書きかけとして残しました。" : ""}`);
    } else {
      const since = new Date(waitingSince).toLocaleTimeString("ja-JP", OFFICE_TIME);
      say(`未保存(${since}から)`);
      schedule();
    }
  }
}

/* What an earlier page could not send any more becomes unsaved text now; its writer is asked about it. */
async function sendLeftBehind(form) {
  for (const name of copies.names(`${form.dataset.copyName}:`)) {
    const copy = copies.read(name);
    if (!copy) {
      continue;
    }
    const body = new URLSearchParams(copy.body);
    body.set("age", String(Math.round((Date.now() - copy.at) / 1000)));
    try {
      const answer = await send(form.dataset.autosave, body);
      // Its page may be open in another tab, and be written in meanwhile.
      if (!answer.refused && copies.read(name)?.body === copy.body) {
        copies.drop([name]);
      }
      if (answer.differs) {
        form.querySelector("[data-left-behind]")?.removeAttribute("hidden");
      }
    } catch {
      // It stays here, and the next page tries again.
    }
  }
}

/* Where the sheet cannot be written now, what could not be sent is shown, to be copied by hand. */
const NOT_TYPED = ["version", "opened_by"];

for (const notice of document.querySelectorAll("[data-unsent]")) {
  const texts = copies
    .names(`${notice.dataset.unsent}:`)
    .flatMap((name) => [...new URLSearchParams(copies.read(name)?.body)])
    .filter(([name, text]) => !NOT_TYPED.includes(name) && text.trim().length > 1)
    .map(([, text]) => text);
  for (const text of new Set(texts)) {
    const quote = document.createElement("blockquote");
    quote.className = "quote";
    quote.tabIndex = 0;
    quote.textContent = text;
    notice.querySelector("[data-unsent-text]").append(quote);
    notice.hidden = false;
  }
}

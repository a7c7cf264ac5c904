/* Taking Excel files out: say that the file is being made, and when it has come. */
const ASK_EVERY = 400; // milliseconds
const GIVE_UP_AFTER = 90000; // milliseconds; the server itself stops at a minute

const form = document.querySelector("form[data-export]");

if (form) {
  const button = form.querySelector("[data-export-button]");
  const words = form.querySelector("[data-export-words]");
  const state = form.querySelector("[data-export-state]");
  const token = form.elements.namedItem("token");
  const usual = words.textContent;
  let timer;

  const rest = (sentence) => {
    clearInterval(timer);
    form.removeAttribute("aria-busy");
    button.disabled = false;
    words.textContent = usual;
    state.textContent = sentence;
  };
  // A page cannot see a download begin. The answer brings the token back as a cookie.
  const came = () => document.cookie.split("; ").includes(`export=${token.value}`);

  form.addEventListener("submit", () => {
    token.value = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
    const begun = Date.now();
    form.setAttribute("aria-busy", "true");
    button.disabled = true;
    words.textContent = "作成中です…";
    state.textContent = "作成しています。終わるとダウンロードが始まります。このままお待ちください。";
    clearInterval(timer);
    timer = setInterval(() => {
      if (came()) {
        document.cookie = "export=; max-age=0; path=/; samesite=lax";
        rest("できました。ダウンロードしたファイルを開いてください。");
      } else if (Date.now() - begun > GIVE_UP_AFTER) {
        rest("まだ届きません。少し待っても始まらないときは、もう一度「書き出す」を押してください。");
      }
    }, ASK_EVERY);
  });
  // Back from an error page, the button can be pressed again.
  window.addEventListener("pageshow", (event) => event.persisted && rest(""));
}

/* How others worded a field: fetched when the panel is unfolded, searched in place. Without a script the link
   beside it opens the same page. */
for (const panel of document.querySelectorAll("details[data-wordings]")) {
  const link = panel.querySelector("a");
  const found = document.createElement("div");
  const search = document.createElement("p");
  const words = document.createElement("input");
  const button = document.createElement("button");

  search.className = "wordings-search";
  words.type = "search";
  words.className = "form-control form-control-sm";
  words.setAttribute("aria-label", "文の中の言葉で探す");
  words.placeholder = "文の中の言葉で探す";
  button.type = "button";
  button.className = "btn btn-outline-primary btn-sm";
  button.textContent = "探す";
  found.setAttribute("role", "status");
  search.append(words, button);

  const load = async () => {
    const address = new URL(panel.dataset.wordings, window.location.href);
    address.searchParams.set("words", words.value);
    found.textContent = "読み込んでいます…";
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const list = page.getElementById("wordings");
      if (!answer.ok || !list) {
        throw new Error(String(answer.status));
      }
      found.replaceChildren(...list.children);
    } catch {
      found.textContent = "読み込めませんでした。「別の画面で開く」を押してください。";
    }
    link.href = address;
  };

  panel.addEventListener("toggle", () => {
    if (panel.open && !found.isConnected) {
      panel.append(search, found);
      load();
    }
  });
  button.addEventListener("click", load);
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      load();
    }
  });
  // What is searched for is no part of the sheet's form: it is neither kept nor does it count as unsaved.
  for (const name of ["input", "change"]) {
    search.addEventListener(name, (event) => event.stopPropagation());
  }
}

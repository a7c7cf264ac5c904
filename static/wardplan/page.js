/* What any page may need: the phone menu, the error summary, copying, showing a password. */
for (const element of document.querySelectorAll("[data-needs-script]")) {
  element.hidden = false;
}

for (const button of document.querySelectorAll("[data-menu-button]")) {
  const menu = document.getElementById(button.getAttribute("aria-controls"));
  const show = (open) => {
    menu.classList.toggle("is-open", open);
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => show(!menu.classList.contains("is-open")));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.classList.contains("is-open")) {
      show(false);
      button.focus();
    }
  });
}

document.querySelector("[data-error-summary]")?.focus();

for (const link of document.querySelectorAll(".error-summary a[href^='#']")) {
  link.addEventListener("click", (event) => {
    const field = document.getElementById(link.hash.slice(1));
    if (!field) {
      return;
    }
    event.preventDefault();
    field.focus({ preventScroll: true });
    // With its label and the sentence above it, not with the control at the very top.
    (field.closest(".field") ?? field).scrollIntoView({ block: "start" });
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) {
    continue; // plain http, as in many offices: the text can still be selected by hand
  }
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      button.textContent = "コピーしました";
    } catch {
      button.textContent = "コピーできません。文を選んでコピーしてください";
    }
    setTimeout(() => {
      button.textContent = words;
    }, 4000);
  });
}

for (const box of document.querySelectorAll("[data-show-password]")) {
  const field = document.getElementById(box.dataset.showPassword);
  const show = () => {
    field.type = box.checked ? "text" : "password";
  };
  box.addEventListener("change", show);
  // Sent as a password again, or the browser would offer to remember it as text.
  field.form.addEventListener("submit", () => {
    field.type = "password";
  });
  show();
}

if (window.matchMedia("(max-width: 640px)").matches) {
  for (const details of document.querySelectorAll("details[data-fold-on-phone]")) {
    details.open = false;
  }
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}

// The bar: menu on small screens, language and theme. A choice is a cookie, and the page is asked for again.
const YEAR_S = 31_536_000;
const NEXT_THEME = { auto: "light", light: "dark", dark: "auto" };

function choose(cookie, value) {
  document.cookie = `${cookie}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
  location.reload();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  if (!button) return;
  if (button.dataset.language) choose("atrium_language", button.dataset.language);
  if (button.dataset.themeNow) choose("atrium_theme", NEXT_THEME[button.dataset.themeNow]);
  if (button.matches(".bar .menu")) {
    button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
  }
});

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(".bar .menu[aria-expanded=true]");
  if (event.key === "Escape" && menu) {
    menu.setAttribute("aria-expanded", "false");
    menu.focus();
  }
});

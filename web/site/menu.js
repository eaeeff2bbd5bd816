// A menu that a button opens; the browser closes it on Escape and on a click elsewhere.

/** @param {HTMLButtonElement} opener */
export function menuOf(opener, ...items) {
  const menu = Object.assign(document.createElement("div"), { popover: "auto", className: "menu" });
  opener.popoverTargetElement = menu;
  menu.append(...items);
  menu.addEventListener("click", () => menu.hidePopover());
  menu.addEventListener("beforetoggle", ({ newState }) => {
    if (newState === "open") menu.style.visibility = "hidden"; // until it has its place, which follows from its size
  });
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState !== "open") return;
    const { right, bottom, top } = opener.getBoundingClientRect();
    const fits = bottom + menu.offsetHeight < innerHeight;
    menu.style.left = `${Math.max(8, right - menu.offsetWidth)}px`;
    menu.style.top = `${fits ? bottom + 4 : top - menu.offsetHeight - 4}px`;
    menu.style.visibility = "";
    items[0].focus();
  });
  return menu;
}

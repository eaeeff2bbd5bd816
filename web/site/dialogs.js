// Questions that must be answered first.

/** Shows a dialog; resolves with the data-answer of the pressed button, or "" if it was closed in another way. */
export function ask(dialog, title) {
  for (const place of dialog.querySelectorAll("[data-title]")) place.textContent = title;
  return new Promise(resolve => {
    const done = new AbortController();
    dialog.addEventListener("click", event => {
      const button = event.target.closest("[data-answer]");
      if (button) dialog.close(button.dataset.answer);
    }, { signal: done.signal });
    dialog.addEventListener("close", () => { done.abort(); resolve(dialog.returnValue); }, { signal: done.signal });
    dialog.returnValue = "";
    dialog.showModal();
  });
}

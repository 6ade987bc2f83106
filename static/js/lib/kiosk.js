/**
 * Kiosk mode: blocks gestures that lead away from the order.
 */

/** No menus, no dragging, no selecting by a long touch. */
export function blockGestures() {
  for (const gesture of ["contextmenu", "dragstart", "selectstart"]) {
    addEventListener(gesture, (event) => {
      if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
    });
  }
}

/**
 * Reset the page to the spa's own language for the next customer.
 * @param {string} language the spa's
 * @returns {boolean} whether the page is being loaded anew for it
 */
export function forgetLanguage(language) {
  if (document.documentElement.lang === language) return false;
  // biome-ignore lint/suspicious/noDocumentCookie: plain HTTP has no Cookie Store
  document.cookie = "django_language=; path=/; max-age=0; samesite=lax";
  location.reload();
  return true;
}

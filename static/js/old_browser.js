/**
 * Shows the notice that this browser is too old (docs/start.md names those meant). A classic script
 * in the oldest syntax: where the modules cannot be read, it still runs.
 */

function isTooOld() {
  return !(
    "noModule" in document.createElement("script") &&
    "showModal" in document.createElement("dialog") &&
    "at" in Array.prototype &&
    typeof CSS === "object" &&
    CSS.supports("selector(:has(*))")
  );
}

var notice = document.getElementById("too-old");
if (notice && isTooOld()) notice.hidden = false;

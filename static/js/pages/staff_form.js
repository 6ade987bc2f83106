// The form of a person: suggests the user name, shows room, skills and counter with their roles.

const nameField = document.querySelector("#id_name");
const usernameField = document.querySelector("#id_username");

/** @param {string} text */
function suggestion(text) {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ".")
    .replace(/^\.|\.$/g, "");
}

if (nameField instanceof HTMLInputElement && usernameField instanceof HTMLInputElement) {
  let suggested = "";
  nameField.addEventListener("input", () => {
    // A user name that somebody has typed stays.
    if (usernameField.value !== suggested) return;
    suggested = suggestion(nameField.value);
    usernameField.value = suggested;
  });
}

const DETAILS = [
  ["therapist", ".field-own_room"],
  ["therapist", ".field-gender"],
  ["therapist", ".field-skills"],
  ["cashier", ".field-counter"],
];

for (const [role, place] of DETAILS) {
  const box = document.querySelector(`input[name="roles"][value="${role}"]`);
  const row = document.querySelector(place);
  if (!(box instanceof HTMLInputElement && row instanceof HTMLElement)) continue;
  const show = () => {
    row.hidden = !box.checked;
  };
  box.addEventListener("change", show);
  show();
}

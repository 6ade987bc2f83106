/**
 * The page of a closed branch, which becomes the menu once the branch is open.
 */

import { connectLive } from "../lib/connection.js";

connectLive({
  onEvent: (event, news) => {
    const { branch } = /** @type {Partial<Wire.MenuSnapshot>} */ (news);
    if (event === "snapshot" && branch?.active) location.reload();
  },
});

// Now, as central has it: a reader's own clock may be wrong, and a central that replays a recording lives at another time.
let ahead = JSON.parse(document.getElementById("words").textContent).now - Date.now() / 1000;

// Seconds since 1970.
export const now = () => Date.now() / 1000 + ahead;

// A snapshot was made at this second of central's.
export function told(at) {
  const before = now() - at;
  if (before < -0.5 || before > 3) ahead -= before - 0.5;  // a snapshot is at most a second old
}

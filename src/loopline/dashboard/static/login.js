// Exchanges the token of the address, or one that is typed, for a cookie.

const said = document.querySelector("#said");
const input = document.querySelector("#token");

async function open(token) {
  const answer = await fetch("login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.replace("./");
  } else {
    said.textContent = (await answer.json()).detail;
    input.focus();
  }
}

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  // The whole address may be pasted.
  const [first, token] = input.value.trim().split("#token=");
  open(token === undefined ? first : decodeURIComponent(token));
});

function openByAddress() {
  const found = location.hash.match(/^#token=(.+)$/);
  if (found) {
    history.replaceState(null, "", location.pathname); // it stays in no history
    open(decodeURIComponent(found[1]));
  }
}

window.addEventListener("hashchange", openByAddress);
openByAddress();

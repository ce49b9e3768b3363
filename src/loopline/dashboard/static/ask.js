// Asks the server something, or to do something.

export async function get(path) {
  return read(await fetch(path));
}

export async function post(path, data) {
  return read(await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(data),
  }));
}

async function read(answer) {
  if (answer.status === 401) location.reload();
  let told = {};
  try {
    told = await answer.json();
  } catch {
    // no JSON: the status says enough
  }
  if (!answer.ok) throw new Error(typeof told.detail === "string" ? told.detail : `The server answered ${answer.status}.`);
  return told;
}

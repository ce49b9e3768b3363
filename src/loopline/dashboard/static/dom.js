// Makes and changes elements. Text is only ever set as text, never as markup.

export const find = (selector, within = document) => within.querySelector(selector);

export function element(tag, properties = {}, ...inner) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inner.filter((one) => one !== null));
  return made;
}

// What stands between backticks becomes code.
export const withCode = (text) => text.split("`").map((part, place) => (place % 2 ? element("code", {}, part) : part));

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

// Keeps an element for each thing, by its key, in the order of the things: what has the focus keeps it.
export function keep(parent, things, keyOf, make, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const thing of things) {
    const key = String(keyOf(thing));
    let child = known.get(key);
    known.delete(key);
    if (!child) {
      child = make(thing);
      child.dataset.key = key;
    }
    const place = before ? before.nextElementSibling : parent.firstElementChild;
    if (child !== place) parent.insertBefore(child, place);
    update(child, thing);
    before = child;
  }
  for (const child of known.values()) child.remove();
}

const FLAGS = ["warm", "bad", "code"];

// Fills a table's body. A column is a function of the thing that returns a text, or {text, flag} to stress it.
export function fill(body, things, keyOf, columns, onRow = null) {
  const heads = [...body.closest("table").tHead.rows[0].cells];
  const make = (thing) => {
    const row = element("tr");
    columns.forEach((_, place) => {
      const cell = element(place ? "td" : "th", place ? {} : { scope: "row" });
      cell.className = heads[place].className;
      row.append(cell);
    });
    if (onRow) onRow(row, thing);
    return row;
  };
  keep(body, things, keyOf, make, (row, thing) => {
    columns.forEach((column, place) => {
      if (!column) return;
      const value = column(thing);
      const { text, flag } = typeof value === "object" ? value : { text: value, flag: "" };
      setText(row.cells[place], String(text));
      for (const one of FLAGS) row.cells[place].classList.toggle(one, one === flag);
    });
  });
}

"use strict";
// Shows the panel that fits the reader's choice, and has the chart draw it. Every text and number is in the page already.

const specifications = JSON.parse(document.getElementById("specifications").textContent);

const PAPER_WIDTH = 680;

const embedding = {
  ast: true, // expressions are interpreted: the page's policy allows no evaluation of text
  actions: false,
  renderer: "svg",
  defaultStyle: false,
  hover: false,
  tooltip: { disableDefaultStyle: true, theme: "light" },
  formatLocale: { decimal: ",", thousands: "\u00a0", grouping: [3], currency: ["", "\u00a0kr"] },
};

class Block {
  constructor(element) {
    this.panels = [...element.querySelectorAll(".panel")];
    this.parts = [...element.querySelectorAll("[data-panel]")];
    this.plot = element.querySelector(".plot");
    this.shown = this.panels[0];
    const chart = this.plot && specifications[this.plot.dataset.chart];
    if (chart) {
      chart.spec.params.find((parameter) => parameter.name === "panel").value = chart.panel;
      this.drawing = vegaEmbed(this.plot, chart.spec, embedding).then((drawn) => {
        this.plot.querySelector("svg").setAttribute("aria-hidden", "true"); // described in words, see below
        return (this.view = drawn.view);
      });
      this.describe();
    }
  }

  show(panel) {
    this.shown = panel;
    for (const part of this.parts) part.hidden = part.dataset.panel !== panel.dataset.panel;
    if (!this.drawing) return;
    this.describe();
    this.drawing.then((view) => view.signal("panel", panel.dataset.panel).resize().runAsync());
  }

  describe() {
    this.plot.setAttribute("aria-label", `Diagram: ${this.shown.dataset.title}. Talen står i tabellen.`);
  }
}

const choiceOf = (panel) => JSON.parse(panel.dataset.choice);
const fits = (choice, wanted) => Object.keys(choice).filter((name) => choice[name] === wanted[name]).length;

function connect(section) {
  const blocks = [...section.querySelectorAll(".block")].map((element) => new Block(element));
  // As wide as an A4 page's text: a chart that is only scaled down has letters nobody can read.
  addEventListener("beforeprint", () => blocks.forEach((block) => block.view?.signal("width", PAPER_WIDTH).run()));
  addEventListener("afterprint", () => dispatchEvent(new Event("resize")));
  const form = section.querySelector("form");
  if (!form) return;
  const status = section.querySelector(".status");
  const fields = [...form.elements].filter((field) => field.name);
  const read = () => Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const write = (choice) => fields.forEach((field) => (field.value = choice[field.name]));

  write(choiceOf(blocks[0].shown));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    const wanted = read();
    // What was chosen last is kept; of the panels that have it, the one that keeps most of the rest, the likelier first.
    const panel = blocks[0].panels
      .filter((candidate) => choiceOf(candidate)[event.target.name] === event.target.value)
      .reduce((best, candidate) => (fits(choiceOf(candidate), wanted) > fits(choiceOf(best), wanted) ? candidate : best));
    const choice = choiceOf(panel);
    const moved = fields.some((field) => field.value !== choice[field.name]);
    write(choice);
    for (const [place, block] of blocks.entries()) {
      const fitting = (other) => fits(choiceOf(other), choice) === Object.keys(choiceOf(other)).length;
      const next = place === 0 ? panel : block.panels.find(fitting);
      if (next) block.show(next);
    }
    status.textContent = (moved ? "Det valet finns inte; det närmaste visas. " : "") + panel.dataset.summary;
  });
}

// On a phone rows are cards (page.css): a value needs its head beside it, and display takes a table's roles away.
function makeCards(table) {
  const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
  table.setAttribute("role", "table");
  for (const group of [table.tHead, ...table.tBodies]) group.setAttribute("role", "rowgroup");
  for (const row of table.rows) {
    row.setAttribute("role", "row");
    const isWhole = row.parentNode !== table.tHead && row.cells.length === heads.length;
    for (const [place, cell] of [...row.cells].entries()) {
      cell.setAttribute("role", { col: "columnheader", row: "rowheader" }[cell.scope] ?? "cell");
      if (isWhole && place > 0) cell.dataset.head = heads[place];
    }
  }
  table.classList.add("cards");
}

document.querySelectorAll("main table").forEach(makeCards);
document.querySelectorAll("main > section").forEach(connect);

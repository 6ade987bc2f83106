/**
 * The reports' chart: takings by day, as in the table beside it.
 */

import { moneyFormat } from "../lib/money.js";
import { pageData } from "../lib/page.js";

/** @type {Wire.ReportsPage} */
const data = pageData();
const canvas = document.getElementById("chart");
const language = document.documentElement.lang;
const money = moneyFormat(language, data.currency);
const dayName = new Intl.DateTimeFormat(language, {
  day: "numeric",
  month: "short",
  timeZone: "UTC",
});
const isDark = matchMedia("(prefers-color-scheme: dark)");
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {HTMLElement} element */
function draw(element) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const scale = { ticks: { color: colour("--ink-soft") }, grid: { color: colour("--border") } };
  return new Chart(element, {
    type: "bar",
    data: {
      labels: data.days.map(([day]) => dayName.format(new Date(day))),
      datasets: [
        {
          data: data.days.map(([, amount]) => Number(amount)),
          backgroundColor: colour("--accent"),
          maxBarThickness: 64,
        },
      ],
    },
    options: {
      animation: isCalm.matches ? false : undefined,
      locale: language,
      maintainAspectRatio: false,
      plugins: {
        legend: { display: false },
        tooltip: {
          callbacks: { label: (/** @type {{ raw: unknown }} */ { raw }) => money(String(raw)) },
        },
      },
      scales: { x: scale, y: { ...scale, beginAtZero: true } },
    },
  });
}

if (canvas) {
  let chart = draw(canvas);
  isDark.addEventListener("change", () => {
    chart.destroy();
    chart = draw(canvas);
  });
}

/**
 * The reports' picture: takings by day, as the table beside it says.
 */

import { moneyFormat } from "../lib/money.js";

const data = JSON.parse(document.getElementById("page-data").textContent);
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

function draw() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const scale = { ticks: { color: colour("--ink-soft") }, grid: { color: colour("--border") } };
  return new Chart(canvas, {
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
        tooltip: { callbacks: { label: ({ raw }) => money(String(raw)) } },
      },
      scales: { x: scale, y: { ...scale, beginAtZero: true } },
    },
  });
}

if (canvas) {
  let chart = draw();
  isDark.addEventListener("change", () => {
    chart.destroy();
    chart = draw();
  });
}

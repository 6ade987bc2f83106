/** What the reports use of Chart.js (static/vendor), which is a plain script. */
declare class Chart {
  constructor(canvas: HTMLElement, configuration: object);
  destroy(): void;
}

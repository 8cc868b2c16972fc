/** What dashboards are made of: panels, measures, and where clicks lead. */
export type { Board } from "../dashboards/board.ts";
export { onDetails, onOverview, toGateway, toServer, toTool } from "../dashboards/drill-down.ts";
export type { PanelDraft, SectionDraft } from "../dashboards/layout.ts";
export { percentiles, quantileOf, query, RATE, recently, SERVED, shareOf } from "../dashboards/measures.ts";
export { chart, heatmap, type PanelText, stackedChart, stat, table, timeline } from "../dashboards/panels.ts";
export { whyEmpty } from "../dashboards/why-empty.ts";

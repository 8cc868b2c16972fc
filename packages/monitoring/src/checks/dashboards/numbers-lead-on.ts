import { contentPanels, type DashboardCheck, panelName } from "./rendered.ts";

/** Whoever sees a number in red asks what is behind it; one click leads to the panel that answers. */
export const numbersLeadOn: DashboardCheck = {
  name: "numbers-lead-on",
  run(dashboard) {
    return contentPanels(dashboard)
      .filter(({ type }) => type === "stat")
      .filter(
        ({ fieldConfig }) =>
          !(fieldConfig?.defaults?.links ?? []).some(({ url = "" }) => /^\/d\/.*viewPanel=\d/.test(url)),
      )
      .map((panel) => ({
        where: panelName(panel),
        problem: "a click on it does not lead to a panel that tells the cause",
        mend: "give it `leadsTo` with the key of a panel that exists",
      }));
  },
};

/** The one line that a smoke run prints. */

export type SmokeReport = {
  readonly ok: boolean;
  readonly validators: number;
  readonly height: number;
  readonly trades: number;
  readonly settledSeries: number;
  readonly restarted: number;
  readonly stateRootsEqual: boolean;
  readonly supplyConserved: boolean;
  readonly finalityMsP50: number | null;
  /** What failed; absent when all is well. */
  readonly failed?: readonly string[];
};

/** What of a finished run is not as it must be, in the order of the report. */
export function failuresOf(report: Omit<SmokeReport, 'ok' | 'failed'>): string[] {
  const failures: string[] = [];
  if (report.trades < 1) failures.push('no trade happened');
  if (report.settledSeries < 2) {
    failures.push(`${report.settledSeries} series settled with positions, at least 2 must`);
  }
  if (report.restarted !== 1) failures.push('the killed validator did not come back');
  if (!report.stateRootsEqual) failures.push('state roots differ between nodes');
  if (!report.supplyConserved) failures.push('supply or positions are not conserved');
  if (report.finalityMsP50 === null) failures.push('no transaction became final');
  return failures;
}

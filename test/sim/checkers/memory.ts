/** Bounded memory: what an engine holds stays within what its bounds and the views in trouble allow. */
import type { EngineState } from '../../../consensus/engine.ts';

/** Restated from consensus/bounds.ts. */
const RETENTION_VIEWS = 64;
const LOOKAHEAD_VIEWS = 8;

/** Problems of one engine now. Cost: O(rounds kept). */
export function memoryProblems(state: EngineState): string[] {
  const problems: string[] = [];
  const trouble = state.view - state.lastFinalized.view;
  const rounds = trouble + RETENTION_VIEWS + LOOKAHEAD_VIEWS + 2;
  if (state.rounds.size > rounds) {
    problems.push(`${state.rounds.size} rounds, ${rounds} allowed`);
  }
  // Blocks between the final one and the current view, and what was final or lost just before.
  const held = trouble + LOOKAHEAD_VIEWS + 2;
  if (state.held.size > held) problems.push(`${state.held.size} blocks held, ${held} allowed`);
  const validators = state.committee.weights.length;
  for (const round of state.rounds.values()) {
    for (const votes of [round.notarizes, round.nullifies, round.finalizes]) {
      if (votes.size > validators) problems.push(`${votes.size} votes in view ${round.view}`);
    }
    const proposals = round.notarizeTallies.length + round.finalizeTallies.length;
    if (proposals > 2 * validators) problems.push(`${proposals} tallies in view ${round.view}`);
  }
  return problems;
}

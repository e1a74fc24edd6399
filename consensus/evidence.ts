/**
 * Faults that two votes of one signer in one view prove.
 *
 * Source: design/chain.md §4, reference/consensus.md §1.8. If two conflicting blocks are ever final,
 * at least a third of the weight is shown guilty by one of these four kinds. Notarize then nullify
 * is legal.
 */
import { equalBytes } from '../runtime/core/bytes.ts';
import { KIND, type Proposal, type Subject, type Vote } from './messages.ts';

export const FAULTS = [
  'conflicting_notarize',
  'conflicting_finalize',
  'nullify_finalize',
  'notarize_finalize',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Two votes by one signer, of one (epoch, view), the one of lower kind first. */
export type Evidence = { readonly fault: Fault; readonly first: Vote; readonly second: Vote };

/** Whether two proposals are the same in every field. */
export function equalProposals(a: Proposal, b: Proposal): boolean {
  return (
    a.view === b.view &&
    a.parentView === b.parentView &&
    a.epoch === b.epoch &&
    equalBytes(a.payload, b.payload)
  );
}

/** Whether two votes would be for the very same thing. */
export function equalSubjects(a: Subject, b: Subject): boolean {
  if (a.selector === KIND.nullify || b.selector === KIND.nullify) {
    return (
      a.selector === b.selector && a.value.view === b.value.view && a.value.epoch === b.value.epoch
    );
  }
  return a.selector === b.selector && equalProposals(a.value, b.value);
}

/** The fault that signing both subjects is, if any. Symmetric. Subjects of two rounds never conflict. */
export function faultOf(a: Subject, b: Subject): Fault | undefined {
  if (a.value.epoch !== b.value.epoch || a.value.view !== b.value.view) return undefined;
  if (a.selector > b.selector) return faultOf(b, a);
  if (a.selector === KIND.nullify) {
    return b.selector === KIND.finalize ? 'nullify_finalize' : undefined;
  }
  if (b.selector === KIND.nullify || equalProposals(a.value, b.value)) return undefined;
  if (a.selector !== b.selector) return 'notarize_finalize';
  return a.selector === KIND.notarize ? 'conflicting_notarize' : 'conflicting_finalize';
}

/** Evidence that both votes are, if any. The caller has checked both signatures. */
export function evidenceOf(a: Vote, b: Vote): Evidence | undefined {
  if (a.signer !== b.signer) return undefined;
  const fault = faultOf(a.subject, b.subject);
  if (!fault) return undefined;
  return a.subject.selector <= b.subject.selector
    ? { fault, first: a, second: b }
    : { fault, first: b, second: a };
}

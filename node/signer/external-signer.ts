/**
 * A signer elsewhere (another process, a machine, the simulator) that keeps a window of its own.
 * The journal holds its votes as well, for the engine's recovery.
 */
import { JOURNAL } from '../../consensus/journal.ts';
import type { Vote } from '../../consensus/messages.ts';
import { maySign, raiseMark, type SignerWindow } from '../../consensus/signer-window.ts';
import { err, ok } from '../../runtime/core/result.ts';
import type { Signer } from '../ports.ts';
import type { JournalStore } from '../storage/journal-store.ts';
import { recoverWindow, type VoteSigner } from './local-signer.ts';
import { wasSigned } from './was-signed.ts';

export async function createExternalSigner(options: {
  readonly signer: Signer;
  readonly journal: JournalStore;
}): Promise<VoteSigner> {
  const { signer, journal } = options;
  let window: SignerWindow = await recoverWindow(journal);
  return {
    publicKey: signer.publicKey,
    async vote(subject, index) {
      const signed = await signer.sign(subject);
      if (!signed.ok) return err(signed.error);
      const next = maySign(window, subject);
      if (next.ok) window = next.value;
      const vote: Vote = { subject, signer: index, signature: signed.value };
      await journal.append(subject.value.epoch, { selector: JOURNAL.vote, value: vote }, 'sync');
      return ok(vote);
    },
    signed: (subject) => wasSigned(window, subject),
    raise(mark) {
      window = raiseMark(window, mark);
    },
  };
}

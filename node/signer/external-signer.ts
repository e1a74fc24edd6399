/**
 * A signer elsewhere (another process, a machine, the simulator) that keeps a window of its own.
 *
 * The journal holds its votes as well, for the engine's recovery; and this node's window, made from
 * that journal, is asked first, so that of two faults, here and there, either alone signs nothing
 * twice. The window moves before the request leaves: what the signer may have signed counts as signed.
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
    get publicKeys() {
      return signer.publicKeys;
    },
    async vote(subject, place) {
      const allowed = maySign(window, subject);
      if (!allowed.ok) return err(allowed.error);
      window = allowed.value;
      const signed = await signer.sign(subject, place);
      if (!signed.ok) return err(signed.error);
      const vote: Vote = { subject, signer: place.signer, signature: signed.value };
      await journal.append(subject.value.epoch, { selector: JOURNAL.vote, value: vote }, 'sync');
      return ok(vote);
    },
    signed: (subject) => wasSigned(window, subject),
    raise(mark) {
      window = raiseMark(window, mark);
      signer.raise(mark);
    },
  };
}

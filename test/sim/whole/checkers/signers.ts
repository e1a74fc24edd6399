/**
 * Signers remember: opened again on the disk that a crash left, the signer of each machine refuses
 * whatever contradicts a vote that left that machine in any of its lives.
 *
 * The engine, which recovers from the same journal, would not ask for such a vote; so no vote on the
 * network tells whether the signer, the last line of defence, still stands.
 */
import { KIND, type Subject } from '../../../../consensus/messages.ts';
import { sha256 } from '../../../../runtime/core/hash.ts';
import { type ValidatorIndex, view } from '../../../../runtime/core/units.ts';
import type { Machine } from '../machine.ts';
import type { WholeChecker } from '../watch.ts';

export type Signers = WholeChecker & {
  /** Crashes every machine and asks its signer. `settle` lets promises run. */
  readonly check: (settle: () => Promise<void>) => Promise<void>;
};

/** A vote that must never follow this one. */
function contradictionOf({ selector, value }: Subject): Subject {
  const { epoch, view: at } = value;
  switch (selector) {
    case KIND.notarize:
      return { selector, value: { ...value, payload: sha256(value.payload) } };
    case KIND.finalize:
      return { selector: KIND.nullify, value: { epoch, view: at } };
    case KIND.nullify: {
      const payload = sha256(new Uint8Array(32));
      return { selector: KIND.notarize, value: { epoch, view: at, parentView: view(0), payload } };
    }
  }
}

/** `machines`: those that are honest. */
export function signers(machines: () => readonly Machine[]): Signers {
  const violations: string[] = [];
  const sent = new Map<number, { readonly subject: Subject; readonly signer: ValidatorIndex }[]>();
  return {
    name: 'signers',
    violations,
    watch: {
      onSent({ index }, _message, vote) {
        if (vote) sent.set(index, [...(sent.get(index) ?? []), vote]);
      },
    },
    async check(settle) {
      for (const machine of machines()) {
        machine.crash();
        const signer = await machine.openSigner();
        for (const { subject, signer: place } of sent.get(machine.index) ?? []) {
          let refused = false;
          if (!signer) continue;
          const at = { signer: place, key: signer.publicKeys[0] };
          void signer.vote(contradictionOf(subject), at).then((answer) => {
            refused = !answer.ok;
          });
          // A refusal is not written down, so it needs no disk and no time.
          await settle();
          if (refused) continue;
          const { epoch, view } = subject.value;
          violations.push(`node ${machine.index} would contradict its vote of ${epoch}/${view}`);
        }
      }
    },
  };
}

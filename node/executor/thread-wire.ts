/**
 * Messages between a node and its executor thread. Only bytes that are transferred and small
 * numbers cross: structured clones of receipts took 45 ms where a transfer takes 0.1.
 */

import { assert } from '../../runtime/core/result.ts';
import { EpochConfigCodec } from '../../runtime/epoch-config.ts';
import type { VersionOverride } from '../../runtime/upgrade/migrate-modules.ts';
import type { ExecutedBlock, OpenedState } from './executor.ts';

/** Bytes whose buffer is their own, so that it can be transferred. */
export type OwnBytes = Uint8Array<ArrayBuffer>;

/** `data` of a thread. */
export type ExecutorThreadData = {
  /** Folder of the LevelDBs. */
  readonly folder: string;
  /** SSZ of the genesis document. */
  readonly genesis: Uint8Array;
  readonly overrides: readonly VersionOverride[];
};

export type ExecutorRequest =
  | { readonly id: number; readonly kind: 'open' | 'close' }
  | {
      readonly id: number;
      readonly kind: 'execute';
      readonly block: OwnBytes;
      readonly hash: OwnBytes;
    }
  | {
      readonly id: number;
      readonly kind: 'judge';
      readonly packed: OwnBytes;
      readonly lengths: readonly number[];
    }
  | { readonly id: number; readonly kind: 'query'; readonly request: OwnBytes };

type WireExecuted = Omit<ExecutedBlock, 'fixedConfig'> & {
  readonly fixedConfig: Uint8Array | undefined;
};
type WireOpened = Omit<OpenedState, 'configs'> & { readonly configs: readonly Uint8Array[] };

export type ExecutorAnswer = { readonly id: number } & (
  | { readonly kind: 'opened'; readonly opened: WireOpened }
  | { readonly kind: 'executed'; readonly executed: WireExecuted }
  | { readonly kind: 'judged'; readonly numbers: readonly number[] }
  | { readonly kind: 'answered'; readonly answer: Uint8Array }
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'failed';
      readonly name: string;
      readonly code: string | undefined;
      readonly message: string;
    }
);

/** A copy in a buffer of its own. */
export function ownBytes(bytes: Uint8Array): OwnBytes {
  return new Uint8Array(bytes);
}

/** Several byte strings in one buffer. */
export function packBytes(parts: readonly Uint8Array[]): {
  readonly packed: OwnBytes;
  readonly lengths: readonly number[];
} {
  const packed = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return { packed, lengths: parts.map(({ length }) => length) };
}

export function unpackBytes(packed: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return packed.subarray(at - length, at);
  });
}

export function toWireExecuted(executed: ExecutedBlock): WireExecuted {
  const { fixedConfig } = executed;
  return { ...executed, fixedConfig: fixedConfig && EpochConfigCodec.encode(fixedConfig) };
}

function decodeConfig(bytes: Uint8Array): OpenedState['configs'][number] {
  const config = EpochConfigCodec.decode(bytes);
  assert(config.ok, 'the executor sends configs that decode');
  return config.value;
}

export function fromWireExecuted(wire: WireExecuted): ExecutedBlock {
  return { ...wire, fixedConfig: wire.fixedConfig && decodeConfig(wire.fixedConfig) };
}

export function toWireOpened(opened: OpenedState): WireOpened {
  return { ...opened, configs: opened.configs.map((config) => EpochConfigCodec.encode(config)) };
}

export function fromWireOpened(wire: WireOpened): OpenedState {
  return { ...wire, configs: wire.configs.map(decodeConfig) };
}

/** Expected failures of commands: one line naming the field, what was given, what is allowed. */
import { RpcError, TransportError } from '../client/rpc-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export type CliFacts = { readonly field: string; readonly given: string; readonly allowed: string };

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly facts: CliFacts;
  constructor(exitCode: ExitCode, facts: CliFacts) {
    super(`${facts.field}: given ${facts.given || 'nothing'}; allowed: ${facts.allowed}`);
    this.exitCode = exitCode;
    this.facts = facts;
  }
}

/** A wrong argument. */
export function usageError(field: string, given: string, allowed: string): CliError {
  return new CliError(EXIT.usage, { field, given, allowed });
}

/** The line and the status of whatever a command threw; never a stack trace. */
export function explain(cause: unknown): {
  readonly line: string;
  readonly exitCode: number;
  readonly code: string;
} {
  if (cause instanceof CliError) {
    return { line: cause.message, exitCode: cause.exitCode, code: 'input' };
  }
  if (cause instanceof RpcError) {
    const { code, field, given, allowed, digest, keys } = cause.data;
    const parts = [`${code}: ${cause.message}`];
    if (field !== '') parts.push(`field ${field}`);
    if (given !== '') parts.push(`given ${given}`);
    if (allowed !== '') parts.push(`allowed: ${allowed}`);
    if (digest !== undefined) parts.push(`the node computed digest ${digest}`);
    if (keys !== undefined) parts.push(`and tried key ${keys.join(', ')}`);
    return { line: parts.join('; '), exitCode: EXIT.refused, code };
  }
  if (cause instanceof TransportError) {
    return { line: cause.message, exitCode: EXIT.unreachable, code: cause.code };
  }
  if (cause instanceof Error && cause.name === 'LightFailure') {
    // By name: the class comes with the light client, which most failures need not load.
    return {
      line: `the node's answer is not proven: ${cause.message}`,
      exitCode: EXIT.notVerified,
      code: 'not_verified',
    };
  }
  const { message, exitCode } = cause as { message?: unknown; exitCode?: unknown };
  return {
    line: (typeof message === 'string' ? message : String(cause)).split('\n')[0] ?? '',
    exitCode: typeof exitCode === 'number' ? exitCode : EXIT.unexpected,
    code: typeof exitCode === 'number' ? 'fatal' : 'unexpected',
  };
}

/** Questions on the terminal. Secrets are read without echo and never come from arguments. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type Arguments, flag, text } from './options.ts';

const ENTER = /[\r\n]/;
const INTERRUPT = '\u0003';
const BACKSPACE = /[\b\u007f]/;

/** Reads a line without showing it. Only on a terminal. */
async function askSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  stdin.setEncoding('utf8');
  let secret = '';
  try {
    for await (const chunk of stdin) {
      for (const character of String(chunk)) {
        if (character === INTERRUPT) {
          throw new CliError(EXIT.declined, { field: 'input', given: 'Ctrl-C', allowed: 'a line' });
        }
        if (ENTER.test(character)) return secret;
        secret = BACKSPACE.test(character) ? secret.slice(0, -1) : secret + character;
      }
    }
    return secret;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

/** First line of a secret's file; the error never holds what the file does. */
function firstLine(field: string, path: string): string {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    throw new CliError(EXIT.noInput, { field, given: path, allowed: 'a file that can be read' });
  }
  return content.split(/\r?\n/)[0] ?? '';
}

/** A password manager may ask its user first. */
const COMMAND_MS = 60_000;

/**
 * First line that a command prints: how any keyring of the system is used without a library of ours
 * (docs/adr/0004-os-keyring.md). It runs without a shell, so the words are what they are.
 */
function firstLineOfCommand(command: string): string {
  const field = 'MILETUS_PASSWORD_COMMAND';
  const [program = '', ...words] = command.trim().split(/\s+/);
  const { status, stdout } = spawnSync(program, words, {
    encoding: 'utf8',
    stdio: ['inherit', 'pipe', 'inherit'],
    timeout: COMMAND_MS,
  });
  const line = (stdout ?? '').split(/\r?\n/)[0] ?? '';
  if (status === 0 && line !== '') return line;
  const allowed = `a command that prints the password; this one ended with ${status ?? 'no status'}`;
  throw new CliError(EXIT.noInput, { field, given: program, allowed });
}

const MIN_PASSWORD = 8;

/** `new`: asked twice, and at least 8 characters. */
export async function readPassword(argv: Arguments, purpose: 'new' | 'existing'): Promise<string> {
  const file = text(argv, 'password-file') ?? process.env['MILETUS_PASSWORD_FILE'];
  const command = process.env['MILETUS_PASSWORD_COMMAND'];
  let password: string;
  if (file !== undefined) password = firstLine('--password-file', file);
  else if (command !== undefined) password = firstLineOfCommand(command);
  else if (process.stdin.isTTY) {
    password = await askSecret('Password: ');
    if (purpose === 'new' && (await askSecret('Again: ')) !== password) {
      throw usageError('password', 'two different ones', 'the same twice');
    }
  } else {
    throw usageError(
      'password',
      'nothing',
      '--password-file, MILETUS_PASSWORD_FILE, MILETUS_PASSWORD_COMMAND, or a terminal',
    );
  }
  if (purpose === 'new' && password.length < MIN_PASSWORD) {
    const given = `${password.length} characters`;
    throw usageError('password', given, `at least ${MIN_PASSWORD} characters`);
  }
  return password;
}

/** A mnemonic from `--mnemonic-file`, or asked for. */
export async function readMnemonic(argv: Arguments): Promise<string> {
  const file = text(argv, 'mnemonic-file');
  if (file !== undefined) return firstLine('--mnemonic-file', file);
  if (process.stdin.isTTY) return askSecret('Mnemonic: ');
  throw usageError('mnemonic', 'nothing', '--mnemonic-file or a terminal');
}

/** Asks before something is done; `--yes` answers. Refuses where nobody can be asked. */
export async function confirm(argv: Arguments, question: string): Promise<void> {
  if (flag(argv, 'yes')) return;
  if (!process.stdin.isTTY) {
    throw usageError('--yes', 'nothing', '--yes, where no terminal can be asked');
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) {
    throw new CliError(EXIT.declined, { field: 'answer', given: answer, allowed: 'y' });
  }
}

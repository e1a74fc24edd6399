/** Runs the commands of its argument (JSON) in turn and prints what each printed, as JSON. */
import { runCommandLine } from '../../wallet/cli/run.ts';

const commands = JSON.parse(process.argv[2] ?? '[]') as string[][];
const outputs: { code: number; stdout: string; stderr: string }[] = [];
const real = process.stdout.write.bind(process.stdout);

for (const argv of commands) {
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((text: string) => {
      printed[name] += text;
      return true;
    }) as typeof process.stdout.write;
  }
  console.log = (text: string) => process.stdout.write(`${text}\n`);
  console.error = (text: string) => process.stderr.write(`${text}\n`);
  process.exitCode = 0;
  await runCommandLine(argv);
  outputs.push({ code: Number(process.exitCode), ...printed });
}
process.exitCode = 0;
real(JSON.stringify(outputs));

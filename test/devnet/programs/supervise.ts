/** Supervises one sleeping child until it is killed; prints the child's process id. */
import { join } from 'node:path';
import { createSupervisor } from '../../../devnet/supervisor.ts';

const [folder = '.'] = process.argv.slice(2);
const supervisor = createSupervisor((event) => {
  if (event.kind === 'started') console.log(event.pid);
});
supervisor.start({
  name: 'sleeper',
  script: join(import.meta.dirname, 'sleep.ts'),
  arguments: [],
  nodeOptions: [],
  logPath: join(folder, 'sleeper.log'),
  stopOrder: 0,
});

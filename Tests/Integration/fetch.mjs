// Node's fetch as a client: does the task in its argument, and tells what came of it as JSON.
import { readFileSync, writeFileSync } from 'node:fs';
import diagnostics from 'node:diagnostics_channel';

let connections = 0;
diagnostics.channel('undici:client:connected').subscribe(() => { connections += 1; });

const task = JSON.parse(process.argv[2]);
const options = { method: task.method ?? 'GET', signal: AbortSignal.timeout(20000) };
if (task.text !== undefined) options.body = task.text;
if (task.file !== undefined) options.body = readFileSync(task.file);
if (task.kind !== undefined) options.headers = { 'Content-Type': task.kind };

let answer;
let content;
for (let number = 0; number < (task.count ?? 1); number += 1) {
  const url = task.count === undefined ? task.url : `${task.url}?n=${number}`;
  answer = await fetch(url, options);
  content = Buffer.from(await answer.arrayBuffer());
  if (task.count !== undefined && answer.status !== 200) throw new Error(`request ${number}: ${answer.status}`);
}
writeFileSync(task.out, content);
process.stdout.write(JSON.stringify({ status: answer.status, kind: answer.headers.get('content-type'), connections }));
process.exit(0);

/** The fetch of Node, read by a reader. */
import { receiveWith } from './receiving.ts';

await receiveWith(async ({ port, target }, { begin, take }) => {
  const response = await fetch(`http://127.0.0.1:${port}${target}`);
  begin();
  const reader = response.body!.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    take(value);
  }
});

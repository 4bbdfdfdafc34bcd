/**
 * Strategy: a callback that throws is an uncaught exception, so each program runs in a process of its own, once with a
 * Writable and once with a GatheringWritable. Both must end in the same way, or print the same lines.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { HIGH } from './streams.ts';

describe('a callback that throws', () => {
  /** Runs the code in a process of its own, with `stream` and its sink, which calls back a round of the event loop later. */
  function runAlone(
    kind: 'GatheringWritable' | 'Writable',
    code: string,
  ): { status: number | null; lines: string[]; stderr: string } {
    const module = new URL('../../../../src/node/send/gathering-writable.ts', import.meta.url).href;
    const program = `
      import { Writable } from 'node:stream';
      import { GatheringWritable } from '${module}';
      class Gathering extends GatheringWritable {
        sendContent(content, onSent) { setImmediate(onSent); }
      }
      const stream = '${kind}' === 'Writable'
        ? new Writable({ highWaterMark: ${HIGH}, write(chunk, encoding, callback) { setImmediate(callback); } })
        : new Gathering();
      const log = (text) => process.stdout.write(text + '\\n');
      ${code.replaceAll('\\', '\\\\')}
    `;
    const cwd = fileURLToPath(new URL('../../../..', import.meta.url));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program],
      { cwd, encoding: 'utf8' },
    );
    return { status, lines: stdout.split('\n').slice(0, -1), stderr };
  }

  test('ends the process, as with Writable', () => {
    for (const kind of ['Writable', 'GatheringWritable'] as const) {
      const { status, stderr } = runAlone(
        kind,
        `stream.write('a', () => { throw new Error('thrown by a callback'); });`,
      );
      expect(status).toBe(1);
      expect(stderr).toContain('thrown by a callback');
    }
  });

  test('where somebody catches that, what was written meanwhile is sent, and drain comes', () => {
    const code = `
      process.on('uncaughtException', (error) => log('caught ' + error.message));
      stream.on('drain', () => log('drain')).on('finish', () => log('finish'));
      stream.write('a', () => { throw new Error('a'); });
      setImmediate(() => {});
      process.nextTick(() => process.nextTick(() => {
        stream.write(Buffer.alloc(${HIGH}), () => log('b'));
      }));
    `;
    const plain = runAlone('Writable', code);
    expect(plain.lines).toEqual(['caught a', 'drain', 'b']);
    expect(runAlone('GatheringWritable', code).lines).toEqual(plain.lines);
  });

  test('where somebody catches that, the callbacks behind it in the same tick are called', () => {
    const code = `
      process.on('uncaughtException', (error) => log('caught ' + error.message));
      stream.write('a', () => { throw new Error('a'); });
      stream.write('b', () => log('b'));
      stream.end('c', () => log('end'));
    `;
    for (const kind of ['Writable', 'GatheringWritable'] as const) {
      const { lines } = runAlone(kind, code);
      expect(new Set(lines)).toEqual(new Set(['caught a', 'b', 'end']));
      expect(lines).toHaveLength(3);
    }
  });
});

/** What the commands write to a person: colours where there is a terminal, sizes and times in words. */
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Text in a colour if the stream is a terminal with colours. NO_COLOR and FORCE_COLOR count, as in Node itself. */
export function paint(stream: NodeJS.WriteStream, format: Format, text: string): string {
  // One by one: with several, Node 20 does not look at the stream.
  return [format].flat().reduceRight((painted, one) => styleText(one, painted, { stream }), text);
}

/** Text of a peer's with its control characters, C1 and those of direction included, as escapes. */
export function printable(text: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, escaped);
}

export function warn(message: string): void {
  tell('yellow', 'warning:', message);
}

export function complain(message: string): void {
  tell('red', 'error:', message);
}

function tell(format: Format, label: string, message: string): void {
  const { stderr } = process;
  const line = `${label} ${printable(message)}`;
  const text = stderr.isTTY ? fold(line, stderr.columns || 80) : line;
  stderr.write(`${paint(stderr, format, label)}${text.slice(label.length)}\n`);
}

/** Lines of at most so many columns, which end between words; those that go on are indented. */
export function fold(text: string, columns: number): string {
  const lines = text.split('\n').map((line) => {
    const folded: string[] = [];
    for (const word of line.split(' ')) {
      const last = folded.at(-1);
      if (last === undefined) folded.push(word);
      else if (last.length + 1 + word.length <= columns) folded[folded.length - 1] = `${last} ${word}`;
      else folded.push(`  ${word}`);
    }
    return folded.join('\n');
  });
  return lines.join('\n');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 12345678 as `12.3 MB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** 12345678 as `12,345,678`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Milliseconds as `0.4 s` or `1:02:03`. */
export function formatTime(milliseconds: number): string {
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const whole = Math.max(60, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (part: number) => String(part).padStart(2, '0');
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

const SCALES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
};

/** `300000000`, `300MB` or `256KiB` as bytes; undefined if it is none of these. */
export function parseBytes(text: string): number | undefined {
  const [, digits, scale] = /^(\d+(?:\.\d+)?)(k|m|g|ki|mi|gi)?b?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const product = Number(digits) * SCALES[scale?.toLowerCase() ?? '']!;
  const bytes = Math.round(product); // 4.1 * 1e6 is not quite a whole number
  return Number.isSafeInteger(bytes) && Math.abs(product - bytes) <= 1e-6 * bytes ? bytes : undefined;
}

/** The reference as one page of Markdown, in which every public name has a heading, and so an address. */
import { oneLine } from './docstrings.ts';
import type { Docs, Entry, Member, Section } from './model.ts';

const HEADER = `# API reference

Made from the docstrings by \`npm run docs\`; a test fails if it is not current. What a peer does wrong is a
[BodyError](#bodyerror) with a code; what the caller does wrong is a TypeError or a RangeError.`;

type Anchors = ReadonlyMap<Entry, string>;

export function renderReference(sections: readonly Section[]): string {
  const anchors = anchorsFor(sections);
  const contents = sections.map(({ specifier, entries, alsoExported }) => {
    const own = entries.length > 0 ? entries : alsoExported;
    return `| \`${specifier}\` | ${links(own.filter(isValue), anchors)} |`;
  });
  return `${[HEADER, ['| import from | functions and classes; their types come after them |', '|---|---|', ...contents].join('\n'), ...sections.flatMap((section) => renderSection(section, anchors))].join('\n\n')}\n`;
}

function renderSection({ specifier, summary, entries, alsoExported }: Section, anchors: Anchors): string[] {
  const values = alsoExported.filter(isValue);
  const types = entries.length === 0 ? '' : ', and their types';
  const also = values.length === 0 ? [] : [`It also exports ${links(values, anchors)}${types}.`];
  return [`## ${specifier}`, summary, ...also, ...entries.flatMap(renderEntry)];
}

function renderEntry({ name, declaration, members, text, tags }: Entry): string[] {
  const [examples, others] = [tags.filter(isExample), tags.filter((tag) => !isExample(tag))];
  const parts = [
    text,
    others.map((tag) => `- ${renderTag(tag)}`).join('\n'),
    ...examples.map((example) => `\`\`\`ts\n${example.text}\n\`\`\``),
    members.map(renderMember).join('\n'),
  ];
  return [`### ${name}`, `\`\`\`ts\n${declaration}\n\`\`\``, ...parts.filter((part) => part !== '')];
}

function renderMember({ signature, text, tags }: Member): string {
  const said = [oneLine(text), ...tags.filter((tag) => !isExample(tag)).map(renderTag)]
    .filter((part) => part !== '')
    .map(asSentence);
  return [`- \`${signature}\``, ...(said.length > 0 ? [said.join(' ')] : [])].join('\\\n  ');
}

function isExample({ tag }: Docs['tags'][number]): boolean {
  return tag === '@example';
}

function renderTag({ tag, text }: Docs['tags'][number]): string {
  if (tag.startsWith('@param ')) return `\`${tag.slice('@param '.length)}\`: ${text}`;
  return `${tag.charAt(1).toUpperCase()}${tag.slice(2)} ${text}`;
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** What there is at run time. */
function isValue({ declaration }: Entry): boolean {
  return /^(?:function|class|const) /.test(declaration);
}

function links(entries: readonly Entry[], anchors: Anchors): string {
  return entries.map((entry) => `[${entry.name}](#${anchors.get(entry)})`).join(', ');
}

/** GitHub's address of each heading: the second of a name gets `-1` behind it. */
function anchorsFor(sections: readonly Section[]): Anchors {
  const count = new Map<string, number>();
  const anchors = new Map<Entry, string>();
  for (const entry of sections.flatMap(({ entries }) => entries)) {
    const name = entry.name.toLowerCase();
    const before = count.get(name) ?? 0;
    count.set(name, before + 1);
    anchors.set(entry, before === 0 ? name : `${name}-${before}`);
  }
  return anchors;
}

/** Docstrings as Markdown. Only what stands above a declaration itself: nothing is taken over from what it overrides. */
import ts from 'typescript-6';
import type { Docs } from './model.ts';

export function docsOf(node: ts.Node): Docs {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
  const tags = (docs?.tags ?? []).map((tag) => {
    const text = textOf(tag.comment);
    return { tag: tagName(tag), text: tag.tagName.text === 'example' ? text : oneLine(text) };
  });
  return { text: textOf(docs?.comment), tags };
}

/** The first paragraph of the comment at the top of a file, without the name that it may begin with. */
export function headerOf(file: ts.SourceFile): string {
  const header = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(file.text)?.[1] ?? '';
  const [first] = header
    .replace(/^[ \t]*\* ?/gm, '')
    .trim()
    .split(/\n\s*\n/) as [string];
  const text = first.replace(/^[\w/-]+: /, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

function tagName(tag: ts.JSDocTag): string {
  return ts.isJSDocParameterTag(tag) ? `@param ${tag.name.getText()}` : `@${tag.tagName.text}`;
}

/** `{@link name}` as code: what it names has no heading of its own where it is Node's or a member. */
function textOf(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  const text = ts.getTextOfJSDocComment(comment) ?? '';
  return text.replace(/\{@link\s+([^}|]+?)\s*(?:\|[^}]*)?\}/g, '`$1`').trim();
}

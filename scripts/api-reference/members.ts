/**
 * The members of a class or an interface: what is ours and public. Node's own members of a stream, and what we override
 * of them without a word to say, are in Node's documentation.
 */
import ts from 'typescript-6';
import { callText, isOurs, typeText } from './declarations.ts';
import { docsOf } from './docstrings.ts';
import type { Member } from './model.ts';

const HIDDEN = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;

export function membersOf(node: ts.Node, isTypeOnly: boolean, checker: ts.TypeChecker): Member[] {
  if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return [];
  const constructors = isTypeOnly ? [] : node.members.filter(ts.isConstructorDeclaration);
  const properties = checker.getPropertiesOfType(checker.getTypeAtLocation(node)).flatMap((property) => {
    const declared = property.declarations?.find(isPublic);
    return declared === undefined ? [] : [memberFor(property.name, declared, checker)];
  });
  return [...constructors.map((made) => memberFor(`new ${node.name!.text}`, made, checker)), ...properties];
}

function isPublic(node: ts.Declaration): boolean {
  const name = ts.getNameOfDeclaration(node);
  if (name === undefined || ts.isPrivateIdentifier(name) || !isOurs(node)) return false;
  const flags = ts.getCombinedModifierFlags(node);
  const { text, tags } = docsOf(node);
  if ((flags & HIDDEN) !== 0 || tags.some(({ tag }) => tag === '@internal')) return false;
  const isOverride = (flags & ts.ModifierFlags.Override) !== 0;
  return text !== '' || !(isOverride || name.getText().startsWith('_'));
}

function memberFor(name: string, node: ts.Declaration, checker: ts.TypeChecker): Member {
  return { name, signature: signatureOf(name, node, checker), ...docsOf(node) };
}

function signatureOf(name: string, node: ts.Declaration, checker: ts.TypeChecker): string {
  if (ts.isGetAccessorDeclaration(node)) return `readonly ${name}: ${node.type!.getText()}`;
  if (!ts.isPropertyDeclaration(node) && !ts.isPropertySignature(node)) {
    return name + callText(node as ts.SignatureDeclaration, checker);
  }
  const isReadonly = (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Readonly) !== 0;
  const optional = node.questionToken === undefined ? '' : '?';
  return `${isReadonly ? 'readonly ' : ''}${name}${optional}: ${typeText(node, checker)}`;
}

/**
 * Reads the public names from the sources: what each index exports, with its declaration, its members and its
 * docstrings. A name that several subpaths export stands under the first of them, in the order of package.json.
 *
 * TypeScript 7 has no programming interface yet, so this is what TypeScript 6 makes of the same sources.
 */
import path from 'node:path';
import ts from 'typescript-6';
import { ROOT, subpaths } from '../check-package/subpaths.ts';
import { declarationOf, type Names } from './declarations.ts';
import { docsOf, headerOf } from './docstrings.ts';
import { membersOf } from './members.ts';
import type { Entry, Section } from './model.ts';

export function readReference(): Section[] {
  const program = ts.createProgram(
    subpaths.map(({ source }) => path.join(ROOT, source)),
    compilerOptions(),
  );
  const checker = program.getTypeChecker();
  const files = subpaths.map(({ source }) => program.getSourceFile(path.join(ROOT, source))!);
  const exported = files.map((file) => exportsOf(file, checker));
  const names: Names = { checker, exported: new Set(exported.flatMap((symbols) => [...symbols.keys()])) };
  const seen = new Map<ts.Symbol, Entry>();
  return subpaths.map(({ specifier }, index) => {
    const entries: Entry[] = [];
    const alsoExported: Entry[] = [];
    for (const [symbol, isTypeOnly] of exported[index]!) {
      const known = seen.get(symbol);
      const entry = known ?? entryFor(symbol, isTypeOnly, names);
      (known === undefined ? entries : alsoExported).push(entry);
      seen.set(symbol, entry);
    }
    return { specifier, summary: headerOf(files[index]!), entries, alsoExported };
  });
}

/** What a module exports, and whether as a type only: functions, classes, constants, types, by the alphabet. */
function exportsOf(file: ts.SourceFile, checker: ts.TypeChecker): Map<ts.Symbol, boolean> {
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(file)!).map((symbol) => {
    const specifier = symbol.declarations![0]!;
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    const isTypeOnly = ts.isExportSpecifier(specifier) && (specifier.isTypeOnly || specifier.parent.parent.isTypeOnly);
    return [isAlias ? checker.getAliasedSymbol(symbol) : symbol, isTypeOnly] as const;
  });
  exported.sort(([a], [b]) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
  return new Map(exported);
}

function entryFor(symbol: ts.Symbol, isTypeOnly: boolean, names: Names): Entry {
  const node = symbol.declarations![0]!;
  const docs = docsOf(node);
  // A class has a file of its own, whose header then speaks for it.
  if (docs.text === '' && ts.isClassDeclaration(node)) docs.text = headerOf(node.getSourceFile());
  return {
    name: symbol.name,
    declaration: declarationOf(node, isTypeOnly, names),
    members: membersOf(node, isTypeOnly, names.checker),
    ...docs,
  };
}

const ORDER = [
  ts.SyntaxKind.FunctionDeclaration,
  ts.SyntaxKind.ClassDeclaration,
  ts.SyntaxKind.VariableDeclaration,
] as readonly ts.SyntaxKind[];

function order({ declarations }: ts.Symbol): number {
  const index = ORDER.indexOf(declarations![0]!.kind);
  return index === -1 ? ORDER.length : index;
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  return ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT).options;
}

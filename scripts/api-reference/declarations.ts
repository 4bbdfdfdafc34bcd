/** How a public name is declared, as TypeScript without bodies. */
import ts from 'typescript-6';
import { oneLine } from './docstrings.ts';

/** What is needed to tell a public name from one of ours that is not. */
export interface Names {
  checker: ts.TypeChecker;
  exported: ReadonlySet<ts.Symbol>;
}

/** For a type, with the unexported types that it is made of behind it. A class that cannot be made is an interface. */
export function declarationOf(node: ts.Node, isTypeOnly: boolean, names: Names): string {
  if (ts.isFunctionDeclaration(node)) return `function ${node.name!.text}${callText(node, names.checker)}`;
  if (ts.isVariableDeclaration(node)) return `const ${node.name.getText()}: ${typeText(node, names.checker)}`;
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) {
    const bases = basesOf(node, names);
    const kind = ts.isInterfaceDeclaration(node) || isTypeOnly ? 'interface' : 'class';
    return `${kind} ${node.name!.text}${bases.length > 0 ? ` extends ${bases.join(', ')}` : ''}`;
  }
  return [node, ...hiddenParts(node, names, new Set([node]))].map(textOf).join('\n\n');
}

/** Parameters and result as they are written; what is not written is inferred. */
export function callText(node: ts.SignatureDeclaration, checker: ts.TypeChecker): string {
  const parameters = node.parameters.map((parameter) => {
    const isOptional = parameter.initializer !== undefined || parameter.questionToken !== undefined;
    const name = ts.isIdentifier(parameter.name) ? parameter.name.text : 'options';
    const rest = parameter.dotDotDotToken === undefined ? '' : '...';
    return `${rest}${name}${isOptional ? '?' : ''}: ${typeText(parameter, checker)}`;
  });
  const types = node.typeParameters === undefined ? '' : `<${node.typeParameters.map((t) => t.getText()).join(', ')}>`;
  const result = ts.isConstructorDeclaration(node) ? '' : `: ${node.type?.getText() ?? 'void'}`;
  return oneLine(`${types}(${parameters.join(', ')})${result}`);
}

export function typeText(
  node: ts.VariableDeclaration | ts.ParameterDeclaration | ts.PropertyDeclaration | ts.PropertySignature,
  checker: ts.TypeChecker,
): string {
  return oneLine(node.type?.getText() ?? checker.typeToString(checker.getTypeAtLocation(node)));
}

/** What it extends. An unexported base of ours gives its members, and its own bases in its place. */
function basesOf(node: ts.ClassDeclaration | ts.InterfaceDeclaration, names: Names): string[] {
  const bases = (node.heritageClauses ?? []).filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword);
  return bases.flatMap(({ types }) =>
    types.flatMap((base) => {
      const symbol = target(base.expression, names.checker);
      const declared = symbol?.declarations?.[0];
      const isClass =
        declared !== undefined && (ts.isClassDeclaration(declared) || ts.isInterfaceDeclaration(declared));
      return isClass && isHidden(symbol!, names) ? basesOf(declared, names) : [oneLine(base.getText())];
    }),
  );
}

/** Types of ours that the declaration names and no index exports. */
function hiddenParts(node: ts.Node, names: Names, seen: Set<ts.Node>): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (part: ts.Node): void => {
    const symbol = ts.isTypeReferenceNode(part) ? target(part.typeName, names.checker) : undefined;
    const declared = symbol?.declarations?.[0];
    if (symbol !== undefined && declared !== undefined && isHidden(symbol, names) && !seen.has(declared)) {
      seen.add(declared);
      found.push(declared, ...hiddenParts(declared, names, seen));
    }
    part.forEachChild(visit);
  };
  node.forEachChild(visit);
  return found;
}

function isHidden(symbol: ts.Symbol, { exported }: Names): boolean {
  const declared = symbol.declarations![0]!;
  return !exported.has(symbol) && !ts.isTypeParameterDeclaration(declared) && isOurs(declared);
}

export function isOurs(node: ts.Node): boolean {
  return !node.getSourceFile().fileName.includes('/node_modules/');
}

function target(name: ts.Node, checker: ts.TypeChecker): ts.Symbol | undefined {
  const symbol = checker.getSymbolAtLocation(name);
  return symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function textOf(node: ts.Node): string {
  return node.getText().replace(/^export /, '');
}

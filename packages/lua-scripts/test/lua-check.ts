/**
 * A small checker for Lua 5.1: syntax, globals that are not Redis', writes to globals, unused locals.
 *
 * In place of luacheck, which npm does not have; where luacheck is installed, it runs too.
 */
import luaparse from 'luaparse';

/** What Redis gives a script, and what our driver puts before it. */
const GLOBALS = new Set([
  'KEYS',
  'ARGV',
  'INC',
  'redis',
  'string',
  'table',
  'math',
  'unpack',
  'tonumber',
  'ipairs',
  'pairs',
  'pcall',
  'error',
  'type',
]);

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

interface Local {
  readonly name: string;
  isUsed: boolean;
}

/** What is wrong with a script's text, one sentence each. Throws for text that does not parse. */
export function luaProblems(text: string): readonly string[] {
  const problems: string[] = [];
  const chunk = luaparse.parse(text, { luaVersion: '5.1', comments: false }) as unknown as Node;
  const scopes: Map<string, Local>[] = [];

  function declare(node: Node): void {
    scopes.at(-1)?.set(nameOf(node), { name: nameOf(node), isUsed: nameOf(node).startsWith('_') });
  }

  function find(name: string): Local | undefined {
    return scopes.findLast((scope) => scope.has(name))?.get(name);
  }

  function use(node: Node): void {
    const local = find(nameOf(node));
    if (local !== undefined) local.isUsed = true;
    else if (!GLOBALS.has(nameOf(node))) problems.push(`${nameOf(node)} is not declared`);
  }

  function within(work: () => void): void {
    scopes.push(new Map());
    work();
    for (const { name, isUsed } of scopes.pop()?.values() ?? []) {
      if (!isUsed) problems.push(`${name} is not used`);
    }
  }

  function visitAll(value: unknown): void {
    if (Array.isArray(value)) value.forEach(visitAll);
    else if (isNode(value)) visit(value);
  }

  function visitFunction(node: Node): void {
    within(() => {
      for (const parameter of list(node['parameters'])) {
        if (parameter.type === 'Identifier') declare(parameter);
      }
      visitAll(node['body']);
    });
  }

  function visit(node: Node): void {
    switch (node.type) {
      case 'Identifier':
        use(node);
        return;
      case 'LocalStatement':
        visitAll(node['init']);
        list(node['variables']).forEach(declare);
        return;
      case 'AssignmentStatement':
        visitAll(node['init']);
        for (const target of list(node['variables'])) {
          if (target.type !== 'Identifier') visit(target);
          else if (find(nameOf(target)) === undefined) {
            problems.push(`${nameOf(target)} is a global that is written`);
          }
        }
        return;
      case 'FunctionDeclaration': {
        const identifier = node['identifier'];
        if (isNode(identifier)) {
          if (node['isLocal'] === true) declare(identifier);
          else problems.push(`${nameOf(identifier)} is a global function`);
        }
        visitFunction(node);
        return;
      }
      case 'ForNumericStatement':
        visitAll([node['start'], node['end'], node['step']]);
        within(() => {
          visitAll([]);
          declare(node['variable'] as Node);
          visitAll(node['body']);
        });
        return;
      case 'ForGenericStatement':
        visitAll(node['iterators']);
        within(() => {
          list(node['variables']).forEach(declare);
          visitAll(node['body']);
        });
        return;
      case 'RepeatStatement':
        within(() => visitAll([node['body'], node['condition']]));
        return;
      case 'IfClause':
      case 'ElseifClause':
      case 'WhileStatement':
        visitAll(node['condition']);
        within(() => visitAll(node['body']));
        return;
      case 'ElseClause':
      case 'DoStatement':
        within(() => visitAll(node['body']));
        return;
      case 'MemberExpression':
        visitAll(node['base']);
        return;
      case 'TableKeyString':
        visitAll(node['value']);
        return;
      default:
        for (const [key, value] of Object.entries(node)) if (key !== 'type') visitAll(value);
    }
  }

  within(() => visitAll(chunk['body']));
  return problems;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function list(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function nameOf(node: Node): string {
  return String(node['name']);
}

/** Completion for fish. */

import type { CompletedArgument, CompletedCommand, CompletedFlag } from './completed-command.ts';

export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const first = commands.map(({ name, summary }) => {
    return `complete -c pantala -n 'test (count (commandline -opc)) -eq 1' -f -a ${name} -d ${quoted(summary)}`;
  });
  return [
    '# Made by: pantala completion fish',
    '',
    '# Whether the command is $argv[1].',
    'function __pantala_command',
    '  set -l words (commandline -opc)',
    '  test "$words[2]" = $argv[1]',
    'end',
    '',
    '# The same, and something follows it.',
    'function __pantala_object',
    '  __pantala_command $argv[1]; and test (count (commandline -opc)) -gt 2',
    'end',
    '',
    '# The same, and nothing follows it yet.',
    'function __pantala_action',
    '  __pantala_command $argv[1]; and test (count (commandline -opc)) -eq 2',
    'end',
    '',
    ...first,
    ...commands.flatMap(commandLines),
    '',
  ].join('\n');
}

function commandLines(command: CompletedCommand): string[] {
  const { name, programs, flags, actions, operand } = command;
  const here = `complete -c pantala -n '__pantala_command ${name}'`;
  const words = actions.map(({ word, help }) => {
    return `complete -c pantala -n '__pantala_action ${name}' -f -a ${word} -d ${quoted(help)}`;
  });
  return [
    ...[here, ...programs.map((program) => `complete -c ${program}`)].flatMap((start) => [
      `${start} ${actions.length > 0 ? '-f' : operandOptions(operand)}`,
      ...flags.map((flag) => `${start} ${flagOptions(flag)}`),
    ]),
    ...words,
    ...(actions.length > 0
      ? [`complete -c pantala -n '__pantala_object ${name}' ${operandOptions(operand)}`]
      : []),
  ];
}

function operandOptions(type: CompletedArgument['type']): string {
  if (type === 'file') return '-F';
  return type === 'folder' ? "-f -a '(__fish_complete_directories)'" : '-f';
}

function flagOptions({ names, help, arguments: [first] }: CompletedFlag): string {
  const forms = names.map((name) => {
    return name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`;
  });
  const value = first === undefined ? [] : [valueOptions(first)];
  return [...forms, ...value, `-d ${quoted(help)}`].join(' ');
}

function valueOptions({ type, words }: CompletedArgument): string {
  switch (type) {
    case 'file':
      return '-r -F';
    case 'folder':
      return "-x -a '(__fish_complete_directories)'";
    case 'host':
      return "-x -a '(__fish_print_hostnames)'";
    case 'words':
      return `-x -a ${quoted(words.join(' '))}`;
    case 'other':
      return '-x';
    default:
      return type satisfies never;
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
